/* bcrypt through crypt(3) (libxcrypt): the reentrant forms, with their work area wiped. */
#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "auth_password.h"

#define BCRYPT_PREFIX "$2b$"
#define BCRYPT_COST 12                   /* about a quarter of a second */

/* Of a random password that nobody has: the partner of unknown users. */
#define NOBODY "$2b$12$oNiEP3IZwWXapsQ9.5vJ7OqD9.TZgrVa38ZBD8kFrHdbV90Tb3h6m"

/* crypt_data is 32 KiB, too much for the stack of a pool thread. out "" when crypt refuses. */
static void
run_crypt(const char *password, const char *setting, char out[AUTH_PASSWORD_HASH_SIZE])
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *hash;

	out[0] = '\0';
	if (data == NULL)
		return;
	hash = crypt_r(password, setting, data);
	if (hash != NULL && hash[0] == '$' && strlen(hash) < AUTH_PASSWORD_HASH_SIZE)
		strcpy(out, hash);
	OPENSSL_cleanse(data, sizeof(*data));
	free(data);
}

int
auth_password_hash(const char *password, char *out, size_t size, struct gh_error *err)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	size_t n = strlen(password);

	if (size < AUTH_PASSWORD_HASH_SIZE)
		return gh_fail(err, GH_E_INTERNAL, "no room for a password hash");
	out[0] = '\0';
	if (n < AUTH_PASSWORD_MIN || n > AUTH_PASSWORD_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "A password must have %d to %d bytes.",
		    AUTH_PASSWORD_MIN, AUTH_PASSWORD_MAX);
	if (crypt_gensalt_rn(BCRYPT_PREFIX, BCRYPT_COST, NULL, 0, setting, sizeof(setting)) == NULL)
		return gh_fail(err, GH_E_INTERNAL, "crypt_gensalt does not know bcrypt");
	run_crypt(password, setting, out);
	return out[0] != '\0' ? 0 : gh_fail(err, GH_E_INTERNAL, "crypt does not know bcrypt");
}

bool
auth_password_is_right(const char *password, const char *hash)
{
	char computed[AUTH_PASSWORD_HASH_SIZE];
	const char *setting = hash != NULL ? hash : NOBODY;
	bool is_right;

	/* nothing but bcrypt, whatever crypt would take */
	if (strncmp(setting, "$2", 2) != 0 || strlen(password) > AUTH_PASSWORD_MAX)
		return false;
	run_crypt(password, setting, computed);
	is_right = hash != NULL && computed[0] != '\0' && strlen(computed) == strlen(hash) &&
	    CRYPTO_memcmp(computed, hash, strlen(hash)) == 0;
	OPENSSL_cleanse(computed, sizeof(computed));
	return is_right;
}
