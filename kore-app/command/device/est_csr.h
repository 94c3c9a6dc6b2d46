/* The PKCS#10 of a device, and its link to the connection on which it is sent (RFC 7030, 3.5). */
#ifndef EST_CSR_H
#define EST_CSR_H

#include <openssl/x509.h>

#include "client/client_http.h"

struct est_csr {
	X509_REQ *req;
	EVP_PKEY *key; /* borrowed: what signs it */
	/* as client_call wants it, with is_linked; else text */
	bool is_linked;
	struct client_body body;
	char *text; /* base64 */
};

/* subject and san as client_csr_build. GH_E_CONF. Release with est_csr_clear, in any case. */
int est_csr_build(struct est_csr *c, EVP_PKEY *key, const char *subject, const char *const *san,
    bool is_linked, struct gh_error *err) GH_MUSTCHECK;
/* With the names of a certificate: subject and SAN, byte for byte (4.2.2). */
int est_csr_build_like(struct est_csr *c, EVP_PKEY *key, X509 *cert, bool is_linked,
    struct gh_error *err) GH_MUSTCHECK;
/* After something was added to req. */
int est_csr_resign(struct est_csr *c, struct gh_error *err) GH_MUSTCHECK;
void est_csr_clear(struct est_csr *c);

#endif
