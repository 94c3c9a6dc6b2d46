/* Certificates that an EST server sends (RFC 7030, 4.1.3 and 4.2.3), and whether they hold. */
#ifndef EST_CERTS_H
#define EST_CERTS_H

#include <openssl/x509.h>

#include "est_call.h"

/* All of a certs-only message (base64 or DER), in its order; free with est_certs_free.
 * GH_E_BAD_REQUEST: it is none, or holds nothing. */
int est_certs_read(const void *p, size_t n, STACK_OF(X509) * *out,
    struct gh_error *err) GH_MUSTCHECK;
void est_certs_free(STACK_OF(X509) * certs);
/* The first that is for this key; borrowed. A server may send others with it, in any order. NULL:
 * none is. */
X509 *est_certs_find(STACK_OF(X509) * certs, const EVP_PKEY *key);

/* GET cacerts. */
int est_certs_fetch(struct est_server *s, STACK_OF(X509) * *out, struct gh_error *err) GH_MUSTCHECK;

/* SHA-256 of a certificate as people compare it: upper-case hex with ':'. */
#define EST_FINGERPRINT_SIZE 96
void est_certs_fingerprint(const X509 *cert, char out[EST_FINGERPRINT_SIZE]);

/*
 * What may be believed of certificates that came from an unknown server: the root with this SHA-256
 * (hex in any case, with or without ':'), what chains to it, and a root of which one of these says
 * that its key is the next one (NewWithOld, RFC 4210, 4.4); *out: the root last, free with
 * est_certs_free. Others beside them are somebody else's. GH_E_FORBIDDEN names the roots that
 * there are; GH_E_CONF: text is no SHA-256.
 */
int est_certs_trust(STACK_OF(X509) * certs, const char *text, STACK_OF(X509) * *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Takes out what links two roots that are both there (OldWithNew, NewWithOld): OpenSSL, given all
 * as trust anchors, goes from one to the other until the chain is too long. */
void est_certs_drop_links(STACK_OF(X509) * certs);

/* PEM of all; malloc'd, NULL when out of memory. */
char *est_certs_pem(STACK_OF(X509) * certs);

/*
 * Is leaf for this key, and does it chain to a self-signed certificate of cas? *chain: the issuers
 * from below to above, without the root; free with est_certs_free. GH_E_FORBIDDEN says what is
 * wrong.
 */
int est_certs_check(X509 *leaf, EVP_PKEY *key, STACK_OF(X509) * cas, STACK_OF(X509) * *chain,
    struct gh_error *err) GH_MUSTCHECK;

#endif
