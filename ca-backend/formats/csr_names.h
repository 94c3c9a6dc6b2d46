/* The names that a request asks for, and those that it has, which may be others. */
#ifndef CA_CSR_NAMES_H
#define CA_CSR_NAMES_H

#include <openssl/x509v3.h>

#include "pkcs10.h"

struct csr_names {
	X509_NAME *subject; /* may be empty */
	GENERAL_NAMES *san; /* NULL: none */
};

/* Subject and requested SAN. GH_E_SUBJECT (public): a SAN that cannot be read. *out is the
 * caller's, and empty after a failure. */
int csr_names_read(const struct ca_pkcs10 *csr, struct csr_names *out,
    struct gh_error *err) GH_MUSTCHECK;
/*
 * The same of ChangeSubjectName (RFC 6402, 2.8), attribute of a PKCS#10 or control of a CRMF, by
 * which a client asks for other names than those that it has: what is absent in it is to be absent.
 * *found: there is one, else *out is empty. GH_E_CSR (public): it is malformed, or has neither.
 */
int csr_names_read_change(const struct ca_pkcs10 *csr, bool *found, struct csr_names *out,
    struct gh_error *err) GH_MUSTCHECK;
void csr_names_clear(struct csr_names *n); /* accepts a zeroed one */

#endif
