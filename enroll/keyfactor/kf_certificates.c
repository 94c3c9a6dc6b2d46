/* KeyfactorAPI: certificates looked for, read, downloaded. See kf_api.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "catalog/catalog.h"
#include "encoding.h"
#include "inventory/query_parse.h"
#include "rest/rest_certificate.h"
#include "timestamp.h"

#include "kf_api.h"
#include "kf_certificate.h"

#define PAGES_MAX 100   /* that are walked over to get to one */
#define ROWS_MAX 200    /* of a page: each is read whole */
#define ROWS_DEFAULT 50 /* as there */
#define WALK_US 5000000 /* of one call: a search may answer with a short page */
#define QUERY_SIZE (3 * (QUERY_MAX_BYTES + 200))

/* ---- list ---- */

struct wish {
	bool with_metadata, descends;
	const char *sort; /* a word of order_by */
	int64_t page, rows;
	struct gh_buf query; /* "query=...": without "page" */
};

/* Everything but letters and digits percent-encoded. */
static void
put_escaped(struct gh_buf *b, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= 'a' && *p <= 'z'))
			gh_buf_putc(b, (char)*p);
		else
			gh_buf_putf(b, "%%%02X", *p);
	}
}

/* What is left out there: revoked and expired ones, unless they are asked for. */
static void
put_query(struct gh_buf *b, const char *query, bool revoked, bool expired)
{
	static const char *const states[2][2] =
	    {{"State -eq \"active\"", "(State -eq \"active\" OR State -eq \"expired\")"},
		{"State -ne \"expired\"", NULL}};
	const char *state = states[revoked][expired];
	bool has_query = query != NULL && query[strspn(query, " \t")] != '\0';

	if (!has_query && state == NULL)
		return;
	gh_buf_puts(b, "&query=");
	if (has_query) {
		put_escaped(b, "(");
		put_escaped(b, query);
		put_escaped(b, ")");
	}
	if (has_query && state != NULL)
		put_escaped(b, " AND ");
	if (state != NULL)
		put_escaped(b, state);
}

static int
check_sort(const struct call *call, struct wish *w, struct gh_error *err)
{
	static const char *const sorts[][2] = {{"CertId", "id"}, {"IssuedDate", "id"},
	    {"ImportDate", "id"}, {"ExpirationDate", "not_after"}, {"NotAfter", "not_after"},
	    {"IssuedDN", "subject"}, {"RequesterName", "requester"}, {"SerialNumber", "serial"}};
	int64_t down;
	char *field;
	int rc = kf_param(call, "SortField", &field, err);

	if (rc != 0)
		return rc;
	w->sort = field == NULL || *field == '\0' ? "id" : NULL;
	for (size_t i = 0; w->sort == NULL && i < sizeof(sorts) / sizeof(sorts[0]); i++)
		if (strcasecmp(field, sorts[i][0]) == 0)
			w->sort = sorts[i][1];
	if (w->sort == NULL)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "Invalid sort field: %.60s.", field);
	free(field);
	if (rc == 0)
		rc = kf_param_number(call, "SortAscending", 0, 1, 0, &down, err);
	if (rc == 0)
		w->descends = down == 1; /* 0 ascends there */
	return rc;
}

/* As it is written, before it becomes a part of another. */
static int
check_query(const struct worker_env *env, const char *query, struct gh_error *err)
{
	const struct query_env q = {.field = env->catalog->field,
	    .fields = env->catalog->fields,
	    .me = "",
	    .is_keyfactor = true};
	struct cert_node *node = NULL;
	int rc = 0;

	if (query != NULL && query[strspn(query, " \t")] != '\0')
		rc = query_parse(query, &q, &node, err);
	cert_node_free(node);
	return rc;
}

static int
read_wish(const struct worker_env *env, const struct call *call, struct wish *w,
    struct gh_error *err)
{
	bool revoked = false, expired = false;
	char *query = NULL;
	int rc;

