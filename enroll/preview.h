/*
 * What a request would become if it were decided now: the policy runs, and nothing is signed,
 * written or counted.
 */
#ifndef ENROLL_PREVIEW_H
#define ENROLL_PREVIEW_H

#include "decide.h"

/*
 * e: as for enroll_decide, and only for this: enroll_sign and enroll_record are not for it. With
 * is_approved it is the question of an officer, whose yes is taken for granted; else that of a
 * requester, who is told whether an officer must agree.
 *
 *     {"ca": name or null, "approval": bool, "required": how many officers where one must agree,
 *      "refused": null, or what the policy says no for (public text), "code": name of the error,
 *      "not_before", "not_after": as the certificate will have them, or null,
 *      "unruled": names that no rule allows, which an officer answers for, or null,
 *      "shown": of enroll_shown, "rows": of request_diff.h}
 *
 * A refusal is an answer, too. GH_E_NOMEM.
 */
int enroll_preview(const struct worker_env *env, struct enrollment *e, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#define ENROLL_SHOWN_SIZE 65 /* SHA-256 in hex, with its NUL */

/*
 * What e would become as it is decided now, as a digest: CA, names that no rule allows, and all
 * parts of the certificate. Not its times, which go on. Two that are equal show the same to an
 * officer, whatever the directory and the template have become in between. GH_E_NOMEM.
 */
int enroll_shown(const struct enrollment *e, char out[ENROLL_SHOWN_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

/* The same of a pending request as it was recorded, for an officer: application and directory entry
 * are those of now, seal and approvals are looked at. GH_E_NOT_FOUND; GH_E_CONFLICT: it is not
 * pending. */
int enroll_preview_pending(struct worker_env *env, int64_t cms_request_id, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
