/*
 * Authentication of a call: which application (X-CSS-CMS-AppKey), whether the body is the one it
 * signed (HMAC over the raw bytes, before any parsing), and which user (Basic by LDAP bind or local
 * administrator, TLS client certificate, or the application's service identity). No Kore type here.
 */
#ifndef AUTH_H
#define AUTH_H

#include "enroll.h"
#include "http.h"

#include "credential_mark.h"

struct call_parts; /* call.h */
struct session;

enum auth_need {
	AUTH_APP = 1,   /* application key, and signature if the application demands it */
	AUTH_USER = 2,  /* directory user, or the application's service identity */
	AUTH_ADMIN = 4, /* local administrator with a role */
	/* a local administrator, or else a directory user; roles say what he may */
	AUTH_PERSON = AUTH_USER | AUTH_ADMIN,
	/* whoever calls, and nothing is asked; said alone, or with AUTH_SESSION: then a session is
	 * found where there is one */
	AUTH_ANYBODY = 32,
	/* the session of a browser, by its cookie. Rows without it never look at a cookie. With
	 * AUTH_USER or AUTH_ADMIN: or else as these say */
	AUTH_SESSION = 64,
	/* for auth_log_in: the password is asked of the directory, whatever is remembered */
	AUTH_ANEW = 128,
	/* as the label of EST that the path names says; said alone, and decided by auth_est_check
	 */
	AUTH_EST = 256,
	/* beside AUTH_EST: a call without any credentials is let in as nobody where the label says
	 * that the message proves whose it is */
	AUTH_EST_MESSAGE = 512,
	/* with AUTH_EST: takes one-time passwords, which its handler uses up
	 * (est/est_one_time.h) */
	AUTH_EST_ONE_TIME = 1024,
	AUTH_APP_SENT = 16, /* as AUTH_APP if the call has an application key, else nothing */
	AUTH_LOCAL = 8,     /* peer on this machine, unless gateway.metrics_public; decided by
			     * route_dispatch, never seen by auth_check */
};

struct auth_result {
	struct requester requester;
	const struct app *app;   /* borrowed from env->catalog */
	struct dir_entry *entry; /* referenced; NULL for local administrators */
	struct session *session; /* the caller's, see login_session.h; NULL: he came without */
	/* Of the password that was checked with AUTH_ANEW: credential_mark.h */
	unsigned char mark[CREDENTIAL_MARK_SIZE];
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
/*
 * The same for a row with AUTH_EST. parts: of its path; GH_E_NOT_FOUND: there is no such label.
 * GH_E_FORBIDDEN: a client certificate is needed, and no other credentials help.
 */
int auth_est_check(struct worker_env *env, struct auth_limiter *limiter, unsigned need,
    const struct call_parts *parts, const struct gh_http_request *http, struct auth_result *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Behind a row with AUTH_EST_MESSAGE, what a message was to prove was refused; code: the name of
 * the error, or NULL. Guesses at secrets count as those at passwords, by address. */
void auth_message_refused(struct auth_limiter *limiter, const struct gh_http_request *http,
    const char *code);
/*
 * The same for a name and a password from a form, and for the client certificate of the connection:
 * AUTH_PERSON, and AUTH_USER, by the same steps and limits. *out is for session_start.
 */
int auth_log_in(struct worker_env *env, struct auth_limiter *limiter,
    const struct gh_http_request *http, const char *user, const char *password,
    struct auth_result *out, struct gh_error *err) GH_MUSTCHECK;
int auth_log_in_by_cert(struct worker_env *env, struct auth_limiter *limiter,
    const struct gh_http_request *http, struct auth_result *out, struct gh_error *err) GH_MUSTCHECK;
void auth_result_clear(struct auth_result *r);

#endif
