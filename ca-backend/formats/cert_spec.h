/*
 * What a template decided to certify: the input of ca_issue. The CA adds what is its own: version,
 * serial, issuer, AKI, SKI, CDP and AIA, and cuts notAfter to its own.
 */
#ifndef CERT_SPEC_H
#define CERT_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "error.h"

struct cert_spec {
	X509_NAME *subject;  /* may be empty; then the SAN is critical */
	unsigned char *spki; /* SubjectPublicKeyInfo of the CSR, DER */
	size_t spki_len;
	int64_t not_before, not_after;         /* UTC seconds, notBefore already backdated */
	STACK_OF(X509_EXTENSION) * extensions; /* all but SKI, AKI, CDP, AIA, in order */
	/* Names of the request that no rule allows, as text for people, malloc'd: signed only when
	 * an officer answers for them. NULL: none. */
	char *unruled_names;
	bool no_revocation_info; /* leave out CDP and the OCSP part of AIA */
};

struct cert_spec *cert_spec_new(void); /* NULL when out of memory; all empty */
void cert_spec_free(struct cert_spec *spec);

/* Append an extension: value as X509V3_EXT_i2d takes it; NULL fails. 0 or -1: out of memory. */
int cert_spec_add_extension(struct cert_spec *spec, int nid, bool is_critical,
    void *value) GH_MUSTCHECK;
/* keyUsage digitalSignature, and keyAgreement where it agrees keys, and one extended key usage
 * ("serverAuth", or dotted; NULL: none): of a service of ours. 0 or -1. */
int cert_spec_add_usage(struct cert_spec *spec, const char *usage, bool agrees_keys) GH_MUSTCHECK;

/* Append an extension of another type: dotted, and the DER of its value. 0 or -1. */
int cert_spec_add_der(struct cert_spec *spec, const char *oid, bool is_critical,
    const unsigned char *der, size_t len) GH_MUSTCHECK;

#endif
