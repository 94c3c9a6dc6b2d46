/*
 * Rows of certificates from elsewhere: status 12, of an issuer in foreign_issuer, whose number is
 * negative. Nothing that asks for a certificate of one of our CAs finds them.
 *
 * A serial number is unique for its issuer only (RFC 5280, 4.1.2.2), and two issuers may have one
 * name. So an issuer is its name with what tells its key: of a self-issued certificate that key,
 * else the authorityKeyIdentifier, where there is one. Where an issuer has given a number twice,
 * and appliances that sign themselves do, the certificate that came later is taken for that of an
 * issuer of its own.
 */
#ifndef STORE_FOREIGN_CERT_ROW_H
#define STORE_FOREIGN_CERT_ROW_H

#include "formats/foreign_cert.h"
#include "store/store.h"

/* The certificate with these bytes, whoever issued it; *id 0: it is not there. */
int store_find_sha256(struct store *s, const struct gh_der *cert, int64_t *id,
    struct gh_error *err) GH_MUSTCHECK;

struct store_foreign {
	const struct foreign_cert *cert;
	struct gh_der der;
	const gh_json *metadata; /* checked; NULL: none */
	const char *request_id;  /* of the HTTP request, or NULL */
	const char *source;      /* where it came from, for the audit row "cert.imported" */
};
/* *is_new: it was not there. Twice at the same moment makes one row. */
int store_import_cert(struct store *s, const struct requester *who, const struct store_foreign *f,
    int64_t *id, bool *is_new, struct gh_error *err) GH_MUSTCHECK;

#endif
