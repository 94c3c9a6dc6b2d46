/*
 * CsrAttrs: what an EST server wants in a PKCS#10 (RFC 8951, 4; RFC 9908). A list is written item
 * by item into a buffer, and closed.
 */
#ifndef CA_CSR_ATTRS_H
#define CA_CSR_ATTRS_H

#include "buf.h"
#include "error.h"
#include "pkcs10.h"

#define CSR_ATTRS_MAX 16384 /* bytes of a list */
#define CSR_ATTRS_RDNS_MAX 32

struct csr_attrs_key {
	enum ca_key_type type;
	const char *curve; /* of EC: "P-256" */
	int bits;          /* of RSA */
};

/* RFC 9908, 3.4: the shape of the whole request. */
struct csr_attrs_template {
	const char *rdn[CSR_ATTRS_RDNS_MAX]; /* types of the subject, OIDs; without values */
	size_t rdns;
	struct csr_attrs_key key;
	bool has_san; /* a SubjectAltName, whose names the client knows */
};

/* An item that is an OID: challengePassword, a hash of signatures. oid: dotted. */
void csr_attrs_put_oid(struct gh_buf *list, const char *oid);
/* The kind of key (RFC 9908, 3.2). */
void csr_attrs_put_key(struct gh_buf *list, const struct csr_attrs_key *key);
void csr_attrs_put_template(struct gh_buf *list, const struct csr_attrs_template *t);
/* The OID of the signature that a key of this kind makes with a hash as strong as it is, dotted;
 * NULL: its kind says it all. Static. */
const char *csr_attrs_signature(const struct csr_attrs_key *key);
/* CsrAttrs of the items of list, which is freed. *der malloc'd. GH_E_NOMEM. */
int csr_attrs_close(struct gh_buf *list, unsigned char **der, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;

#endif
