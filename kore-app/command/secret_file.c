/* Secret files. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "conf.h"
#include "durable_file.h"
#include "hex.h"

#include "file.h"
#include "secret_file.h"

#define SECRET_BYTES 32

int
secret_file_exists(const char *path, bool *exists, struct gh_error *err)
{
	unsigned char key[SECRET_BYTES];
	int rc;

	*exists = access(path, F_OK) == 0;
	if (!*exists)
		return errno == ENOENT ? 0
				       : gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	rc = gh_conf_read_key(path, key, err);
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

static int
random_line(char **out, struct gh_error *err)
{
	unsigned char raw[SECRET_BYTES];
	char *hex;

	*out = NULL;
	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random bytes");
	hex = gh_hex_encode(raw, sizeof(raw));
	OPENSSL_cleanse(raw, sizeof(raw));
	if (hex != NULL)
		*out = malloc(2 * SECRET_BYTES + 2);
	if (*out != NULL) {
		memcpy(*out, hex, 2 * SECRET_BYTES);
		memcpy(*out + 2 * SECRET_BYTES, "\n", 2);
	}
	if (hex != NULL)
		OPENSSL_cleanse(hex, 2 * SECRET_BYTES);
	free(hex);
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "secret");
}

static int
give_to(const char *path, const char *user, bool is_own, struct gh_error *err)
{
	const struct passwd *pw;

	if (user[0] == '\0' || geteuid() != 0)
		return 0;
	pw = getpwnam(user);
	if (pw == NULL)
		return gh_refuse(err, GH_E_CONF, "there is no user \"%s\" to own %s", user, path);
	return file_give(path, is_own ? pw->pw_uid : 0, pw->pw_gid, is_own ? 0600 : 0640, err);
}

int
secret_file_create(const char *path, const char *user, bool is_own, struct gh_error *err)
{
	char *line;
	int rc = random_line(&line, err);

	if (rc == 0)
		rc = gh_file_write(path, line, strlen(line), 0600, false, err);
	if (rc == 0)
		rc = give_to(path, user, is_own, err);
	if (line != NULL)
		OPENSSL_cleanse(line, strlen(line));
	free(line);
	return rc;
}
