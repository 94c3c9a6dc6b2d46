/*
 * Authentication of a call: which application (X-CSS-CMS-AppKey), whether the body is the one it
 * signed (HMAC over the raw bytes, before any parsing), and which user (Basic by LDAP bind or local
 * administrator, TLS client certificate, or the application's service identity). No Kore type here.
 */
#ifndef AUTH_H
#define AUTH_H

#include "enroll.h"
#include "http.h"

enum auth_need {
	AUTH_APP = 1,   /* application key, and signature if the application demands it */
	AUTH_USER = 2,  /* directory user, or the application's service identity */
	AUTH_ADMIN = 4, /* local administrator with a role */
	/* a local administrator, or else a directory user; roles say what he may */
	AUTH_PERSON = AUTH_USER | AUTH_ADMIN,
	AUTH_ANYBODY = 32,  /* said alone: whoever calls, and nothing is asked */
	AUTH_APP_SENT = 16, /* as AUTH_APP if the call has an application key, else nothing */
	AUTH_LOCAL = 8,     /* peer on this machine, unless gateway.metrics_public; decided by
			     * route_dispatch, never seen by auth_check */
};

struct auth_result {
	struct requester requester;
	const struct app *app;   /* borrowed from env->catalog */
	struct dir_entry *entry; /* referenced; NULL for local administrators */
};

/* Failed attempts per user and per address. Shared by the threads, and by all processes forked
 * after its creation. */
struct auth_limiter;
int auth_limiter_new(int max_failures, int window_seconds, struct auth_limiter **out,
    struct gh_error *err) GH_MUSTCHECK;
void auth_limiter_free(struct auth_limiter *l);

/* Order: rate limit, application key, signature, user. Refusals of a known caller leave an audit
 * row. Codes: GH_E_APP_KEY, GH_E_SIGNATURE, GH_E_AUTH_REQUIRED, GH_E_AUTH_FAILED,
 * GH_E_ACCOUNT_DISABLED, GH_E_RATE_LIMITED, GH_E_DIR_DOWN, GH_E_DB_DOWN. Release with
 * auth_result_clear. */
int auth_check(struct worker_env *env, struct auth_limiter *limiter, unsigned need,
    const struct gh_http_request *http, struct auth_result *out, struct gh_error *err) GH_MUSTCHECK;
void auth_result_clear(struct auth_result *r);

#endif
