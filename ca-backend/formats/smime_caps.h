/*
 * SMIMECapabilities (RFC 8551, 2.5.2): what a client of EST can decrypt, of which one way is chosen
 * for the key that is made for it (RFC 7030, 4.4.1).
 */
#ifndef CA_SMIME_CAPS_H
#define CA_SMIME_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "der.h"
#include "error.h"

#define SMIME_CAPS_MAX 64 /* algorithms in one list */

/* Of AES: 128, 192, 256 bits. */
#define SMIME_AES_SIZES 3

struct smime_caps {
	bool has_cbc[SMIME_AES_SIZES];
	bool has_wrap[SMIME_AES_SIZES]; /* key wrap (RFC 3394), also as parameter of ECDH */
	bool has_rsa;                   /* PKCS#1 v1.5 */
	bool has_oaep;                  /* of any kind */
	const char *oaep; /* the first that we know: "RSA-OAEP-256", ...; NULL: none; static */
	bool has_ecdh;    /* of any kind */
	const char *ecdh; /* the same: "ECDH-SHA256", ... */
};

/* der: the whole SEQUENCE. Unknown algorithms are passed over. GH_E_BAD_REQUEST (public): it is
 * none, or has more than SMIME_CAPS_MAX. */
int smime_caps_read(const struct gh_der *der, struct smime_caps *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Names as signer/kra/key_package.h has them; static. */
struct smime_choice {
	const char *content_alg;
	const char *key_alg; /* "": AES key wrap by a kek */
};
/*
 * The strongest that the client lists, for a kek of so many bytes or for a public key. Where it
 * lists nothing at all that could be done with a public key, it is PKCS#1 v1.5 for RSA (the one
 * that each client has) and ECDH with SHA-256. GH_E_BAD_REQUEST (public): nothing fits.
 */
int smime_caps_choose_kek(const struct smime_caps *c, size_t kek_len, struct smime_choice *out,
    struct gh_error *err) GH_MUSTCHECK;
int smime_caps_choose_key(const struct smime_caps *c, const EVP_PKEY *key, struct smime_choice *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
