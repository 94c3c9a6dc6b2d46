/* Rules for passwords of local administrators around base/bcrypt.h. */
#include <string.h>

#include "auth_password.h"

int
auth_password_hash(const char *password, char *out, size_t size, struct gh_error *err)
{
	size_t n = strlen(password);

	if (size < AUTH_PASSWORD_HASH_SIZE)
		return gh_fail(err, GH_E_INTERNAL, "no room for a password hash");
	out[0] = '\0';
	if (n < AUTH_PASSWORD_MIN || n > AUTH_PASSWORD_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "A password must have %d to %d bytes.",
		    AUTH_PASSWORD_MIN, AUTH_PASSWORD_MAX);
	return gh_bcrypt_hash(password, out, err);
}

bool
auth_password_is_right(const char *password, const char *hash)
{
	return gh_bcrypt_is_right(password, hash);
}
