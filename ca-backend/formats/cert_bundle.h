/*
 * The certificates in bytes of whatever form: PEM (certificates and PKCS#7, other blocks are passed
 * over), DER (one certificate or several behind each other, PKCS#7), PKCS#12, or base64 of these.
 * What is wrong with one of them does not hide the others.
 */
#ifndef CA_CERT_BUNDLE_H
#define CA_CERT_BUNDLE_H

#include "der.h"
#include "error.h"

#define CERT_BUNDLE_MAX 10000                        /* certificates of one */
#define CERT_BUNDLE_BYTES ((size_t)64 * 1024 * 1024) /* that are read */

struct cert_bundle_item {
	int line;           /* of the text where it begins; 0: it is no text */
	int number;         /* from 1, of those in the bytes */
	unsigned char *der; /* owned; NULL: */
	size_t len;
	char wrong[100]; /* why it is none */
};

struct cert_bundle {
	struct cert_bundle_item *item;
	size_t n, cap;
	int keys; /* private keys that were there, and were not looked at */
};

/*
 * password: of a PKCS#12; NULL: it has none. Items are in the order of the bytes. GH_E_BAD_REQUEST:
 * there is nothing of these forms in it; GH_E_AUTH_FAILED: a PKCS#12, and the password is not
 * right; GH_E_TOO_LARGE. *out is for cert_bundle_clear in any case.
 */
int cert_bundle_read(const void *bytes, size_t len, const char *password, struct cert_bundle *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Would a password help? */
bool cert_bundle_is_pkcs12(const void *bytes, size_t len);
void cert_bundle_clear(struct cert_bundle *b);

/* For readers of one form. der: copied; NULL: an item that is wrong. */
int cert_bundle_add(struct cert_bundle *b, int line, const struct gh_der *der, const char *wrong,
    struct gh_error *err) GH_MUSTCHECK;

#endif
