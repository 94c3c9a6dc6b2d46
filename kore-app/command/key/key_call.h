/* A key request of a gateway, as a client sees it. */
#ifndef KEY_CALL_H
#define KEY_CALL_H

#include "client/client_rest.h"

/* As they are shown. GH_E_NOT_FOUND; GH_E_BAD_JSON: the answer is about another one. */
int key_call_request(struct client_rest *r, int64_t id, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
int key_call_key(struct client_rest *r, const char *key_id, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

/* "active" or "inactive", of a key as it was seen. The same. */
int key_call_set_state(struct client_rest *r, const gh_json *seen, const char *state, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

/* A text member; "" where there is none. */
const char *key_call_text(const gh_json *o, const char *name);

/*
 * Decide on a request as it was seen: status "approved", "rejected" or "canceled"; comment and
 * signature (base64) may be NULL. GH_E_PRECONDITION: it has changed since.
 */
struct key_decision {
	const char *status, *comment, *signature;
};
int key_call_decide(struct client_rest *r, const gh_json *seen, const struct key_decision *d,
    gh_json **out, struct gh_error *err) GH_MUSTCHECK;

#endif
