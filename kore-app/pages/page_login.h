/* /login and /logout: log-in of browsers, and what a person sees of his own log-ins.
 * docs/sessions.md */
#ifndef PAGE_LOGIN_H
#define PAGE_LOGIN_H

#include "call.h"
#include "env.h"

/* GET /login?next=PATH: the form; for who is logged in, his log-ins, or PATH at once. */
void page_login(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* POST /login: user, password, next. */
void page_login_password(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* POST /login/certificate: next; the client certificate of the connection. */
void page_login_certificate(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* POST /logout: everywhere=yes ends all log-ins of the person. */
void page_logout(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* To the form, and back from there to what req asked for, where it was a page. */
void page_login_ask(const struct gh_http_request *req, struct gh_http_reply *rep);

#endif
