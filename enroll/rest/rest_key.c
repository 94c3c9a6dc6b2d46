/* Keys of the KRA over REST. */
#include "kra/key_archive.h"
#include "kra/key_view.h"

#include "rest_key.h"
#include "rest_kra.h"

enum { AFTER, LIMIT, OWNER, CLIENT_ID, STATE, CERTIFICATE, FROM, TO, PARAMS };

static void
read_filter(const struct rest_param *p, struct rest_fields *f, struct store_key_filter *out)
{
	static const char *const states[] = {"active", "inactive", "pending", NULL};

	out->after_id = rest_param_number(f, &p[AFTER], 0, INT64_MAX, 0);
	out->limit = (int)rest_param_number(f, &p[LIMIT], 1, REST_LIMIT_MAX, REST_LIMIT_DEFAULT);
	out->owner = rest_param_text(f, &p[OWNER]);
	out->client_id = rest_param_text(f, &p[CLIENT_ID]);
	out->state = rest_param_word(f, &p[STATE], states);
	out->certificate_id = rest_param_number(f, &p[CERTIFICATE], 1, INT64_MAX, 0);
	out->created_from = rest_param_time(f, &p[FROM]);
	out->created_to = rest_param_time(f, &p[TO]);
}

void
rest_keys(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[PARAMS] = {{"after", NULL}, {"limit", NULL}, {"owner", NULL},
	    {"client_id", NULL}, {"state", NULL}, {"certificate_id", NULL}, {"created_from", NULL},
	    {"created_to", NULL}};
	struct kra_means means = kra_rest_means(env);
	struct store_key_filter filter = {0};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *entries;
	int64_t next;
	int rc = kra_rest_check(env, &err);

	if (rc == 0)
		rc = rest_params_read(call, p, PARAMS, &fields, &err);
	if (rc == 0) {
		read_filter(p, &fields, &filter);
		rc = rest_fields_check(&fields, &err);
	}
	if (rc == 0)
		rc = key_view_keys(&means, call->requester, &filter, &entries, &next, &err);
	if (rc == 0)
		rest_page(rep, entries, next);
	else
		kra_rest_fail(call, &err, &fields, rep);
	rest_params_clear(p, PARAMS);
}

void
rest_key(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kra_means means = kra_rest_means(env);
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *key;

	if (kra_rest_check(env, &err) == 0 &&
	    key_view_key(&means, call->requester, call_text(call->parts, "kid"), &key, &err) == 0)
		kra_rest_versioned(rep, key);
	else
		kra_rest_fail(call, &err, &fields, rep);
}

static int
read_change(const gh_json *body, struct store_key_change *c, struct rest_fields *f,
    struct gh_error *err)
{
	static const char *const names[] = {"status", "comment", NULL},
				 *const states[] = {"active", "inactive", NULL};

	rest_only(f, body, NULL, names);
	c->is_active = rest_word(f, body, "status", states, true) == 0;
	c->comment = kra_rest_comment(f, body);
	return rest_fields_check(f, err);
}

/* What the caller decided on, as it is now. */
static int
check_seen(struct kra_means *means, const struct call *call, int *version, struct gh_error *err)
{
	gh_json *key;
	int rc = key_view_key(means, call->requester, call_text(call->parts, "kid"), &key, err);

	if (rc != 0)
		return rc;
	rc = kra_rest_check_match(call, key, version, err);
	gh_json_free(key);
	return rc;
}

void
rest_key_change(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kra_means means = kra_rest_means(env);
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	struct store_key_change c = {.id = call_text(call->parts, "kid"),
	    .request_id = call->http->request_id};
	gh_json *body = NULL;
	int version, rc = kra_rest_body(env, call, &body, &err);

	if (rc == 0 && (rc = read_change(body, &c, &fields, &err)) == 0 &&
	    (rc = check_seen(&means, call, &c.version, &err)) == 0)
		rc = key_archive_set_active(&means, call->requester, &c, &version, &err);
	if (rc == 0)
		rest_key(env, call, rep);
	else
		kra_rest_fail(call, &err, &fields, rep);
	gh_json_free(body);
}
