/*
 * AuthenticatedData of CMS (RFC 5652, 9) for who knows a password: one password recipient, PBKDF2,
 * AES key wrap, HMAC with SHA-2 (RFC 5274, 4.1).
 */
#ifndef CA_AUTH_DATA_H
#define CA_AUTH_DATA_H

#include <openssl/evp.h>

#include "buf.h"
#include "der.h"

#define AUTH_DATA_MAX (512 * 1024)      /* bytes */
#define AUTH_DATA_ITERATIONS_MAX 100000 /* of PBKDF2: anybody may have us do them */

/* All but der point into it. */
struct auth_data {
	struct gh_buf der;
	struct gh_der salt, wrapped; /* of the password recipient */
	unsigned iterations;
	const EVP_MD *prf;        /* of PBKDF2 */
	const EVP_CIPHER *wrap;   /* AES key wrap (RFC 3394) */
	const EVP_MD *mac;        /* of the HMAC */
	const EVP_MD *digest;     /* of the content */
	struct gh_der attributes; /* content of authAttrs */
	struct gh_der type;       /* content of the OID of the content type */
	struct gh_der content;    /* octets */
	struct gh_der tag;        /* the MAC */
};

/* Is this AuthenticatedData, and no other content of CMS? By its outer type alone. */
bool auth_data_is(const unsigned char *ber, size_t len);
/* BER. GH_E_BAD_REQUEST (public): malformed, without content or authenticated attributes (9.1 wants
 * them for all but id-data), other than one password recipient; GH_E_CSR_WEAK (public): algorithms
 * that are not among the above, or iterations beyond the limit. *out is empty after a failure. */
int auth_data_read(const unsigned char *ber, size_t len, struct auth_data *out,
    struct gh_error *err) GH_MUSTCHECK;
void auth_data_clear(struct auth_data *a); /* accepts an empty one */
/* Is it by who knows the password, over this content, as this type? GH_E_SIGNATURE (public): no. */
int auth_data_verify(const struct auth_data *a, const struct gh_der *password,
    struct gh_error *err) GH_MUSTCHECK;

#endif
