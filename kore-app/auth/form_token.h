/* Whether a call that a browser's log-in vouches for was meant by its person (CSRF): all such calls
 * are looked at here, by route_dispatch. docs/sessions.md */
#ifndef FORM_TOKEN_H
#define FORM_TOKEN_H

#include "form.h"

#include "auth.h"

/*
 * need: of the row. A call that changes nothing by its method, and one whose caller proved himself
 * with the call, need no token. Others carry that of their session, or on the rows of log-in, which
 * have AUTH_ANYBODY, that of the log-in form: field "csrf" of form, or header X-CSRF-Token. form
 * may be NULL. GH_E_CROSS_SITE: missing, or another one.
 */
int form_token_check(const struct worker_env *env, unsigned need,
    const struct gh_http_request *http, const struct gh_form *form, const struct session *session,
    struct gh_error *err) GH_MUSTCHECK;

#endif
