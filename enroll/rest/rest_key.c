/* Keys of the KRA over REST. */
#include "kra/key_archive.h"
#include "kra/key_view.h"

#include "rest_key.h"
#include "rest_kra.h"

enum { OWNER = REST_PAGE_PARAMS_N, CLIENT_ID, STATE, CERTIFICATE, FROM, TO };
static const char *const names[] = {REST_PAGE_PARAMS, "owner", "client_id", "state",
    "certificate_id", "created_from", "created_to", NULL};

static void
read_filter(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	static const char *const states[] = {"active", "inactive", "pending", "destroyed", NULL};
	struct rest_paging paging = rest_param_paging(f, p);

	*(struct store_key_filter *)filter = (struct store_key_filter){.after_id = paging.after_id,
	    .limit = paging.limit,
	    .newest_first = paging.newest_first,
	    .owner = rest_param_text(f, &p[OWNER]),
	    .client_id = rest_param_text(f, &p[CLIENT_ID]),
	    .state = rest_param_word(f, &p[STATE], states),
	    .certificate_id = rest_param_number(f, &p[CERTIFICATE], 1, INT64_MAX, 0),
	    .created_from = rest_param_time(f, &p[FROM]),
	    .created_to = rest_param_time(f, &p[TO])};
}

static int
read_page(struct worker_env *env, const struct call *call, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	struct kra_means means = kra_env_means(env);

	return key_view_keys(&means, call->requester, filter, entries, next, err);
}

void
rest_keys(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct rest_list list = {names, read_filter, read_page};
	struct store_key_filter filter = {0};

	kra_rest_list(&list, env, call, &filter, rep);
}

void
rest_key(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kra_means means = kra_env_means(env);
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *key;

	if (kra_env_check(env, &err) == 0 &&
	    key_view_key(&means, call->requester, call_text(call->parts, "kid"), &key, &err) == 0)
		kra_rest_versioned(rep, key);
	else
		kra_rest_fail(call, &err, &fields, rep);
}

static int
read_change(const gh_json *body, struct store_key_change *c, struct rest_fields *f,
    struct gh_error *err)
{
	static const char *const members[] = {"status", "comment", NULL},
				 *const states[] = {"active", "inactive", NULL};

	rest_only(f, body, NULL, members);
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
	struct kra_means means = kra_env_means(env);
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
