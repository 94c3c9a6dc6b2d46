/*
 * A secret under a symmetric key: what a client archives under its session key, and gets back under
 * its own key. Each algorithm with keys of 128 and 256 bits:
 *     AES-nnn-GCM   NIST SP 800-38D, nonce of 12 octets, tag of 16 octets behind the ciphertext
 *     AES-nnn-KW    RFC 3394
 *     AES-nnn-KWP   RFC 5649
 *     AES-nnn-CBC   with the padding of RFC 5652, 6.3: not authenticated, for old clients
 */
#ifndef SIGNER_PAYLOAD_WRAP_H
#define SIGNER_PAYLOAD_WRAP_H

#include "signer/protocol/protocol_kra.h"

#define PAYLOAD_OVERHEAD 32 /* what wrapping adds at most */
#define PAYLOAD_IV_MAX 16

/* A row of the table of algorithms. */
struct payload_alg;

/* NULL: none of them. */
const struct payload_alg *payload_alg_find(const struct gh_der *name);
/* From the content of an AlgorithmIdentifier (RFC 3565, 5084, 5649), with its IV, which may be
 * empty. false: none of them, or parameters that do not fit. */
bool payload_alg_read(const struct gh_der *algorithm, const struct payload_alg **out,
    struct gh_der *iv);
size_t payload_alg_key_size(const struct payload_alg *alg); /* bytes */
/* true: what was altered is not unwrapped. */
bool payload_alg_is_authentic(const struct payload_alg *alg);

/* key: payload_alg_key_size bytes. Appends the IV (none for KW and KWP) to iv and the ciphertext to
 * out. GH_E_VALIDATION (public): a secret that does not fit, KW wraps multiples of 8 octets from 16
 * on. */
int payload_wrap(const struct payload_alg *alg, const unsigned char *key,
    const struct gh_der *secret, struct gh_buf *iv, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Append the secret to out (make it secret); with CBC its padding is still behind it, not looked
 * at: whoever told a good padding from a bad one would tell the secret (Vaudenay). GH_E_VALIDATION,
 * always with the same text: another key, altered, an IV that does not fit. */
int payload_unwrap(const struct payload_alg *alg, const unsigned char *key, const struct gh_der *iv,
    const struct gh_der *cipher, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;
/* The same with what is authenticated beside the secret: none but GCM does so. */
struct payload_form {
	struct gh_der iv, aad;
};
int payload_unwrap_form(const struct payload_alg *alg, const unsigned char *key,
    const struct payload_form *form, const struct gh_der *cipher, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Is this, behind a secret that is known to be whole, the padding of CBC? */
bool payload_is_padding(const struct gh_der *rest);

#endif
