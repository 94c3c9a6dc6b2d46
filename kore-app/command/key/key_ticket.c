/* See key_ticket.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "durable_file.h"
#include "encoding.h"
#include "hex.h"

#include "file.h"
#include "key_ticket.h"

#define DIGEST_DIGITS (2 * KRA_RELEASE_DIGEST_SIZE)

static const char *const forms[] = {"wrapped", "pkcs12", NULL};

void
key_ticket_clear(struct key_ticket *t)
{
	OPENSSL_cleanse(t, sizeof(*t));
}

int
key_ticket_path(const char *given, const char *key_id, char out[PATH_MAX], struct gh_error *err)
{
	int n = given != NULL ? snprintf(out, PATH_MAX, "%s", given)
			      : snprintf(out, PATH_MAX, "%s.ticket", key_id);

	return n < PATH_MAX ? 0 : gh_refuse(err, GH_E_CONF, "--ticket is too long");
}

static int
print(const struct key_ticket *t, gh_json *o, char **out, struct gh_error *err)
{
	char digest[DIGEST_DIGITS + 1];
	int rc = key_session_put_octets(o, "session_key", t->key, sizeof(t->key), err);

	*out = NULL;
	if (rc == 0 &&
	    (gh_json_set_string(o, "format", forms[t->form - KRA_WRAPPED]) != 0 ||
		gh_json_set_string(o, "wrapping_sha256",
		    gh_hex_lower(t->digest, sizeof(t->digest), digest)) != 0 ||
		(t->password[0] != '\0' && gh_json_set_string(o, "password", t->password) != 0) ||
		(*out = gh_json_print(o, true)) == NULL))
		rc = gh_fail(err, GH_E_NOMEM, "ticket");
	return rc;
}

int
key_ticket_write(const char *path, const struct key_ticket *t, struct gh_error *err)
{
	gh_json *o = gh_json_new_object();
	char *text;
	int rc = print(t, o, &text, err);

	if (rc == 0)
		rc = gh_file_write(path, text, strlen(text), 0600, false, err);
	if (rc == GH_E_CONFLICT)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "%.100s is there already, of a recovery that has not ended: end it with `key retrieve` or `key cancel`, "
		    "or name another file with --ticket",
		    path);
	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
	gh_json_free(o);
	return rc;
}

/* Exactly n octets of what a member says. */
static bool
take(unsigned char *p, size_t len, unsigned char *out, size_t n)
{
	bool ok = p != NULL && len == n;

	if (ok)
		memcpy(out, p, n);
	if (p != NULL)
		OPENSSL_cleanse(p, len);
	free(p);
	return ok;
}

static bool
parse(const gh_json *o, struct key_ticket *out)
{
	const char *format = gh_json_string(gh_json_get(o, "format"));
	const char *key = gh_json_string(gh_json_get(o, "session_key"));
	const char *digest = gh_json_string(gh_json_get(o, "wrapping_sha256"));
	const char *password = gh_json_string(gh_json_get(o, "password"));
	unsigned char *p = NULL;
	size_t n = 0;

	if (format == NULL || key == NULL || digest == NULL || strlen(digest) != DIGEST_DIGITS)
		return false;
	for (int i = 0; forms[i] != NULL; i++)
		if (strcmp(format, forms[i]) == 0)
			out->form = (enum kra_form)(KRA_WRAPPED + i);
	if (out->form == 0 || gh_base64_decode(key, strlen(key), &p, &n, NULL) != 0 ||
	    !take(p, n, out->key, sizeof(out->key)) ||
	    gh_hex_decode(digest, DIGEST_DIGITS, &p, &n, NULL) != 0 ||
	    !take(p, n, out->digest, sizeof(out->digest)))
		return false;
	if (password != NULL && strlen(password) >= sizeof(out->password))
		return false;
	snprintf(out->password, sizeof(out->password), "%s", password != NULL ? password : "");
	return true;
}

int
key_ticket_read(const char *path, struct key_ticket *out, struct gh_error *err)
{
	struct stat st;
	gh_json *o = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
		return gh_refuse(err, GH_E_CONF,
		    "%.150s is readable by others: what it holds opens the recovered key (chmod 600)",
		    path);
	rc = file_read_json(path, &o, err);
	if (rc == 0 && !parse(o, out))
		rc = gh_refuse(err, GH_E_CONF, "%.150s is no ticket of `gatehouse key recover`",
		    path);
	gh_json_free(o);
	if (rc != 0)
		key_ticket_clear(out);
	return rc;
}

void
key_ticket_remove(const char *path)
{
	if (unlink(path) != 0)
		fprintf(stderr, "gatehouse: %s could not be removed; do it by hand\n", path);
}
