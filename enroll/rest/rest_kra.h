/* What the routes of the KRA share. docs/pki-rest.md */
#ifndef ENROLL_REST_KRA_H
#define ENROLL_REST_KRA_H

#include "store/key/archived_key.h"

#include "kra_env.h"

#include "rest_idempotency.h"
#include "rest_list.h"
#include "rest_members.h"

/* "private_key" and so on, in the order of enum kra_kind, which begins at 1; NULL at the end. */
extern const char *const kra_rest_kinds[];

/* rest_error in the words of a KRA: whoever asks for a key does not care about a certification
 * authority. fields: emptied. */
void kra_rest_fail(const struct call *call, const struct gh_error *err, struct rest_fields *fields,
    struct gh_http_reply *rep);

/* The same with members to add, which are taken over. */
void kra_rest_fail_with(const struct call *call, const struct gh_error *err, gh_json *more,
    struct gh_http_reply *rep);

/* rest_list_reply, where there is a KRA. */
void kra_rest_list(const struct rest_list *l, struct worker_env *env, const struct call *call,
    void *filter, struct gh_http_reply *rep);

/* rest_body, where there is a KRA. */
int kra_rest_body(const struct worker_env *env, const struct call *call, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

/* How the KRA's tables know a call with an Idempotency-Key when it comes again; empty without one.
 * Borrows from mark. The errors of rest_mark_read. */
int kra_rest_call(const struct worker_env *env, const struct call *call, struct rest_mark *mark,
    struct store_call *out, struct gh_error *err) GH_MUSTCHECK;

/* Adds "links": paths of the key request (0: none) and the key ("" or NULL: none). -1: no memory.
 */
int kra_rest_set_links(gh_json *o, int64_t request, const char *key_id);

/* Answers with o, which is taken over, and the path of the key request that was made. Not to be
 * kept by caches. */
void kra_rest_created(struct gh_http_reply *rep, int status, int64_t request, gh_json *o);

/* The member "comment", at most STORE_COMMENT_MAX characters; NULL: none, or wrong. */
const char *kra_rest_comment(struct rest_fields *f, const gh_json *body);

/* If-Match against the version of what was read: o has "version". *version: what is decided on.
 * 0: whatever it is now ("*"). GH_E_UNCONDITIONAL: there is no If-Match; GH_E_PRECONDITION: it
 * names another one. */
int kra_rest_check_match(const struct call *call, const gh_json *o, int *version,
    struct gh_error *err) GH_MUSTCHECK;
/* Answers 200 with o, which is taken over, and its version as ETag. */
void kra_rest_versioned(struct gh_http_reply *rep, gh_json *o);

#endif
