/* KeyfactorAPI: metadata of several certificates in one call. See kf_api.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/catalog.h"
#include "catalog/metadata.h"
#include "rest/rest_cert_metadata.h"
#include "rest/rest_certificate.h"

#include "kf_api.h"
#include "kf_many.h"
#include "kf_page.h"
#include "kf_query.h"

#define FIELDS_MAX 256 /* of one call */

/* What is to be set. */
struct change {
	const struct metadata_field *field;
	gh_json *value;
	bool overwrites; /* a value that is there */
};

struct order {
	struct change change[FIELDS_MAX];
	size_t n;
};

/* ---- the body ---- */

/* {"MetadataName","Value","OverwriteExisting"} */
static int
read_change(const struct worker_env *env, const gh_json *o, struct change *c, struct gh_error *err)
{
	const char *name;
	int rc;

	if (gh_json_type(o) != GH_JSON_OBJECT)
		return gh_refuse(err, GH_E_BAD_REQUEST, "An element of Metadata is no object.");
	if ((rc = kf_text(o, "MetadataName", &name, err)) != 0 ||
	    (rc = gh_json_find(o, "Value", &c->value, err)) != 0 ||
	    (rc = kf_flag(o, "OverwriteExisting", false, &c->overwrites, err)) != 0)
		return rc;
	c->field = metadata_field_find(env->catalog->field, env->catalog->fields,
	    name != NULL ? name : "");
	if (c->field == NULL || !c->field->allow_api)
		return gh_refuse(err, GH_E_METADATA, "metadata field \"%.64s\" is not defined",
		    name != NULL ? name : "");
	return 0;
}

static int
read_changes(const struct worker_env *env, const gh_json *body, struct order *out,
    struct gh_error *err)
{
	gh_json *list;
	int rc = gh_json_find(body, "Metadata", &list, err);

	if (rc == 0 &&
	    (gh_json_type(list) != GH_JSON_ARRAY || gh_json_size(list) == 0 ||
		gh_json_size(list) > FIELDS_MAX))
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "Metadata is an array of 1 to %d of {\"MetadataName\",\"Value\","
		    "\"OverwriteExisting\"}.",
		    FIELDS_MAX);
	for (size_t i = 0; rc == 0 && i < gh_json_size(list); i++) {
		rc = read_change(env, gh_json_at(list, i), &out->change[i], err);
		for (size_t k = 0; rc == 0 && k < i; k++)
			if (out->change[k].field == out->change[i].field)
				rc = gh_refuse(err, GH_E_BAD_REQUEST, "%s is there twice.",
				    out->change[i].field->name);
		out->n = i + 1;
	}
	return rc;
}

/* ---- one certificate ---- */

static bool
is_set(const gh_json *value)
{
	const char *text = gh_json_string(value);

	return gh_json_type(value) != GH_JSON_NULL && (text == NULL || *text != '\0');
}

/* What of the order holds of a certificate with these values. */
static gh_json *
values_for(const struct order *o, const gh_json *now, bool *overwrites)
{
	gh_json *values = gh_json_new_object();
	int bad = values == NULL;

	*overwrites = false;
	for (size_t i = 0; i < o->n; i++) {
		const struct change *c = &o->change[i];

		if (is_set(gh_json_get(now, c->field->name)) && !c->overwrites)
			continue;
		*overwrites |= c->overwrites;
		bad |= gh_json_set(values, c->field->name,
		    c->value != NULL ? gh_json_ref(c->value) : gh_json_new_string(NULL));
	}
	if (bad == 0)
		return values;
	gh_json_free(values);
	return NULL;
}

static const char *
etag_of(const struct gh_http_reply *rep)
{
	for (size_t i = 0; i < rep->headers; i++)
		if (strcasecmp(rep->header[i].name, "ETag") == 0)
			return rep->header[i].value;
	return NULL;
}

/* seen: the values that the order is held against; nobody has changed them when it is done. */
static int
change_seen(struct worker_env *env, const struct call *call, const struct order *o, int64_t id,
    struct gh_http_reply *seen, struct gh_http_reply *inner, struct gh_error *err)
{
	bool overwrites;
	gh_json *now = kf_reply_json(seen), *values = values_for(o, now, &overwrites);
	struct kf_question q = {.handler = rest_cert_metadata_change,
	    .method = GH_HTTP_PUT,
	    .id = id,
	    .query = overwrites ? "merge=yes&overwrite=yes" : "merge=yes",
	    .body = values,
	    .if_match = etag_of(seen)};
	int rc = values == NULL ? gh_fail(err, GH_E_NOMEM, "metadata")
				: kf_ask_reply(env, call, &q, inner, err);

