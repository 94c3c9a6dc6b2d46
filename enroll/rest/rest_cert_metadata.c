/* Metadata of a certificate over REST. See rest_cert_metadata.h. */
#include "catalog/catalog.h"
#include "catalog/metadata.h"
#include "inventory/cert_metadata.h"

#include "rest_cert_metadata.h"
#include "rest_list.h"

static void
fail(const struct call *call, const struct gh_error *err, struct rest_fields *f,
    struct gh_http_reply *rep)
{
	rest_error(err, call->http->request_id, rest_fields_take(f), rep);
	rest_fields_clear(f);
}

static struct cert_metadata_env
env_of(const struct worker_env *env)
{
	return (struct cert_metadata_env){.store = env->store, .catalog = env->catalog};
}

/* Takes the values. */
static void
reply(struct cert_metadata *m, struct gh_http_reply *rep)
{
	char etag[CERT_METADATA_ETAG_SIZE];

	gh_http_reply_header(rep, "ETag", cert_metadata_etag(m, etag));
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, 200, m->values);
	m->values = NULL;
}

void
rest_cert_metadata(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct cert_metadata_env e = env_of(env);
	struct rest_fields none = {0};
	struct gh_error err = {0};
	struct cert_metadata m;

	if (cert_metadata_read(&e, call->requester, call->entry, call_number(call->parts, "id"), &m,
		&err) == 0)
		reply(&m, rep);
	else
		fail(call, &err, &none, rep);
	cert_metadata_clear(&m);
}

/* ---- change ---- */

static int
read_params(const struct call *call, struct cert_metadata_order *o, struct rest_fields *f,
    struct gh_error *err)
{
	static const char *const yes_no[] = {"yes", "no", NULL};
	struct rest_param p[] = {{"merge", NULL}, {"overwrite", NULL}};
	const char *merge, *overwrite;
	int rc = rest_params_read(call, p, 2, f, err);

	if (rc == 0) {
		merge = rest_param_word(f, &p[0], yes_no);
		overwrite = rest_param_word(f, &p[1], yes_no);
		o->replaces = merge == NULL || *merge == 'n';
		o->overwrites = overwrite != NULL && *overwrite == 'y';
		rc = rest_fields_check(f, err);
	}
	rest_params_clear(p, 2);
	return rc;
}

static int
read_order(const struct call *call, struct cert_metadata_order *o, gh_json **body,
    struct rest_fields *f, struct gh_error *err)
{
	int rc = read_params(call, o, f, err);

	*body = NULL;
	if (rc != 0 || (rc = rest_body(call, body, err)) != 0)
		return rc;
	o->id = call_number(call->parts, "id");
	o->values = *body;
	o->if_match = gh_http_header(call->http, "if-match");
	o->request_id = call->http->request_id;
	if (o->replaces && o->if_match == NULL)
		return gh_refuse(err, GH_E_UNCONDITIONAL,
		    "What replaces all metadata needs the header If-Match, with the ETag of those that "
		    "you read. Or send ?merge=yes.");
	return 0;
}

void
rest_cert_metadata_change(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	const struct cert_metadata_env e = env_of(env);
	struct cert_metadata_order o = {0};
	struct cert_metadata m = {0};
	struct rest_fields f = {0};
	struct gh_error err = {0};
	const struct metadata_field *about;
	gh_json *body = NULL;
	int rc = read_order(call, &o, &body, &f, &err);

	if (rc == 0)
		rc = cert_metadata_change(&e, call->requester, &o, &m, &err);
	if (rc == 0) {
		reply(&m, rep);
	} else {
		about = metadata_blamed(env->catalog->field, env->catalog->fields, &err);
		if (about != NULL)
			rest_field_refused(&f, about->name, &err);
		fail(call, &err, &f, rep);
	}
	cert_metadata_clear(&m);
	gh_json_free(body);
}

/* ---- history ---- */

static void
read_filter(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	struct store_metadata_history *h = filter;
	struct rest_paging paging = rest_param_paging(f, p);

	h->after_id = paging.after_id;
	h->limit = paging.limit;
	h->newest_first = paging.newest_first;
}

static int
read_page(struct worker_env *env, const struct call *call, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	const struct store_metadata_history *h = filter;
	const struct cert_metadata_env e = env_of(env);
	int rc = cert_metadata_may_read(&e, call->requester, call->entry, h->certificate_id, err);

	return rc == 0 ? store_cert_metadata_history(env->store, h, entries, next, err) : rc;
}

void
rest_cert_metadata_history(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	static const char *const names[] = {REST_PAGE_PARAMS, NULL};
	static const struct rest_list list = {names, read_filter, read_page};
	struct store_metadata_history h = {.certificate_id = call_number(call->parts, "id")};

	rest_list_reply(&list, env, call, &h, rep);
}
