/*
 * A certification authority as the gateway knows it (no key: that is in the signer), and issuing.
 */
#ifndef CA_CA_H
#define CA_CA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "formats/cert_spec.h"
#include "formats/enroll_request.h"
#include "error.h"
#include "signer/client/signer_client.h"

#define CA_SHARDS_MAX 1024

/* Life of a CA key; stored by name. Only an active one issues; all but pending and retired ones
 * sign CRLs. */
enum ca_state {
	CA_PENDING, /* key made, certificate to come from another CA */
	CA_ACTIVE,
	CA_DISABLED,
	CA_SUPERSEDED, /* renewed with a new key */
	CA_RETIRED
};
/* What guards the private key. */
enum ca_protection { CA_KEY_SYSTEM, CA_KEY_PASSWORD, CA_KEY_PKCS11, CA_KEY_NONE };

/* What a CertID of OCSP names an issuer by: hashes of its name and of the bits of its key (RFC
 * 6960, 4.1.1). */
struct ca_issuer_hash {
	unsigned char name[32], key[32];
};

/* Immutable once loaded; shared by threads. */
struct ca {
	int64_t id; /* row */
	char *name; /* "issuing": goes to the new key at a renewal */
	char *slug; /* in URLs: stays with the key */
	X509 *cert;
	unsigned char ca_id[SIGNER_CA_ID_SIZE];
	struct cert_chain chain;       /* this CA first, root last */
	struct cert_chain constrained; /* those of the chain that have name constraints */
	struct cert_chain also;        /* earlier certificates of the key, OldWithNew, NewWithOld */
	unsigned char *sealed; /* sealed key record for the signer; NULL = cannot sign here */
	size_t sealed_len;
	char **cdp_urls, **aia_urls, **ocsp_urls; /* NULL-ended; may be NULL */
	enum ca_state state;
	enum ca_protection protection;
	int crl_shards;  /* 0 = one complete CRL */
	gh_json *policy; /* object; docs/certificate-authorities.md */
	char **groups;   /* of the policy: whose members may use it, NULL-ended; NULL = anybody */
	char *issuer_dn; /* subject of this CA, as ca_dn_text prints it */
	struct ca_issuer_hash issuer_hash[2]; /* by SHA-1 (20 bytes of each) and SHA-256 */
	bool by_two; /* a batch is worth two threads of the signer: see signer_client_sign_certs */
};

/* Fill derived members (cert, ca_id, issuer_dn) from chain.cert[0]. GH_E_DB when it is no
 * certificate. */
int ca_finish(struct ca *ca, struct gh_error *err) GH_MUSTCHECK;
void ca_free(struct ca *ca);

/* "active" and so on; unknown names: false. */
const char *ca_state_name(enum ca_state state);
bool ca_state_parse(const char *name, enum ca_state *out);
const char *ca_protection_name(enum ca_protection p);
bool ca_protection_parse(const char *name, enum ca_protection *out);
/* Active, and has a key here. */
bool ca_may_issue(const struct ca *ca);
/* By its policy: an officer must say yes to each request. */
bool ca_needs_approval(const struct ca *ca);
/* Longest validity by its policy, in seconds; 0 = up to its own end. */
int64_t ca_max_validity(const struct ca *ca);

/* Give the signer the sealed key: it says GH_E_NOT_FOUND when it does not have it, as after a
 * restart. GH_E_CA_LOCKED: the key is under a password; GH_E_CA_UNAVAILABLE: there is no key here,
 * or another one's. */
int ca_load_key(const struct ca *ca, struct signer_client *signer,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * Can the signer use the key now? It is loaded first, as above. A key in a token is looked for
 * there, every few seconds at most, by the signer of this node.
 * token: label of that token; "": the key is in none, its URI names none, or the signer did not
 * say. 0: it can. GH_E_SIGNER_DOWN: nothing is known. All else: it cannot, and err says why.
 */
int ca_look_for_key(const struct ca *ca, struct signer_client *signer,
    char token[SIGNER_TOKEN_LABEL_SIZE], struct gh_error *err) GH_MUSTCHECK;

/*
 * Have the signer make the certificate of spec; nothing is stored. notAfter is cut to the CA's and
 * to its longest validity; a CA that is disabled, expired or not yet valid is GH_E_CA_UNAVAILABLE.
 * Names and keys of CAs are the caller's to refuse (ca_identity.h). A restarted signer is given the
 * sealed record again, once. *cert: malloc'd DER.
 */
int ca_sign(const struct ca *ca, struct signer_client *signer, const struct cert_spec *spec,
    unsigned char **cert, size_t *cert_len, struct gh_error *err) GH_MUSTCHECK;

/* All that ca_sign looks at before it asks the signer. *not_after: UTC seconds, as it would be cut.
 */
int ca_check_spec(const struct ca *ca, const struct cert_spec *spec, int64_t *not_after,
    struct gh_error *err) GH_MUSTCHECK;

/* One of a batch, of any CA. rc and err: as above. cert: NULL after a failure. */
#define CA_BATCH_MAX SIGNER_CERT_BATCH_MAX
struct ca_signing {
	const struct ca *ca;
	const struct cert_spec *spec;
	/* results */
	int rc;
	struct gh_error err;
	unsigned char *cert;
	size_t cert_len;
};
/* n of them, 1 to CA_BATCH_MAX, each with its own result: see signer_client_sign_certs. A restarted
 * signer is given the record of each CA once. */
void ca_sign_batch(struct signer_client *signer, struct ca_signing *m, size_t n);
/* May one signature take longer than all else of an enrollment together? The key lies in a token,
 * which may be slow or out of reach, or is longer than RSA-3072. */
bool ca_signs_slowly(const struct ca *ca);

/* Fill serial, thumbprint, issuer_dn and chain (leaf, then the CA's chain) of *out from a leaf. */
int ca_outcome_set_cert(struct enroll_outcome *out, const struct ca *ca, const unsigned char *leaf,
    size_t leaf_len, struct gh_error *err) GH_MUSTCHECK;

#endif
