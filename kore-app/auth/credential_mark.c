/* Marks of passwords. See credential_mark.h. */
#include <string.h>

#include <openssl/crypto.h>

#include "digest.h"

#include "credential_mark.h"

#define OF_HASH "gatehouse mark of a local password v1"
#define OF_ENTRY "gatehouse mark of a directory password v1"

static int
make(const unsigned char secret[32], const char *label, const char *text,
    unsigned char out[CREDENTIAL_MARK_SIZE], struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE];
	int rc = gh_derive_key(secret, label, key, err);

	if (rc == 0 && !gh_hmac(GH_SHA256, key, sizeof(key), text, strlen(text), out))
		rc = gh_fail(err, GH_E_INTERNAL, "no HMAC");
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

int
credential_mark_of_hash(const unsigned char secret[32], const char *hash,
    unsigned char out[CREDENTIAL_MARK_SIZE], struct gh_error *err)
{
	return make(secret, OF_HASH, hash, out, err);
}

int
credential_mark_of_entry(const unsigned char secret[32], const struct dir_entry *e,
    unsigned char out[CREDENTIAL_MARK_SIZE], struct gh_error *err)
{
	return make(secret, OF_ENTRY, e->password_mark, out, err);
}
