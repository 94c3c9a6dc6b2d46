/*
 * The passwords of the KRA's storage keys. While a key is replaced there are several, perhaps under
 * different passwords: a password is tried on each, and each that it fits is meant. A wrong one
 * fits none; it is counted, and too many lock out, as for a CA key (authority/ca_password.h). Every
 * call leaves its audit rows. docs/kra.md
 */
#ifndef KRA_PASSWORD_H
#define KRA_PASSWORD_H

#include "conf.h"
#include "requester.h"
#include "signer/client/signer_client.h"
#include "store/store.h"

/* All borrowed. */
struct kra_password {
	struct store *store;
	struct signer_client *kra; /* the one that runs */
	struct signer_client
	    *admin; /* one of the caller's own: it may give a key its first password */
	const struct gh_conf *conf; /* ca.password_*, kra.unlock_seconds */
	const struct requester *who;
};

/*
 * Common errors, all public: GH_E_CONFLICT: no storage key, or it has a password already, or none;
 * GH_E_CA_PASSWORD: wrong, and counted; GH_E_LOCKED: too many were wrong, none was looked at
 * (err->retry_after); GH_E_BUSY, GH_E_DB_DOWN, GH_E_SIGNER_DOWN: try again.
 */
int kra_password_set(const struct kra_password *p, const char *password,
    struct gh_error *err) GH_MUSTCHECK;
/* replacement NULL: without a password from now on. */
int kra_password_change(const struct kra_password *p, const char *current, const char *replacement,
    struct gh_error *err) GH_MUSTCHECK;
/* seconds: 0, or more than kra.unlock_seconds, stands for that. On the node of p->kra. */
int kra_password_unlock(const struct kra_password *p, const char *password, int seconds,
    struct gh_error *err) GH_MUSTCHECK;
int kra_password_lock(const struct kra_password *p, struct gh_error *err) GH_MUSTCHECK;

#endif
