/* What the policy of a CA lets a CSR be: as numbers and words, and as a configuration of
 * `openssl req`. */
#ifndef ENROLL_CA_OFFER_H
#define ENROLL_CA_OFFER_H

#include "issuing/ca.h"
#include "error.h"

#define CA_OFFER_DAYS_MAX 3650 /* where the policy sets no limit */
#define CA_OFFER_SIZES_MAX 8

/* Keys by their bits: RSA 2048, 3072, 4096, as far as the policy takes them; P-256, P-384, P-521
 * by theirs; Ed25519 is 256. */
struct ca_offer {
	int size[CA_OFFER_SIZES_MAX];
	size_t sizes;
	const char *key; /* words of `openssl req` for a key that the CA takes; static */
	int64_t days;    /* longest validity; never beyond the CA's own end */
	bool server_auth, client_auth, email_protection, code_signing;
};

/* GH_E_DB: the policy cannot be read. now: UTC seconds. */
int ca_offer_read(const struct ca *ca, int64_t now, struct ca_offer *out,
    struct gh_error *err) GH_MUSTCHECK;

/* {"id","name","common_name","organization","country","requires_manual_approval",
 *  "max_validity_days","allowed_key_sizes":[],"allowed_extensions":[]}; names are null where the
 * CA's has none. NULL: out of memory. */
gh_json *ca_offer_json(const struct ca *ca, const struct ca_offer *o);
/* The configuration, malloc'd; NULL: out of memory. */
char *ca_offer_openssl(const struct ca *ca, const struct ca_offer *o);

#endif
