/* The fields of a certificate that a worker asks for: read, strict and without policy. What the CA
 * that is to sign it allows is in cert_limits.h. */
#ifndef SIGNER_CERT_FIELDS_H
#define SIGNER_CERT_FIELDS_H

#include "der.h"
#include "signer/protocol/protocol.h"

#define CERT_EXTENSIONS_MAX 64 /* far more than any certificate needs */
#define CERT_RDNS_MAX 64

enum cert_key { CERT_KEY_RSA, CERT_KEY_EC, CERT_KEY_ED25519 };

/* What the fields say. Points into them. */
struct cert_facts {
	int64_t not_before, not_after;
	struct gh_der subject;  /* Name */
	struct gh_der spki;     /* SubjectPublicKeyInfo */
	struct gh_der key_bits; /* its BIT STRING, without the count of unused bits */
	struct gh_der key_id;   /* what SKI says; empty = SHA-1 of key_bits */
	enum cert_key key;
	unsigned rsa_bits;
	struct gh_der extensions; /* content of Extensions */
	struct gh_der ekus; /* content of ExtKeyUsageSyntax: OIDs; empty = no such extension */
	struct gh_der san;  /* GeneralNames; empty = no such extension */
	bool has_critical_san;
	bool is_ca;
	bool has_path_len;
	unsigned path_len;
	bool has_key_usage;
	bool may_sign_certs, may_sign_crls; /* keyUsage */
	bool has_ns_cert_type, has_issuer_alt_name;
	bool has_foreign_crl_issuer; /* a cRLIssuer in cRLDistributionPoints or freshestCRL */
};

struct cert_extension {
	struct gh_der oid, value;
	bool is_critical;
};
/* The next one of the content of Extensions. */
bool cert_take_extension(struct gh_der *list, struct cert_extension *out);

/* GH_E_SIGNER when a field is malformed, an extension stands twice, or is one that the signer
 * makes. */
int cert_fields_read(const struct signer_cert_fields *f, struct cert_facts *out,
    struct gh_error *err) GH_MUSTCHECK;

/* What holds for every certificate, whoever signs it. */
int cert_fields_check_sanity(const struct cert_facts *c, struct gh_error *err) GH_MUSTCHECK;

#endif