	gh_buf_init(&w->query, QUERY_SIZE);
	if ((rc = kf_param_bool(call, "includeMetadata", &w->with_metadata, err)) == 0 &&
	    (rc = kf_param_bool(call, "IncludeRevoked", &revoked, err)) == 0 &&
	    (rc = kf_param_bool(call, "IncludeExpired", &expired, err)) == 0 &&
	    (rc = kf_param_number(call, "PageReturned", 1, PAGES_MAX, 1, &w->page, err)) == 0 &&
	    (rc = kf_param_number(call, "ReturnLimit", 1, ROWS_MAX, ROWS_DEFAULT, &w->rows, err)) ==
		0 &&
	    (rc = check_sort(call, w, err)) == 0)
		rc = kf_param(call, "QueryString", &query, err);
	if (rc == 0 && (rc = check_query(env, query, err)) == 0) {
		gh_buf_putf(&w->query, "limit=%" PRId64 "&order_by=%s&order=%s", w->rows, w->sort,
		    w->descends ? "desc" : "asc");
		put_query(&w->query, query, revoked, expired);
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

/* Rows behind the skipped ones go to list, until it is full. false: rep tells why not. */
static bool
take_rows(struct worker_env *env, const struct call *call, const struct wish *w,
    const gh_json *entries, int64_t *skip, gh_json *list, struct gh_http_reply *rep)
{
	for (size_t i = 0; i < gh_json_size(entries); i++) {
		int64_t id = 0;
		gh_json *o;

		if ((*skip)-- > 0 || gh_json_size(list) >= (size_t)w->rows)
			continue;
		(void)gh_json_int(gh_json_get(gh_json_at(entries, i), "id"), &id);
		if ((o = whole(env, call, id, w->with_metadata, rep)) == NULL)
			return false;
		if (gh_json_append(list, o) != 0) {
			kf_json(rep, NULL);
			return false;
		}
	}
	return true;
}

/* The question for the page behind the one with this token; malloc'd. */
static char *
page_query(const struct wish *w, const char *token)
{
	struct gh_buf b;

	gh_buf_init(&b, QUERY_SIZE);
	gh_buf_put(&b, w->query.data, w->query.len);
	if (token != NULL) {
		gh_buf_puts(&b, "&page=");
		put_escaped(&b, token);
	}
	gh_buf_putc(&b, '\0');
	if (gh_buf_check(&b, NULL) == 0)
		return (char *)b.data;
	gh_buf_free(&b);
	return NULL;
}

/* One page of ours. *page: replaced by it. */
static bool
ask_page(struct worker_env *env, const struct call *call, const struct wish *w, gh_json **page,
    struct gh_http_reply *rep)
{
	char *query = page_query(w, gh_json_string(gh_json_get(*page, "next")));
	const struct kf_question q = {.handler = rest_certificate_list,
	    .method = GH_HTTP_GET,
	    .query = query};
	bool ok = query != NULL;

	gh_json_free(*page);
	*page = NULL;
	if (ok)
		ok = kf_ask(env, call, &q, page, rep);
	else
		kf_json(rep, NULL);
	free(query);
	return ok;
}

/* May there be one more search? false: rep tells why not. */
static bool
has_time(const struct call *call, int64_t until, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	int rc = gh_now_us() < until
	    ? gh_http_check_deadline(call->http, &err)
	    : gh_refuse(&err, GH_E_BAD_REQUEST,
		  "The search takes too long: narrow the query, or ask for an earlier page.");

	if (rc != 0)
		kf_error(&err, rep);
	return rc == 0;
}

/* Their pages have numbers, ours go on where the one before ended. */
static bool
walk(struct worker_env *env, const struct call *call, const struct wish *w, gh_json *list,
    struct gh_http_reply *rep)
{
	int64_t skip = (w->page - 1) * w->rows, until = gh_now_us() + WALK_US;
	gh_json *page = NULL;
	bool ok = true, more = true;

	while (ok && more) {
		ok = has_time(call, until, rep) && ask_page(env, call, w, &page, rep) &&
		    take_rows(env, call, w, gh_json_get(page, "entries"), &skip, list, rep);
		more = gh_json_type(gh_json_get(page, "next")) != GH_JSON_NULL &&
		    gh_json_size(list) < (size_t)w->rows;
	}
	gh_json_free(page);
	return ok;
}

void
kf_certificate_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *list = gh_json_new_array();
	struct gh_error err = {0};
	struct wish w = {0};

	if (read_wish(env, call, &w, &err) != 0) {
		kf_error(&err, rep);
	} else if (walk(env, call, &w, list, rep)) {
		kf_json(rep, list);
		list = NULL;
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

/* "format=pkcs7&serial=...&issuer=..." of the body; id: of a body that has one. */
static int
read_lookup(const gh_json *body, const char *format, int64_t *id, struct gh_buf *b,
    struct gh_error *err)
{
	const char *thumbprint = NULL, *serial = NULL, *issuer = NULL;
	int rc;

	if ((rc = kf_number(body, "CertID", id, err)) != 0 ||
	    (rc = kf_text(body, "Thumbprint", &thumbprint, err)) != 0 ||
	    (rc = kf_text(body, "SerialNumber", &serial, err)) != 0 ||
	    (rc = kf_text(body, "IssuerDN", &issuer, err)) != 0)
		return rc;
	gh_buf_putf(b, "format=%s", format);
	if (*id > 0)
		return gh_buf_check(b, err);
	*id = 0;
	if ((thumbprint == NULL || *thumbprint == '\0') && (serial == NULL || *serial == '\0'))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "Give CertID, Thumbprint, or SerialNumber and IssuerDN.");
	if (thumbprint != NULL && *thumbprint != '\0') {
		gh_buf_puts(b, "&thumbprint=");
		put_escaped(b, thumbprint);
	} else {
		gh_buf_puts(b, "&serial=");
		put_escaped(b, serial);
	}
	if ((thumbprint == NULL || *thumbprint == '\0') && issuer != NULL && *issuer != '\0') {
		gh_buf_puts(b, "&issuer=");
		put_escaped(b, issuer);
	}
	return gh_buf_check(b, err);
}

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
	const char *format = format_of(call);
	struct gh_http_reply inner = {0};
	struct gh_error err = {0};
	gh_json *body = NULL;
	struct gh_buf b;
	char *message;
	int rc = format != NULL
	    ? kf_body(call, &body, &err)
	    : gh_refuse(&err, GH_E_BAD_REQUEST, "x-certificateformat is P7B, PEM or DER here.");

	gh_buf_init(&b, QUERY_SIZE);
	if (rc == 0 && (rc = check_order(body, &err)) == 0 &&
	    (rc = read_lookup(body, format, &q.id, &b, &err)) == 0) {
		gh_buf_putc(&b, '\0');
		q.query = (const char *)b.data;
		rc = gh_buf_check(&b, &err);
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
	gh_buf_free(&b);
	gh_json_free(body);
}
