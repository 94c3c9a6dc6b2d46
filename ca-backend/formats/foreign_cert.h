/*
 * A certificate that somebody else made, as the inventory takes it (docs/inventory.md,
 * "Certificates from elsewhere"): whatever the world has issued is read as far as it can be told,
 * and what cannot be stored is refused in words.
 */
#ifndef CA_FOREIGN_CERT_H
#define CA_FOREIGN_CERT_H

#include <openssl/x509.h>

#include "cert_parts.h"
#include "error.h"

#define FOREIGN_CERT_MAX ((size_t)128 * 1024) /* bytes of DER */
#define FOREIGN_SERIAL_MAX 32                 /* octets; RFC 5280 allows 20 */
/* What the inventory can look for: the rest stands in the certificate alone. */
#define CERT_NAMES_MAX 2000 /* alternative names */
#define CERT_NAME_MAX 1000  /* bytes of one */
#define CERT_SUBJECT_MAX 4000

struct foreign_cert {
	X509 *x509;
	struct cert_parts parts; /* point into the DER that was read */
	struct gh_der key_id;    /* that its authorityKeyIdentifier names; empty: none */
	bool is_self_issued;     /* its subject is its issuer */
	const char *note;        /* what is not looked for, in words; NULL: nothing. Static */
};

/* Nothing is verified. GH_E_BAD_REQUEST says what is wrong with it. der outlives *out, which is for
 * foreign_cert_clear in any case. */
int foreign_cert_read(const unsigned char *der, size_t len, struct foreign_cert *out,
    struct gh_error *err) GH_MUSTCHECK;
void foreign_cert_clear(struct foreign_cert *c);

#endif
