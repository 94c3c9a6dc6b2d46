/*
 * The token of the log-in form: a foreign page must not log a browser in as somebody else (log-in
 * CSRF). There is no session yet, so it is bound to a short-lived cookie of its own, which says
 * when it was made; a page elsewhere can neither read nor set one with the prefix "__Host-".
 */
#ifndef LOGIN_TOKEN_H
#define LOGIN_TOKEN_H

#include "env.h"
#include "http.h"

#define LOGIN_COOKIE "__Host-gatehouse-login"
#define LOGIN_TOKEN_SIZE 65      /* hex digits and NUL */
#define LOGIN_TOKEN_SECONDS 3600 /* how long a form can be sent */

/* For a form in rep: by the cookie that http has, or by a new one. GH_E_INTERNAL. */
int login_token_make(const struct worker_env *env, const struct gh_http_request *http,
    struct gh_http_reply *rep, char out[LOGIN_TOKEN_SIZE], struct gh_error *err) GH_MUSTCHECK;
/* sent may be NULL. */
bool login_token_fits(const struct worker_env *env, const struct gh_http_request *http,
    const char *sent);

#endif
