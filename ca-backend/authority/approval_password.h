/*
 * Approval password of a CA (docs/approval.md): whoever sends it with a request needs no officer.
 * Set by administrators; bcrypt. Wrong ones are counted for each person, and never lock out others.
 */
#ifndef AUTHORITY_APPROVAL_PASSWORD_H
#define AUTHORITY_APPROVAL_PASSWORD_H

#include "conf.h"
#include "issuing/ca.h"
#include "store/store.h"

#define APPROVAL_PASSWORD_MIN 12 /* characters of UTF-8 */
#define APPROVAL_PASSWORD_MAX 255

/* password NULL: removed. GH_E_VALIDATION: its length; GH_E_NOT_FOUND; GH_E_CONFLICT: there is none
 * to remove. */
int approval_password_set(struct store *s, const struct requester *who, const char *ca,
    const char *password, struct gh_error *err) GH_MUSTCHECK;

struct approval_try {
	struct store *store;
	const struct gh_conf *conf; /* ca.password_attempts, ca.password_lock_seconds */
	const struct requester *who;
	const char *request_id; /* of the HTTP request, or NULL */
};

/*
 * Is it the password of this CA? A wrong one is counted and committed before this returns; one for
 * a CA without a password is wrong, takes as long and counts the same. GH_E_LOCKED (public, with
 * err->retry_after): this person has sent too many wrong ones, and none is looked at; GH_E_BUSY:
 * another one of his is being looked at, or too many in this process.
 */
int approval_password_check(const struct approval_try *t, const struct ca *ca, const char *password,
    bool *is_right, struct gh_error *err) GH_MUSTCHECK;

#endif