	gh_json_free(values);
	gh_json_free(now);
	return rc;
}

static int
change_one(struct worker_env *env, const struct call *call, const void *arg, int64_t id,
    struct gh_http_reply *inner, struct gh_error *err)
{
	const struct kf_question q = {.handler = rest_cert_metadata,
	    .method = GH_HTTP_GET,
	    .id = id};
	struct gh_http_reply seen;
	int rc = kf_ask_reply(env, call, &q, &seen, err);

	if (rc == 0 && seen.status == 200) {
		rc = change_seen(env, call, arg, id, &seen, inner, err);
		gh_http_reply_clear(&seen);
	} else if (rc == 0) {
		*inner = seen;
	}
	return rc;
}

/* ---- which certificates ---- */

static gh_json *
tell_id(struct worker_env *env, const struct call *call, const gh_json *row, const void *arg,
    struct gh_http_reply *rep)
{
	gh_json *id = gh_json_ref(gh_json_get(row, "id"));

	(void)env;
	(void)call;
	(void)arg;
	if (id == NULL)
		kf_json(rep, NULL);
	return id;
}

/* Those that the caller finds, of any state. NULL: rep tells why not. */
static gh_json *
ids_of_query(struct worker_env *env, const struct call *call, const char *query,
    struct gh_http_reply *rep)
{
	struct kf_search search = {.handler = rest_certificate_list,
	    .next = "page",
	    .paging = {.page = 1, .rows = KF_IDS_MAX + 1},
	    .tell = tell_id};
	gh_json *list = gh_json_new_array();
	struct gh_error err = {0};
	struct gh_buf b;
	bool ok = false;

	gh_buf_init(&b, KF_QUERY_SIZE);
	gh_buf_putf(&b, "limit=%d&order_by=id&order=asc", KF_IDS_MAX + 1);
	kf_query_put(&b, query, true, true);
	gh_buf_putc(&b, '\0');
	search.query = (const char *)b.data;
	if (kf_query_check(env, query, &err) != 0 || gh_buf_check(&b, &err) != 0)
		kf_error(&err, rep);
	else
		ok = kf_search(env, call, &search, list, rep);
	if (ok && gh_json_size(list) > KF_IDS_MAX) {
		kf_fail(rep, 400, "bad_request",
		    "The query has more than 100 certificates: narrow it, or start a run of metadata "
		    "(docs/metadata.md).");
		ok = false;
	}
	gh_buf_free(&b);
	if (ok)
		return list;
	gh_json_free(list);
	return NULL;
}

/* Clients that ask by Query send null or an empty list. What is no list must not turn a call about
 * some certificates into one about all that the Query finds. */
static bool
is_none(const gh_json *list)
{
	return gh_json_type(list) == GH_JSON_NULL ||
	    (gh_json_type(list) == GH_JSON_ARRAY && gh_json_size(list) == 0);
}

/* By CertificateIds or Query. *ids: the caller's. false: rep tells why not. */
static bool
read_ids(struct worker_env *env, const struct call *call, const gh_json *body, gh_json **ids,
    struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	const char *query;
	gh_json *list;
	int rc;

	*ids = NULL;
	if ((rc = kf_text(body, "Query", &query, &err)) == 0 &&
	    (rc = gh_json_find(body, "CertificateIds", &list, &err)) == 0) {
		if (query != NULL && query[strspn(query, " \t")] == '\0')
			query = NULL;
		if ((query != NULL) != is_none(list))
			rc = gh_refuse(&err, GH_E_BAD_REQUEST,
			    "Give either CertificateIds or Query, and not an empty one.");
		else if (query == NULL)
			rc = kf_ids_check(list, "CertificateIds", &err);
	}
	if (rc != 0)
		kf_error(&err, rep);
	else
		*ids = query != NULL ? ids_of_query(env, call, query, rep) : gh_json_ref(list);
	return *ids != NULL;
}

void
kf_metadata_all(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct order o = {.n = 0};
	const struct kf_many m = {.ask = change_one,
	    .arg = &o,
	    .message = "Not all certificates were changed"};
	struct gh_error err = {0};
	gh_json *body, *ids = NULL;
	int rc = kf_body(call, &body, &err);

	if (rc == 0)
		rc = read_changes(env, body, &o, &err);
	if (rc != 0)
		kf_error(&err, rep);
	else if (read_ids(env, call, body, &ids, rep))
		kf_many(env, call, ids, &m, rep);
	gh_json_free(ids);
	gh_json_free(body);
}
