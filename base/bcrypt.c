/* bcrypt through crypt(3) (libxcrypt): the reentrant forms, with their work area wiped. */
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "bcrypt.h"
#include "digest.h"
#include "encoding.h"

#define BCRYPT_PREFIX "$2b$"
#define BCRYPT_COST 12 /* about a quarter of a second */

/* Of a random password that nobody has: the partner of unknown users. */
#define NOBODY "$2b$12$oNiEP3IZwWXapsQ9.5vJ7OqD9.TZgrVa38ZBD8kFrHdbV90Tb3h6m"

/* crypt_data is 32 KiB, too much for the stack of a pool thread. out "" when crypt refuses. */
static void
run_crypt(const char *text, const char *setting, char out[GH_BCRYPT_SIZE])
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *hash;

	out[0] = '\0';
	if (data == NULL)
		return;
	hash = crypt_r(text, setting, data);
	if (hash != NULL && hash[0] == '$' && strlen(hash) < GH_BCRYPT_SIZE)
		strcpy(out, hash);
	OPENSSL_cleanse(data, sizeof(*data));
	free(data);
}

int
gh_bcrypt_hash(const char *text, char out[GH_BCRYPT_SIZE], struct gh_error *err)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	out[0] = '\0';
	if (strlen(text) > GH_BCRYPT_MAX)
		return gh_fail(err, GH_E_INTERNAL, "more than %d bytes for bcrypt", GH_BCRYPT_MAX);
	if (crypt_gensalt_rn(BCRYPT_PREFIX, BCRYPT_COST, NULL, 0, setting, sizeof(setting)) == NULL)
		return gh_fail(err, GH_E_INTERNAL, "crypt_gensalt does not know bcrypt");
	run_crypt(text, setting, out);
	return out[0] != '\0' ? 0 : gh_fail(err, GH_E_INTERNAL, "crypt does not know bcrypt");
}

bool
gh_bcrypt_is_right(const char *text, const char *hash)
{
	char computed[GH_BCRYPT_SIZE];
	const char *setting = hash != NULL ? hash : NOBODY;
	bool is_right;

	/* nothing but bcrypt, whatever crypt would take */
	if (strncmp(setting, "$2", 2) != 0 || strlen(text) > GH_BCRYPT_MAX)
		return false;
	run_crypt(text, setting, computed);
	is_right = hash != NULL && computed[0] != '\0' && strlen(computed) == strlen(hash) &&
	    CRYPTO_memcmp(computed, hash, strlen(hash)) == 0;
	OPENSSL_cleanse(computed, sizeof(computed));
	return is_right;
}

/* malloc'd: 44 characters, whatever the text. NULL when out of memory. */
static char *
shorten(const char *text)
{
	unsigned char md[GH_DIGEST_MAX];
	char *out = NULL;

	if (gh_digest(GH_SHA256, text, strlen(text), md))
		out = gh_base64_encode(md, gh_digest_size(GH_SHA256), GH_BASE64_ONE_LINE);
	OPENSSL_cleanse(md, sizeof(md));
	return out;
}

static void
wipe(char *s)
{
	OPENSSL_cleanse(s, strlen(s));
	free(s);
}

int
gh_bcrypt_hash_long(const char *text, char out[GH_BCRYPT_SIZE], struct gh_error *err)
{
	char *digest = shorten(text);
	int rc;

	out[0] = '\0';
	if (digest == NULL)
		return gh_fail(err, GH_E_NOMEM, "digest of a password");
	rc = gh_bcrypt_hash(digest, out, err);
	wipe(digest);
	return rc;
}

bool
gh_bcrypt_is_right_long(const char *text, const char *hash)
{
	char *digest = shorten(text);
	bool is_right;

	if (digest == NULL)
		return false;
	is_right = gh_bcrypt_is_right(digest, hash);
	wipe(digest);
	return is_right;
}
