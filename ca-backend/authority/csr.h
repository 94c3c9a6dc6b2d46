/* A CA whose certificate comes from a CA elsewhere: its request (PKCS#10, RFC 2986). The answer is
 * taken by complete.h. */
#ifndef AUTHORITY_CSR_H
#define AUTHORITY_CSR_H

#include "make.h"

/* What can be said of spec alone; authority_csr begins with it. GH_E_CONF names the setting. */
int authority_csr_check(const struct authority_new_ca *spec, const struct authority_words *words,
    struct gh_error *err) GH_MUSTCHECK;
/*
 * With spec->subject the CA is new: key and row are made, and it is pending. Without, the request
 * is for the key of the CA spec->settings.name; of a pending one it is the request that was made.
 * *csr: DER, malloc'd. GH_E_CONF names the setting, or there is no such CA and no subject;
 * GH_E_CONFLICT: there is one and a subject, or it is retired or superseded; GH_E_CA_UNAVAILABLE:
 * its key is not here; GH_E_CA_PASSWORD.
 */
int authority_csr(const struct authority *a, const struct authority_new_ca *spec,
    unsigned char **csr, size_t *len, struct gh_error *err) GH_MUSTCHECK;

/* For complete.c: request and pending record for the present key; both malloc'd, also after a
 * failure. */
struct authority_request {
	unsigned char *csr, *pending;
	size_t csr_len, pending_len;
};
int authority_csr_of_key(const struct authority *a, const struct ca *ca,
    struct authority_request *out, struct gh_error *err) GH_MUSTCHECK;
void authority_request_free(struct authority_request *r);

#endif
