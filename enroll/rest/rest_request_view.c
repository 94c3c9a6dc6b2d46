/* Requests with their links. See rest_request_view.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "http_cache.h"

#include "rest_request_view.h"

#define LINK_SIZE 64
#define ETAG_SIZE 24

static int64_t
number(const gh_json *row, const char *name)
{
	int64_t n = 0;

	return gh_json_int(gh_json_get(row, name), &n) ? n : 0;
}

/* prefix, number, suffix. */
static bool
put_link(gh_json *o, const char *name, const char *prefix, int64_t id, const char *suffix)
{
	char link[LINK_SIZE];

	snprintf(link, sizeof(link), "%s%" PRId64 "%s", prefix, id, suffix);
	return gh_json_set_string(o, name, link) == 0;
}

bool
rest_request_links(gh_json *o, int64_t id, int64_t certificate_id, const char *key_id)
{
	gh_json *links = gh_json_new_object();
	char key[LINK_SIZE];
	bool ok = put_link(links, "request", REST_REQUEST, id, "") &&
	    put_link(links, "status", REST_REQUEST, id, "/status") &&
	    (certificate_id == 0 ||
		put_link(links, "certificate", "/pki/certificate/", certificate_id, ""));

	if (ok && key_id != NULL && *key_id != '\0') {
		snprintf(key, sizeof(key), "/pki/key/%s", key_id);
		ok = gh_json_set_string(links, "key", key) == 0;
	}
	if (ok)
		return gh_json_set(o, "links", links) == 0;
	gh_json_free(links);
	return false;
}

/* By the template as it is now: of what is decided, nobody must. */
static bool
put_required(const struct worker_env *env, const gh_json *row, gh_json *o)
{
	const char *status = gh_json_string(gh_json_get(row, "status")),
		   *name = gh_json_string(gh_json_get(row, "profile"));

	return status == NULL || strcmp(status, enroll_state_name(DB_DISP_PENDING)) != 0 ||
	    gh_json_set_int(o, "required", enroll_approvals_required(env->catalog, name)) == 0;
}

bool
rest_request_complete(const struct worker_env *env, gh_json *row)
{
	return put_required(env, row, row) &&
	    rest_request_links(row, number(row, "id"), number(row, "certificate_id"),
		gh_json_string(gh_json_get(row, "key_id")));
}

gh_json *
rest_request_status(const struct worker_env *env, const gh_json *row)
{
	static const char *const names[] = {"id", "status", "version", "message", "status_code",
	    "resolved_at", "resolved_by", "certificate_id", "key_id", "approved", "approvals"};
	gh_json *o = gh_json_new_object();
	bool failed = o == NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !failed; i++)
		failed = gh_json_set(o, names[i], gh_json_ref(gh_json_get(row, names[i]))) != 0;
	if (!failed && put_required(env, row, o) &&
	    rest_request_links(o, number(row, "id"), number(row, "certificate_id"),
		gh_json_string(gh_json_get(row, "key_id"))))
		return o;
	gh_json_free(o);
	return NULL;
}

int
rest_request_version(const gh_json *row)
{
	return (int)number(row, "version");
}

static char *
etag_of(const gh_json *row, char out[ETAG_SIZE])
{
	snprintf(out, ETAG_SIZE, "\"v%" PRId64 "\"", number(row, "version"));
	return out;
}

void
rest_request_etag(struct gh_http_reply *rep, const gh_json *row)
{
	char etag[ETAG_SIZE];

	gh_http_reply_header(rep, "ETag", etag_of(row, etag));
}

int
rest_request_match(const struct call *call, const gh_json *row, struct gh_error *err)
{
	const char *sent = gh_http_header(call->http, "if-match");
	char etag[ETAG_SIZE];

	if (sent == NULL)
		return gh_fail(err, GH_E_UNCONDITIONAL, "no If-Match");
	if (gh_http_matches(sent, etag_of(row, etag)))
		return 0;
	return gh_refuse(err, GH_E_PRECONDITION,
	    "The request has changed since you read it: it is %s now. Read it again and decide "
	    "anew.",
	    etag);
}
