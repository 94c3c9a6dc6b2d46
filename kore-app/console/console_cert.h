/* One certificate in the console, as the API gives it to who calls. */
#ifndef CONSOLE_CERT_H
#define CONSOLE_CERT_H

#include "call.h"
#include "json.h"

/* *out: the certificate of the path, with "state" and "called" for people. */
int console_cert_get(struct worker_env *env, const struct call *call, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

/* Did he ask for it? By the requester that the API shows him. */
bool console_cert_is_own(const struct requester *who, const gh_json *cert);

/* Is a change to this status ("revoked", "hold", "valid") worth offering? What is offered is tried
 * by the API, which decides. */
bool console_cert_may(const struct worker_env *env, const struct call *call, const gh_json *cert,
    const char *to);

/* The same of its renewal, which the one who asked for it may try while it is valid. cert: also a
 * row of a list. */
bool console_cert_may_renew(const struct call *call, const gh_json *cert);

/* May he take it out of the inventory? It is one from elsewhere. */
bool console_cert_may_remove(const struct call *call, const gh_json *cert);

/* relatives, has_relatives: others that have to do with it, of those that the caller may see. 0
 * or -1. */
int console_cert_put_related(struct worker_env *env, const struct call *call, const gh_json *cert,
    gh_json *data);

/* Answers with its page. wrong: why a change was not made, or NULL. */
void console_cert_show(struct worker_env *env, const struct call *call,
    const struct gh_error *wrong, struct gh_http_reply *rep);

/* "has_waiting" and "waiting": requests that wait, each with its relation to cert. 0 or -1. */
int console_cert_put_waiting(struct worker_env *env, const struct call *call, const gh_json *cert,
    gh_json *data);

#endif
