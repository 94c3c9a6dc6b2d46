/* KeyfactorAPI: certificates looked for, read, downloaded. See kf_api.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/catalog.h"
#include "catalog/metadata.h"
#include "encoding.h"
#include "rest/rest_certificate.h"

#include "kf_api.h"
#include "kf_certificate.h"
#include "kf_lookup.h"
#include "kf_page.h"
#include "kf_query.h"

#define ROWS_MAX 200 /* of a page: each is read whole */

/* ---- list ---- */

struct wish {
	bool with_metadata, descends;
	const char *sort; /* a word of order_by */
	struct kf_paging paging;
	struct gh_buf query; /* "query=...": without "page", a string */
};

/* A word of order_by for one of theirs; fields of metadata have their own names there, and those
 * without an index are refused by the search. NULL: there is none. */
static const char *
sort_of(const struct worker_env *env, const char *field)
{
	static const char *const sorts[][2] = {{"CertId", "id"}, {"IssuedDate", "id"},
	    {"ImportDate", "id"}, {"ExpirationDate", "not_after"}, {"NotAfter", "not_after"},
	    {"IssuedDN", "subject"}, {"RequesterName", "requester"}, {"SerialNumber", "serial"},
	    {"TemplateName", "template"}, {"TemplateShortName", "template"}};
	const struct metadata_field *f;

	for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++)
		if (strcasecmp(field, sorts[i][0]) == 0)
			return sorts[i][1];
	f = metadata_field_find(env->catalog->field, env->catalog->fields, field);
	return f != NULL && f->allow_api ? f->name : NULL;
}

static int
check_sort(const struct worker_env *env, const struct call *call, struct wish *w,
    struct gh_error *err)
{
	char *field;
	int rc = kf_param(call, "SortField", &field, err);

	if (rc != 0)
		return rc;
	w->sort = field == NULL || *field == '\0' ? "id" : sort_of(env, field);
	if (w->sort == NULL)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "Invalid sort field: %.60s.", field);
	free(field);
	return rc == 0 ? kf_descends(call, &w->descends, err) : rc;
}

static int
read_wish(const struct worker_env *env, const struct call *call, struct wish *w,
    struct gh_error *err)
{
	bool revoked = false, expired = false;
	char *query = NULL;
	int rc;

	gh_buf_init(&w->query, KF_QUERY_SIZE);
	if ((rc = kf_param_bool(call, "includeMetadata", &w->with_metadata, err)) == 0 &&
	    (rc = kf_param_bool(call, "IncludeRevoked", &revoked, err)) == 0 &&
	    (rc = kf_param_bool(call, "IncludeExpired", &expired, err)) == 0 &&
	    (rc = kf_paging_read(call, ROWS_MAX, &w->paging, err)) == 0 &&
	    (rc = check_sort(env, call, w, err)) == 0)
		rc = kf_param(call, "QueryString", &query, err);
	if (rc == 0 && (rc = kf_query_check(env, query, err)) == 0) {
		gh_buf_putf(&w->query, "limit=%" PRId64 "&order_by=%s&order=%s", w->paging.rows,
		    w->sort, w->descends ? "desc" : "asc");
		kf_query_put(&w->query, query, revoked, expired);
		gh_buf_putc(&w->query, '\0');
		rc = gh_buf_check(&w->query, err);
	}
	free(query);
	return rc;
}

/* One certificate whole, as clients read it. NULL: rep tells why. */
static gh_json *
whole(struct worker_env *env, const struct call *call, int64_t id, bool with_metadata,
    struct gh_http_reply *rep)
{
	const struct kf_question q = {.handler = rest_certificate, .method = GH_HTTP_GET, .id = id};
	gh_json *row, *o;

	if (!kf_ask(env, call, &q, &row, rep))
		return NULL;
	o = kf_certificate(env, row, with_metadata);
	gh_json_free(row);
	if (o == NULL)
		kf_json(rep, NULL);
	return o;
}

