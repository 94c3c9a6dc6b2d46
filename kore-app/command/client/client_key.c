/* Making, reading and keeping the client's key. */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "durable_file.h"
#include "key_alg.h"

#include "client_key.h"
#include "prompt.h"

int
client_key_generate(const char *type, EVP_PKEY **out, struct gh_error *err)
{
	*out = NULL;
	if (!gh_key_is_name(type))
		return gh_refuse(err, GH_E_CONF, "key type \"%s\": use " GH_KEY_NAMES, type);
	*out = gh_key_make(type);
	return *out != NULL ? 0 : gh_fail(err, GH_E_INTERNAL, "no %s key could be made", type);
}

int
client_key_load(const char *path, const char *password, EVP_PKEY **out, struct gh_error *err)
{
	BIO *bio = BIO_new_file(path, "r");

	*out = NULL;
	if (bio == NULL) {
		ERR_clear_error();
		return gh_refuse(err, GH_E_CONF, "%s: the key file cannot be read", path);
	}
	*out =
	    PEM_read_bio_PrivateKey(bio, NULL, prompt_give_password, (void *)(uintptr_t)password);
	BIO_free(bio);
	if (*out != NULL)
		return 0;
	ERR_clear_error();
	return gh_refuse(err, GH_E_CONF,
	    password != NULL
		? "%s: no PEM private key, or the password is wrong"
		: "%s: no PEM private key; if it is encrypted, give --key-password-file",
	    path);
}

int
client_key_write(const char *path, EVP_PKEY *key, const char *password, bool replace,
    struct gh_error *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *data;
	long n;
	int rc,
	    ok = bio != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(bio, key, password != NULL ? EVP_aes_256_cbc() : NULL,
		password, password != NULL ? (int)strlen(password) : 0, NULL, NULL) == 1;

	if (ok) {
		n = BIO_get_mem_data(bio, &data);
		rc = gh_file_write(path, data, (size_t)n, 0600, replace, err);
	} else
		rc = gh_fail(err, GH_E_INTERNAL, "the key cannot be written as PEM");
	BIO_free(bio);
	return rc;
}
