/* The parser of Basic credentials. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "buf.h"
#include "encoding.h"
#include "utf8.h"

#include "auth_basic.h"

#define HEADER_MAX 4096 /* characters */
#define SCHEME "Basic"

/* RFC 3629 by its lead bytes and continuations: tells the two encodings apart, and no more. */
static bool
is_utf8(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t more = p[i] < 0x80         ? 0
		    : p[i] >= 0xC2 && p[i] < 0xE0 ? 1
		    : (p[i] & 0xF0) == 0xE0       ? 2
		    : p[i] >= 0xF0 && p[i] < 0xF5 ? 3
						  : n;

		if (more >= n - i)
			return false;
		for (; more > 0; more--)
			if ((p[++i] & 0xC0) != 0x80)
				return false;
	}
	return true;
}

/* We ask for UTF-8; PowerShell 5.1 sends ISO-8859-1 all the same. false: does not fit. */
static bool
put_text(char *out, size_t max, const unsigned char *p, size_t n)
{
	bool as_is = is_utf8(p, n);
	struct gh_buf b;
	bool ok;

	if (memchr(p, '\0', n) != NULL)
		return false;
	gh_buf_init(&b, max);
	b.secret = true;
	for (size_t i = 0; i < n; i++) {
		if (as_is || p[i] < 0x80) {
			gh_buf_putc(&b, (char)p[i]);
		} else {
			gh_utf8_put(&b, p[i]);
		}
	}
	ok = gh_buf_check(&b, NULL) == 0;
	if (ok && b.len > 0)
		memcpy(out, b.data, b.len);
	out[ok ? b.len : 0] = '\0';
	gh_buf_free(&b);
	return ok;
}

static int
check_texts(const struct auth_basic *b, struct gh_error *err)
{
	/* RFC 7617, 2: no control characters */
	if (!gh_utf8_is_clean(b->user) || !gh_utf8_is_clean(b->password))
		return gh_fail(err, GH_E_AUTH_FAILED,
		    "user name or password is no UTF-8, or has controls");
	/* an empty password would be an anonymous bind that succeeds (RFC 4513, 5.1.2) */
	if (b->user[0] == '\0' || b->password[0] == '\0')
		return gh_fail(err, GH_E_AUTH_FAILED, "empty user name or password");
	return 0;
}

/* RFC 7617, 2: the user ends at the first colon; the password may hold further ones. */
static int
split(const unsigned char *p, size_t n, struct auth_basic *out, struct gh_error *err)
{
	const unsigned char *colon = n > 0 ? memchr(p, ':', n) : NULL;
	size_t user_len;

	if (colon == NULL)
		return gh_fail(err, GH_E_AUTH_FAILED, "credentials without colon");
	user_len = (size_t)(colon - p);
	if (!put_text(out->user, AUTH_USER_MAX, p, user_len) ||
	    !put_text(out->password, AUTH_PASS_MAX, colon + 1, n - user_len - 1))
		return gh_fail(err, GH_E_AUTH_FAILED,
		    "user name or password is too long or holds a NUL");
	return check_texts(out, err);
}

int
auth_basic_set(const char *user, const char *password, struct auth_basic *out, struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if (strlen(user) > AUTH_USER_MAX || strlen(password) > AUTH_PASS_MAX)
		return gh_fail(err, GH_E_AUTH_FAILED, "user name or password is too long");
	strcpy(out->user, user);
	strcpy(out->password, password);
	if ((rc = check_texts(out, err)) != 0)
		OPENSSL_cleanse(out->password, sizeof(out->password));
	return rc;
}

int
auth_basic_parse(const char *header, struct auth_basic *out, struct gh_error *err)
{
	const size_t scheme_len = sizeof(SCHEME) - 1;
	unsigned char *p = NULL;
	size_t n = 0;
	int rc;

	memset(out, 0, sizeof(*out));
	if (header == NULL || strncasecmp(header, SCHEME, scheme_len) != 0 ||
	    header[scheme_len] != ' ')
		return gh_fail(err, GH_E_AUTH_REQUIRED, "no Basic credentials");
	header += scheme_len;
	if (strlen(header) > HEADER_MAX ||
	    gh_base64_decode(header, strlen(header), &p, &n, NULL) != 0)
		return gh_fail(err, GH_E_AUTH_FAILED, "credentials are no base64 or too long");
	rc = split(p, n, out, err);
	OPENSSL_cleanse(p, n);
	free(p);
	if (rc != 0)
		OPENSSL_cleanse(out->password, sizeof(out->password));
	return rc;
}
