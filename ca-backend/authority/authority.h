/*
 * A CA's life: it is made here, imported, or certified by a CA elsewhere; its policy and URLs
 * change; it is renewed. Plain values in, so that a command and a call of an API come the same way.
 * docs/certificate-authorities.md
 */
#ifndef AUTHORITY_H
#define AUTHORITY_H

#include <stdbool.h>

#include "issuing/ca.h"
#include "error.h"
#include "requester.h"
#include "signer/client/signer_client.h"
#include "store/store.h"

#include "policy.h"
#include "urls.h"
#include "authority_words.h"

/* What the work is done with; all borrowed. */
struct authority {
	struct store *store;
	/* one that makes CAs; nobody else may ask it (docs/security.md) */
	struct signer_client *signer;
	const struct requester *who; /* of the audit rows */
	int backdate;                /* seconds before now at which a certificate begins */
	const struct authority_words *words;
	/* The password of ca's key, which has one: *out malloc'd, wiped and freed by who asked.
	 * is_parent: ca is to sign another one. */
	int (
	    *ask)(void *arg, const struct ca *ca, bool is_parent, char **out, struct gh_error *err);
	void *arg; /* of ask */
};

/* Letters, digits, '.', '_' and '-', at most 64: it stands in URLs. */
bool authority_is_name(const char *name);
#define AUTHORITY_NAME_RULE \
	"a name of a CA has letters, digits, \".\", \"_\" and \"-\", at most 64 of them"

#define AUTHORITY_YEARS_MAX 50
#define AUTHORITY_DAYS_MAX (366 * AUTHORITY_YEARS_MAX)
#define AUTHORITY_PATH_LEN_MAX 5
#define AUTHORITY_NOT_GIVEN (-1) /* of a number */

/* What every new CA has, wherever its certificate comes from. */
struct authority_settings {
	const char *name;
	const char *key_uri; /* "pkcs11:...": a key in a token, used as it is; or NULL */
	struct ca_urls_change urls;
	struct ca_policy_change policy;
};

/* --- for the files of this folder ------------------------------------------------------------- */

/* Ranges, the same for every door. GH_E_CONF names the setting and what it may be. */
int authority_check_key_alg(const char *key_alg, const struct authority_words *words,
    struct gh_error *err) GH_MUSTCHECK;
/* AUTHORITY_NOT_GIVEN is right for each. */
int authority_check_validity(int years, int days, const struct authority_words *words,
    struct gh_error *err) GH_MUSTCHECK;
int authority_check_path_len(int path_len, const struct authority_words *words,
    struct gh_error *err) GH_MUSTCHECK;

#define AUTHORITY_NO_PATH_LEN (-1)

/* A CA without key and certificate. path_len stands in its policy unless AUTHORITY_NO_PATH_LEN.
 * *out for ca_free. GH_E_CONF names what is wrong. */
int authority_settle(const struct authority *a, const struct authority_settings *s,
    enum ca_state state, int path_len, struct ca **out, struct gh_error *err) GH_MUSTCHECK;
/* *out NULL when the key of ca (may be NULL) has no password; else for authority_password_free. */
int authority_password(const struct authority *a, const struct ca *ca, bool is_parent, char **out,
    struct gh_error *err) GH_MUSTCHECK;
void authority_password_free(char *password); /* wipes; accepts NULL */
/* From now on, UTC seconds; a CA does not outlive its parent (or NULL). days where they are given,
 * else years. */
void authority_validity(const struct authority *a, int years, int days, const struct ca *parent,
    int64_t *not_before, int64_t *not_after);
/* The chain of a CA: its certificate, then the parent's chain. */
int authority_chain(struct cert_chain *out, const unsigned char *cert, size_t len,
    const struct ca *parent, struct gh_error *err) GH_MUSTCHECK;

#endif
