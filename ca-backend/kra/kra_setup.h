/* The KRA's own keys: its first ones, and a new transport key with the certificate that clients
 * wrap for. docs/kra.md */
#ifndef KRA_SETUP_H
#define KRA_SETUP_H

#include "error.h"
#include "issuing/ca.h"
#include "requester.h"
#include "signer/client/signer_client_kra.h"
#include "store/store.h"

#define KRA_SETUP_KEY_NAMES "RSA-3072, RSA-4096, P-256, P-384"
#define KRA_SETUP_DAYS 730 /* life of a transport certificate */
#define KRA_SETUP_DAYS_MAX 3660

/* What the work is done with; all borrowed. */
struct kra_setup {
	struct store *store;
	struct signer_client *signer, *kra;
	const struct requester *who; /* of the audit rows */
	int backdate;                /* seconds before now at which a certificate begins */
};

/* The transport key and its certificate. */
struct kra_setup_transport {
	const char *key_alg; /* one of KRA_SETUP_KEY_NAMES; not used with key_uri */
	const char *key_uri; /* "pkcs11:...": a key in a token, used as it is; or NULL */
	const struct ca *ca; /* issues the certificate */
	int days;            /* 1 to KRA_SETUP_DAYS_MAX, at most to the end of the CA */
};
struct kra_setup_storage {
	const char *key_alg, *key_uri;
	const char *password; /* the key is under it; NULL = none */
};

/* May such a key be made? GH_E_VALIDATION (public). */
int kra_setup_check_key_alg(const char *key_alg, struct gh_error *err) GH_MUSTCHECK;

/* What it is called, "RSA-3072", "P-256"; "?" when it is no such key. spki: DER. */
void kra_setup_name_key(const struct signer_blob *spki, char *out, size_t size);

/* Both keys, in one commit. GH_E_CONFLICT (public): there are keys already. As of ca_sign and
 * kra_client_create_key besides. */
int kra_setup_init(const struct kra_setup *s, const struct kra_setup_storage *storage,
    const struct kra_setup_transport *transport, struct gh_error *err) GH_MUSTCHECK;
/* A new transport key in place of that with the row `current`. */
int kra_setup_renew(const struct kra_setup *s, int64_t current,
    const struct kra_setup_transport *transport, struct gh_error *err) GH_MUSTCHECK;

/* The next storage key: the job kra-rotate takes it into use. */
int kra_setup_rotate(const struct kra_setup *s, const struct kra_setup_storage *storage,
    struct gh_error *err) GH_MUSTCHECK;

#endif
