/* For which key of its own a client wants the private key that is made for it encrypted (RFC 7030,
 * 4.4.1): attributes of its PKCS#10. */
#ifndef CA_DECRYPT_WISH_H
#define CA_DECRYPT_WISH_H

#include "pkcs10.h"
#include "smime_caps.h"

#define DECRYPT_KEY_ID_MAX 256 /* bytes */

enum decrypt_kind {
	DECRYPT_NONE,       /* for none: TLS protects it */
	DECRYPT_SYMMETRIC,  /* DecryptKeyIdentifier: a key-encryption key */
	DECRYPT_ASYMMETRIC, /* AsymmetricDecryptKeyIdentifier */
	/* with a password, as PKCS#12 (RFC 8295, 8.3): no attribute says so, and id is empty */
	DECRYPT_PASSWORD
};

struct decrypt_wish {
	enum decrypt_kind kind;
	struct gh_der id;       /* what the client calls the key; in csr */
	struct smime_caps caps; /* what it can decrypt */
	/* attribute contentType: EncryptedKeyPackage (RFC 8295, 8.1) */
	bool wants_key_package;
};

/* GH_E_BAD_REQUEST (public): both identifiers, one that is none, empty or too long; no
 * SMIMECapabilities beside it, or such that cannot be read; an EncryptedKeyPackage for no key. */
int decrypt_wish_read(const struct ca_pkcs10 *csr, struct decrypt_wish *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
