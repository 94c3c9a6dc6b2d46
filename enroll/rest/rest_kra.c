/* What the routes of the KRA share. See rest_kra.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "authority/revoke.h"
#include "http_cache.h"

#include "rest_kra.h"

#define PATH_SIZE 80

const char *const kra_rest_kinds[] = {"private_key", "symmetric_key", "passphrase", NULL};

int
kra_rest_body(const struct worker_env *env, const struct call *call, gh_json **out,
    struct gh_error *err)
{
	int rc = kra_env_check(env, err);

	*out = NULL;
	return rc == 0 ? rest_body(call, out, err) : rc;
}

void
kra_rest_fail(const struct call *call, const struct gh_error *err, struct rest_fields *fields,
    struct gh_http_reply *rep)
{
	kra_rest_fail_with(call, err, rest_fields_take(fields), rep);
}

void
kra_rest_fail_with(const struct call *call, const struct gh_error *err, gh_json *more,
    struct gh_http_reply *rep)
{
	struct gh_error own = *err;

	kra_env_explain(&own);
	rest_error(&own, call->http->request_id, more, rep);
}

void
kra_rest_list(const struct rest_list *l, struct worker_env *env, const struct call *call,
    void *filter, struct gh_http_reply *rep)
{
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *entries;
	int64_t next;
	int rc = kra_env_check(env, &err);

	if (rc == 0)
		rc = rest_list_page(l, env, call, filter, &entries, &next, &fields, &err);
	if (rc == 0)
		rest_page(rep, entries, next);
	else
		kra_rest_fail(call, &err, &fields, rep);
}

int
kra_rest_call(const struct worker_env *env, const struct call *call, struct rest_mark *mark,
    struct store_call *out, struct gh_error *err)
{
	int rc = rest_mark_read(env->server_secret, call, call->requester, mark, err);

	*out = (struct store_call){NULL, NULL};
	if (rc == 0 && mark->is_there)
		*out = (struct store_call){mark->mark, mark->content};
	return rc;
}

static char *
request_path(int64_t id, char out[PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "/pki/keyrequest/%" PRId64, id);
	return out;
}

int
kra_rest_set_links(gh_json *o, int64_t request, const char *key_id)
{
	gh_json *links = gh_json_new_object();
	char path[PATH_SIZE];
	int rc = 0;

	if (request != 0)
		rc = gh_json_set_string(links, "request", request_path(request, path));
	if (rc == 0 && key_id != NULL && *key_id != '\0') {
		snprintf(path, sizeof(path), "/pki/key/%s", key_id);
		rc = gh_json_set_string(links, "key", path);
	}
	if (rc == 0)
		return gh_json_set(o, "links", links);
	gh_json_free(links);
	return -1;
}

void
kra_rest_created(struct gh_http_reply *rep, int status, int64_t request, gh_json *o)
{
	char path[PATH_SIZE];

	gh_http_reply_header(rep, "Location", request_path(request, path));
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, status, o);
}

const char *
kra_rest_comment(struct rest_fields *f, const gh_json *body)
{
	const char *comment = rest_text(f, body, "comment", 0, STORE_COMMENT_MAX, false);

	if (comment == NULL || revoke_comment_is_valid(comment))
		return comment;
	rest_field_wrong(f, "comment", "The comment must not have control characters.");
	return NULL;
}

static int
version_of(const gh_json *o)
{
	int64_t version = 0;

	(void)gh_json_int(gh_json_get(o, "version"), &version);
	return (int)version;
}

int
kra_rest_check_match(const struct call *call, const gh_json *o, int *version, struct gh_error *err)
{
	const char *match = gh_http_header(call->http, "if-match");
	char etag[REVOKE_ETAG_SIZE];

	*version = version_of(o);
	if (match == NULL)
		return gh_fail(err, GH_E_UNCONDITIONAL, "no If-Match");
	if (strcmp(match, "*") == 0) {
		*version = 0;
		return 0;
	}
	if (!gh_http_matches(match, revoke_etag(*version, etag)))
		return gh_fail(err, GH_E_PRECONDITION, "the version is %d", *version);
	return 0;
}

void
kra_rest_versioned(struct gh_http_reply *rep, gh_json *o)
{
	char etag[REVOKE_ETAG_SIZE];

	if (o != NULL)
		gh_http_reply_header(rep, "ETag", revoke_etag(version_of(o), etag));
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, 200, o);
}
