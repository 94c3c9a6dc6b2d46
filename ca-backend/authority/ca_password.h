/*
 * Passwords of CA keys (docs/ca-key-passwords.md): set, removed, changed, and used to unlock the
 * key in the signer of this node for a limited time. Used by the REST API and by the command. Every
 * call leaves an audit row in the transaction of what it did, or a row of its own when it was
 * refused.
 */
#ifndef AUTHORITY_CA_PASSWORD_H
#define AUTHORITY_CA_PASSWORD_H

#include "conf.h"
#include "error.h"
#include "requester.h"
#include "signer/client/signer_client.h"
#include "store/store.h"

#define CA_PASSWORD_MIN 8 /* characters of UTF-8 */
#define CA_PASSWORD_MAX 255

enum ca_password_action {
	CA_PASSWORD_SET,
	CA_PASSWORD_REMOVE,
	CA_PASSWORD_CHANGE,
	CA_PASSWORD_UNLOCK,
	CA_PASSWORD_LOCK
};

struct ca_password_call {
	struct store *store;
	struct signer_client *signer;
	const struct gh_conf *conf; /* ca.password_*, ca.unlock_seconds */
	const struct requester *who;
	const char *request_id; /* of the HTTP request, or NULL */
	const char *ca;         /* name, or decimal id */
};

/* Times are UTC seconds, 0 = none. */
struct ca_password_status {
	int64_t ca_row; /* 0: there is no such CA */
	char ca[128];   /* its name */
	bool requires_password;
	bool is_locked; /* by failed attempts */
	int64_t locked_until;
	int64_t last_accessed_at;
	int attempts;           /* failed ones that count now */
	int remaining;          /* until it is locked */
	int64_t unlocked_until; /* in the signer of this node */
};

/*
 * *out is the state afterwards; after a failure, what is known of it. Common errors:
 * GH_E_NOT_FOUND: no such CA; GH_E_CONFLICT: protected already, or not protected, or the key is not
 * here; GH_E_CA_PASSWORD: wrong, and counted (out->remaining); GH_E_LOCKED: too many were wrong,
 * none was looked at (out->locked_until, err->retry_after); GH_E_VALIDATION: length of a password,
 * or new equals current; GH_E_BUSY, GH_E_DB_DOWN, GH_E_SIGNER_DOWN: try again.
 */
int ca_password_set(const struct ca_password_call *c, const char *password,
    struct ca_password_status *out, struct gh_error *err) GH_MUSTCHECK;
int ca_password_remove(const struct ca_password_call *c, const char *current,
    struct ca_password_status *out, struct gh_error *err) GH_MUSTCHECK;
int ca_password_change(const struct ca_password_call *c, const char *current,
    const char *new_password, struct ca_password_status *out, struct gh_error *err) GH_MUSTCHECK;
/* seconds: 0, or more than conf ca.unlock_seconds, stands for that. */
int ca_password_unlock(const struct ca_password_call *c, const char *password, int seconds,
    struct ca_password_status *out, struct gh_error *err) GH_MUSTCHECK;
/* At once, on this node; needs no password. */
int ca_password_lock(const struct ca_password_call *c, struct ca_password_status *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Not audited: it changes nothing and tells no secret. */
int ca_password_get_status(const struct ca_password_call *c, struct ca_password_status *out,
    struct gh_error *err) GH_MUSTCHECK;

/* The audit row of a call that was refused before it came here, as by validation. */
void ca_password_audit_refusal(const struct ca_password_call *c, enum ca_password_action action,
    const struct gh_error *err);

#endif