/* A row of the search, whole. */
static gh_json *
tell_row(struct worker_env *env, const struct call *call, const gh_json *row, const void *arg,
    struct gh_http_reply *rep)
{
	const bool *with_metadata = arg;
	int64_t id = 0;

	(void)gh_json_int(gh_json_get(row, "id"), &id);
	return whole(env, call, id, *with_metadata, rep);
}

void
kf_certificate_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *list = gh_json_new_array();
	struct gh_error err = {0};
	struct wish w = {0};

	if (read_wish(env, call, &w, &err) != 0) {
		kf_error(&err, rep);
	} else {
		const struct kf_search search = {.handler = rest_certificate_list,
		    .query = (const char *)w.query.data,
		    .next = "page",
		    .paging = w.paging,
		    .tell = tell_row,
		    .arg = &w.with_metadata};

		if (kf_search(env, call, &search, list, rep)) {
			kf_json(rep, list);
			list = NULL;
		}
	}
	gh_buf_free(&w.query);
	gh_json_free(list);
}

void
kf_certificate_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	bool with_metadata;
	gh_json *o;

	if (kf_param_bool(call, "includeMetadata", &with_metadata, &err) != 0) {
		kf_error(&err, rep);
		return;
	}
	o = whole(env, call, call_number(call->parts, "id"), with_metadata, rep);
	if (o != NULL)
		kf_json(rep, o);
}

/* ---- download ---- */

/* NULL: there is no such one. */
static const char *
format_of(const struct call *call)
{
	const char *sent = gh_http_header(call->http, "x-certificateformat");

	if (sent == NULL || strcasecmp(sent, "P7B") == 0)
		return "pkcs7";
	return strcasecmp(sent, "PEM") == 0 ? "pem" : strcasecmp(sent, "DER") == 0 ? "der" : NULL;
}

static int
check_order(const gh_json *body, struct gh_error *err)
{
	const char *order;
	int rc = kf_text(body, "ChainOrder", &order, err);

	if (rc == 0 && order != NULL && *order != '\0' && strcasecmp(order, "EndEntityFirst") != 0)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "ChainOrder is EndEntityFirst here.");
	return rc;
}

static void
reply_content(const struct gh_http_reply *inner, struct gh_http_reply *rep)
{
	char *text = gh_base64_encode(inner->body, inner->body_len, GH_BASE64_ONE_LINE);
	gh_json *o = gh_json_new_object();

	if (text == NULL || gh_json_set_string(o, "Content", text) != 0) {
		gh_json_free(o);
		o = NULL;
	}
	free(text);
	kf_json(rep, o);
}

void
kf_download(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kf_question q = {.handler = rest_certificate, .method = GH_HTTP_GET};
	struct kf_lookup l = {0};
	const char *format = format_of(call);
	struct gh_http_reply inner = {0};
	struct gh_error err = {0};
	gh_json *body = NULL;
	char *message;
	int rc = format != NULL
	    ? kf_body(call, &body, &err)
	    : gh_refuse(&err, GH_E_BAD_REQUEST, "x-certificateformat is P7B, PEM or DER here.");

	if (rc == 0 && (rc = check_order(body, &err)) == 0 &&
	    (rc = kf_lookup_read(body, "CertID", format, &l, &err)) == 0) {
		q.id = l.id;
		q.query = l.query;
	}
	if (rc == 0)
		rc = kf_ask_reply(env, call, &q, &inner, &err);
	if (rc != 0) {
		kf_error(&err, rep);
	} else if (inner.status == 200) {
		reply_content(&inner, rep);
	} else {
		message = kf_refusal(&inner);
		kf_fail(rep, inner.status == 422 ? 400 : inner.status, inner.code, message);
		free(message);
	}
	gh_http_reply_clear(&inner);
	kf_lookup_clear(&l);
	gh_json_free(body);
}
