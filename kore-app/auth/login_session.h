/*
 * Sessions of browsers: docs/sessions.md. The cookie is 32 random bytes; the database has a row
 * under their keyed hash, which says who logged in, how, and until when. Each request looks the
 * person up as he is now, so that what ends him ends his sessions.
 */
#ifndef LOGIN_SESSION_H
#define LOGIN_SESSION_H

#include "call.h"
#include "store/session/session_row.h"

#include "auth.h"

#define SESSION_COOKIE "__Host-gatehouse"
#define SESSION_TOKEN_SIZE 65 /* hex digits and NUL */

struct session {
	struct store_session row;
	/* What each form that changes something carries (field "csrf", or header X-CSRF-Token):
	 * made from the cookie, and so of no use with another one. */
	char token[SESSION_TOKEN_SIZE];
};
void session_free(struct session *s); /* accepts NULL */

bool session_has_cookie(const struct gh_http_request *http);

/*
 * The session that the cookie of http names: fills *out with the person as he is now, and
 * out->session. One that is over, or whose person, password, roles or row are not what they were,
 * is ended with an audit row. GH_E_AUTH_REQUIRED: there is none, or its client certificate is not
 * that of this connection. GH_E_DB_DOWN, GH_E_DIR_DOWN and the like end nothing.
 */
int session_check(struct worker_env *env, struct auth_limiter *limiter,
    const struct gh_http_request *http, struct auth_result *out, struct gh_error *err) GH_MUSTCHECK;

/* A new session of who, whom auth_log_in or auth_log_in_by_cert gave, and its cookie into rep. The
 * one that call came with is ended: a log-in never goes on with an id that was there before. */
int session_start(struct worker_env *env, const struct call *call, const struct auth_result *who,
    struct gh_http_reply *rep, struct gh_error *err) GH_MUSTCHECK;

/* The person ends his session, or all that he has, and the browser forgets the cookie. */
int session_log_out(struct worker_env *env, const struct call *call, bool everywhere,
    struct gh_http_reply *rep, struct gh_error *err) GH_MUSTCHECK;

/* Is it the token of this session? sent may be NULL. */
bool session_token_fits(const struct session *s, const char *sent);

#endif
