/* Authorization: Digest. See digest_header.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "digest_header.h"

#define SCHEME "Digest"
#define NC_DIGITS 8
#define HEX "0123456789abcdef"

/* Parameters that are looked at; others are ignored (3.4: "any unrecognized directive"). */
enum param {
	USERNAME,
	REALM,
	NONCE,
	URI,
	RESPONSE,
	ALGORITHM,
	CNONCE,
	NC,
	QOP,
	USERHASH,
	USERNAME_EXT, /* encoded (RFC 5987): our names need none, so nobody has such a one */
	PARAMS
};
static const char *const names[PARAMS] = {"username", "realm", "nonce", "uri", "response",
    "algorithm", "cnonce", "nc", "qop", "userhash", "username*"};

/* ---- auth-param (RFC 9110, 11.2) ---- */

static bool
is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void
skip(char **p, const char *what)
{
	*p += strspn(*p, what);
}

/* A token; its end is where *p stands afterwards, and is not yet a NUL. */
static char *
take_token(char **p)
{
	char *start = *p;

	while (is_token_char(**p))
		(*p)++;
	return *p > start ? start : NULL;
}

static char *
take_quoted(char **p)
{
	char *start = ++*p, *end = start + strcspn(start, "\"\\");

	if (*end != '"')
		return NULL;
	*end = '\0';
	*p = end + 1;
	return start;
}

/* "name = value", value a token or a quoted text. Ends with *p behind it. */
static bool
take_param(char **p, char **name, char **value)
{
	char *name_end, *value_end;
	char after;

	if ((*name = take_token(p)) == NULL)
		return false;
	name_end = *p;
	skip(p, " \t");
	if (**p != '=')
		return false;
	*name_end = '\0';
	++*p;
	skip(p, " \t");
	if (**p == '"')
		return (*value = take_quoted(p)) != NULL;
	if ((*value = take_token(p)) == NULL)
		return false;
	value_end = *p;
	after = *value_end;
	*value_end = '\0';
	if (after != '\0')
		++*p;
	/* behind a token only what is between parameters */
	if (after == '\0' || after == ',')
		return true;
	skip(p, " \t");
	if ((after != ' ' && after != '\t') || (**p != ',' && **p != '\0'))
		return false;
	return true;
}

static bool
split(char *p, const char *value[PARAMS])
{
	char *name, *text;

	for (skip(&p, " \t,"); *p != '\0'; skip(&p, " \t,")) {
		if (!take_param(&p, &name, &text))
			return false;
		for (int i = 0; i < PARAMS; i++)
			if (strcasecmp(names[i], name) == 0) {
				if (value[i] != NULL)
					return false;
				value[i] = text;
			}
	}
	return true;
}

/* ---- what they mean ---- */

static bool
is_hex(const char *s, size_t digits)
{
	return strlen(s) == digits && strspn(s, HEX) == digits;
}

static bool
set_algorithm(const char *name, enum digest_hash *out)
{
	*out = name != NULL && strcasecmp(name, "SHA-256") == 0 ? DIGEST_SHA256 : DIGEST_MD5;
	return name == NULL || *out == DIGEST_SHA256 || strcasecmp(name, "MD5") == 0;
}

static bool
set_members(const char *const value[PARAMS], struct digest_header *out)
{
	static const enum param needed[] = {USERNAME, REALM, NONCE, URI, RESPONSE, CNONCE, NC, QOP};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (value[needed[i]] == NULL || value[needed[i]][0] == '\0')
			return false;
	if (value[USERNAME_EXT] != NULL || strcasecmp(value[QOP], "auth") != 0 ||
	    (value[USERHASH] != NULL && strcasecmp(value[USERHASH], "false") != 0) ||
	    !set_algorithm(value[ALGORITHM], &out->hash) ||
	    !is_hex(value[RESPONSE], out->hash == DIGEST_SHA256 ? 64 : 32) ||
	    strspn(value[NC], HEX "ABCDEF") != NC_DIGITS || value[NC][NC_DIGITS] != '\0')
		return false;
	out->count = (uint32_t)strtoul(value[NC], NULL, 16);
	out->realm = value[REALM];
	out->nonce = value[NONCE];
	out->uri = value[URI];
	out->cnonce = value[CNONCE];
	out->nc = value[NC];
	out->response = value[RESPONSE];
	out->user = value[USERNAME];
	return out->count > 0;
}

int
digest_header_parse(const char *header, struct digest_header *out, struct gh_error *err)
{
	const size_t scheme_len = strlen(SCHEME);
	const char *value[PARAMS] = {NULL};

	memset(out, 0, offsetof(struct digest_header, text));
	if (header == NULL || strncasecmp(header, SCHEME, scheme_len) != 0 ||
	    (header[scheme_len] != ' ' && header[scheme_len] != '\0'))
		return gh_fail(err, GH_E_AUTH_REQUIRED, "no Digest credentials");
	header += scheme_len;
	if (strlen(header) >= sizeof(out->text))
		return gh_fail(err, GH_E_AUTH_FAILED, "credentials of Digest are too long");
	strcpy(out->text, header);
	if (split(out->text, value) && set_members(value, out))
		return 0;
	out->user = NULL;
	return gh_fail(err, GH_E_AUTH_FAILED, "credentials of Digest are malformed");
}

int
digest_header_check(const struct digest_header *h, const struct digest_secret *secret,
    const char *method, struct gh_error *err)
{
	const char *const of_call[] = {method, h->uri, NULL};
	char a2[DIGEST_HEX_SIZE], expected[DIGEST_HEX_SIZE];
	const char *const all[] = {secret->a1[h->hash], h->nonce, h->nc, h->cnonce, "auth", a2,
	    NULL};
	int rc = digest_of(h->hash, of_call, a2, err);

	if (rc == 0)
		rc = digest_of(h->hash, all, expected, err);
	if (rc == 0 &&
	    (strlen(h->response) != strlen(expected) ||
		CRYPTO_memcmp(h->response, expected, strlen(expected)) != 0))
		rc = gh_fail(err, GH_E_AUTH_FAILED, "wrong response of Digest");
	OPENSSL_cleanse(expected, sizeof(expected));
	return rc;
}
