/*
 * What belongs to certification authorities, so that nobody else gets a certificate for it: their
 * names and their keys. An end entity with the name of a CA would pass as issuer of CRLs for some
 * relying parties. Gateway and signer ask this one table, each with the CAs that it knows.
 */
#ifndef GH_CA_IDENTITY_H
#define GH_CA_IDENTITY_H

#include <stdbool.h>

#include "der.h"

/* 32-byte digests, sorted; grows only. */
struct gh_digest_set {
	size_t n, cap;
	unsigned char (*digest)[32];
};

struct gh_ca_identities {
	struct gh_digest_set names, keys;
};

/* Not locked. Adding what is there changes nothing. GH_E_SUBJECT: the name or certificate cannot be
 * read. */
/* A CA's certificate: subject, issuer and key. */
int gh_ca_identities_add_cert(struct gh_ca_identities *t, const struct gh_der *cert,
    struct gh_error *err) GH_MUSTCHECK;
int gh_ca_identities_add_name(struct gh_ca_identities *t, const struct gh_der *name,
    struct gh_error *err) GH_MUSTCHECK;
int gh_ca_identities_add_key(struct gh_ca_identities *t, const struct gh_der *spki,
    struct gh_error *err) GH_MUSTCHECK;
void gh_ca_identities_clear(struct gh_ca_identities *t); /* accepts a zeroed one; leaves it empty */

/* 0 when neither the subject (Name, DER) nor a directoryName of the subjectAltName (GeneralNames,
 * DER; empty: none) is the name of a CA, compared as dn_key.h says. GH_E_CA_POLICY, public: one is.
 * GH_E_SUBJECT: malformed. */
int gh_ca_identities_check_names(const struct gh_ca_identities *t, const struct gh_der *subject,
    const struct gh_der *san, struct gh_error *err) GH_MUSTCHECK;
/* The key of a CA, however it is encoded (spki.h). */
bool gh_ca_identities_has_key(const struct gh_ca_identities *t, const struct gh_der *spki);

#endif
