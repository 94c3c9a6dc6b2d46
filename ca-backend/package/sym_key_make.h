/* Symmetric keys for clients, made (RFC 6031, 7191). */
#ifndef PACKAGE_SYM_KEY_MAKE_H
#define PACKAGE_SYM_KEY_MAKE_H

#include <openssl/x509.h>

#include "der.h"
#include "error.h"

#define SYM_KEY_BITS_MAX 4096
#define SYM_KEY_COUNT_MAX 256
#define SYM_KEY_PACKAGE_MAX (256 * 1024) /* bytes */

struct sym_key_order {
	int bits;              /* of each key: a multiple of 8 */
	int count;             /* keys */
	const char *algorithm; /* as clients know it (RFC 6031, 3.2.2); NULL: nothing is said */
	const char *id;        /* text: keys are called ID-1, ID-2 ... (3.2.1) */
};

/* Appended to out, which should be secret: a SymmetricKeyPackage with keys of the DRBG.
 * GH_E_BAD_REQUEST (public), GH_E_INTERNAL. */
int sym_key_package_make(const struct sym_key_order *o, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

/* The EnvelopedData (RFC 5652, 6) around a SignedData, for the key of cert (cms_encrypt.h).
 * message: ContentInfo of the SignedData; out: not within one. GH_E_BAD_REQUEST (public): the key
 * of that certificate does not encrypt, or its time is over. */
int sym_key_envelope(const struct gh_der *message, X509 *cert, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
