/* The certificate and key that an agent signs his approvals with: files of his, or a token. */
#ifndef KEY_SIGNER_H
#define KEY_SIGNER_H

#include <openssl/x509.h>

#include "options.h"

#include "key_statement.h"

struct key_signer_options {
	const char *cert, *key, *password_file, *module;
};
extern struct key_signer_options key_signer_options;
#define KEY_SIGNER_OPTIONS \
	{"signer", 0, OPTION_TEXT, &key_signer_options.cert, "FILE", \
	    "for signed approvals: your certificate as the policy names it, in PEM, or PKCS#12 with its key"}, \
	    {"signer-key", 0, OPTION_TEXT, &key_signer_options.key, "FILE|URI", \
		"its key: PEM, or pkcs11:... in a token (default: in the same file)"}, \
	    {"signer-password-file", 0, OPTION_TEXT, &key_signer_options.password_file, "FILE", \
		"password of that file or PIN of the token, first line of FILE (default: asked for)"}, \
	{ \
		"pkcs11-module", 0, OPTION_TEXT, &key_signer_options.module, "FILE", \
		    "PKCS#11 module of the token of --signer-key" \
	}

struct key_signer {
	X509 *cert;
	EVP_PKEY *key;
	char *name; /* subject of the certificate, for people */
};
/* Asks for a password or PIN when one is needed. GH_E_CONF: missing, unreadable, a wrong password,
 * key and certificate do not belong together, the certificate has ended. */
int key_signer_open(struct key_signer *out, struct gh_error *err) GH_MUSTCHECK;
void key_signer_close(struct key_signer *s);

/* The CMS SignedData of an approval (RFC 5652, without its text), base64, malloc'd. GH_E_BAD_JSON:
 * a statement without wrapping, or with control characters. */
int key_signer_sign(const struct key_signer *s, const struct key_statement *statement, char **out,
    struct gh_error *err) GH_MUSTCHECK;

/* The private key of a URI in a PKCS#11 token. */
int key_token_load(const char *module, const char *uri, const char *pin, EVP_PKEY **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
