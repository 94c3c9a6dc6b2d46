/* Client certificates against trust anchors that TLS does not know: EST has some for each label. */
#ifndef CA_CLIENT_VERIFY_H
#define CA_CLIENT_VERIFY_H

#include <stdint.h>

#include <openssl/x509.h>

#include "error.h"

#define CLIENT_VERIFY_DEPTH 5 /* certificates between leaf and anchor */
#define CLIENT_VERIFY_CERTS 8 /* that a client may send */

/* What a client sent (base/http.h, client_chain), taken apart. */
struct client_certs {
	X509 *leaf;
	STACK_OF(X509) * rest; /* behind it, in no order that counts */
};
/* der: DER after DER. GH_E_AUTH_FAILED: not that, or more than CLIENT_VERIFY_CERTS. *out is empty
 * after a failure. */
int client_certs_parse(const unsigned char *der, size_t len, struct client_certs *out,
    struct gh_error *err) GH_MUSTCHECK;
void client_certs_clear(struct client_certs *c); /* accepts a zeroed one */

/*
 * The anchor that the leaf chains to, by keys: of several with one name each is tried for itself.
 * Purpose TLS client, at now (UTC seconds), with keys and signatures of 112 bits; an anchor need
 * not be self-signed. Borrowed from anchors, which may be NULL. NULL: there is none; err says why
 * the last one failed. Revocation is not asked for.
 */
X509 *client_certs_verify(const struct client_certs *c, const STACK_OF(X509) * anchors, int64_t now,
    struct gh_error *err);

/* Has it the extended key usage id-kp-cmcRA (RFC 6402, 2.10)? */
bool client_cert_is_ra(X509 *leaf);
/*
 * May the key of this certificate say in a signed message who asks? The same purpose as in TLS, so
 * that what is no log-in there is none by a message: clientAuth where extended key usages are
 * there, or id-kp-cmcRA, which is for nothing else (RFC 6402, 2.10); digitalSignature where a key
 * usage is there; no CA. Neither chain nor time are looked at.
 */
bool client_cert_may_sign(X509 *leaf);

#endif
