/*
 * Textual encodings (RFC 7468). Written: base64 in lines of 64, LF, nothing around it. Private keys
 * are written by OpenSSL, whose memory for them is wiped. Requests from clients, which arrive in
 * many forms, have a reader of their own (pkcs10.h).
 */
#ifndef GH_PEM_H
#define GH_PEM_H

#include <openssl/x509.h>

#include "buf.h"
#include "http.h"

/* Append DER under a label: "CERTIFICATE", "X509 CRL", "CERTIFICATE REQUEST", "PUBLIC KEY". */
void gh_pem_put(struct gh_buf *b, const char *label, const void *der, size_t len);
/* The same of base64 in one line. */
void gh_pem_put_base64(struct gh_buf *b, const char *label, const char *base64);

/* The same as gh_pem_put as a stream: a reference of der is taken over. NULL: no memory; it is
 * given back. */
struct gh_stream *gh_pem_stream(const char *label, struct gh_shared *der);

/* pem_password_cb for what must not be encrypted: OpenSSL would ask at the terminal. */
int gh_pem_no_password(char *buf, int size, int rwflag, void *arg);

/*
 * All certificates of a text, in order; other text and blocks of other labels are passed over.
 * GH_E_CONF: there is none, or one cannot be read: a chain that ends too early is found by its
 * users only. *out is to be freed with sk_X509_pop_free, and NULL after a failure.
 */
int gh_pem_read_certs(const char *text, size_t len, STACK_OF(X509) * *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
