/* The usual spellings of an account's name. Which entries they stand for is decided in lookup.c. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "name.h"

#define HOST_PREFIX "host/"

/* RFC 4518, 2.6: directories ignore outer spaces, so that " alice" would be a second spelling that
 * our limits per user do not know. */
static bool
is_plausible(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > DIR_NAME_MAX || text[0] == ' ' || text[n - 1] == ' ')
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

/* Cuts "@realm" off when it is ours. true when local holds no foreign realm. */
static bool
cut_realm(char *local, const char *realm)
{
	char *at = strrchr(local, '@');

	if (at == NULL)
		return true;
	if (*realm == '\0' || strcasecmp(at + 1, realm) != 0)
		return false;
	*at = '\0';
	return strchr(local, '@') == NULL;
}

static int
foreign(struct gh_error *err)
{
	return gh_fail(err, GH_E_NOT_IN_DIRECTORY, "name is of another domain or realm");
}

/* *rest: what comes after "DOMAIN\", else all of it. */
static int
skip_domain(const char *text, const char *netbios_domain, const char **rest, struct gh_error *err)
{
	const char *slash = strchr(text, '\\');
	size_t n;

	*rest = text;
	if (slash == NULL)
		return 0;
	n = (size_t)(slash - text);
	if (n == 0 || strlen(netbios_domain) != n || strncasecmp(text, netbios_domain, n) != 0)
		return foreign(err);
	*rest = slash + 1;
	return strpbrk(*rest, "\\@/") == NULL
	    ? 0
	    : gh_fail(err, GH_E_NOT_IN_DIRECTORY, "not an account name");
}

static int
parse(const char *text, const char *netbios_domain, const char *realm, struct dir_name *out,
    struct gh_error *err)
{
	const char *rest;
	bool is_ours, has_realm;
	size_t n;
	int rc;

	memset(out, 0, sizeof *out);
	if (!is_plausible(text))
		return gh_fail(err, GH_E_NOT_IN_DIRECTORY, "not an account name");
	strcpy(out->full, text);
	if ((rc = skip_domain(text, netbios_domain, &rest, err)) != 0)
		return rc;
	strcpy(out->local, rest);
	has_realm = strchr(rest, '@') != NULL;
	is_ours = cut_realm(out->local, realm);
	n = strlen(out->local);

	if (strncasecmp(rest, HOST_PREFIX, strlen(HOST_PREFIX)) == 0) {
		out->kind = DIR_NAME_HOST;
		memmove(out->local, out->local + strlen(HOST_PREFIX), n - strlen(HOST_PREFIX) + 1);
	} else if (is_ours && n > 0 && out->local[n - 1] == '$') {
		out->kind = DIR_NAME_COMPUTER;
		out->local[n - 1] = '\0';
	} else {
		out->kind = has_realm ? DIR_NAME_PRINCIPAL : DIR_NAME_USER;
	}
	if (!is_ours) {
		/* may still be some user's principal name; never a computer's */
		if (out->kind != DIR_NAME_PRINCIPAL)
			return foreign(err);
		out->local[0] = '\0';
	} else if (out->local[0] == '\0') {
		return gh_fail(err, GH_E_NOT_IN_DIRECTORY, "not an account name");
	}
	return 0;
}

int
dir_name_parse(const char *text, const char *netbios_domain, const char *realm,
    struct dir_name *out, struct gh_error *err)
{
	int rc = parse(text, netbios_domain, realm, out, err);

	if (rc != 0)
		memset(out, 0, sizeof(*out));
	return rc;
}
