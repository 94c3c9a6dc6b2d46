/* Grammar of mail addresses. See mail_address.h. */
#include <string.h>

#include "utf8.h"

#include "mail_address.h"

#define LABEL_MAX 63

/* RFC 5322, 3.2.3. */
static bool
is_atext(unsigned char c)
{
	return c != '\0' &&
	    strchr(
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~",
		c) != NULL;
}

static bool
is_dot_string(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_atext((unsigned char)s[i]))
			continue;
		if (s[i] != '.' || i == 0 || i == n - 1 || s[i - 1] == '.')
			return false;
	}
	return n > 0;
}

/* With its quotes; a backslash takes any printable character (RFC 5321, 4.1.2). */
static bool
is_quoted_string(const char *s, size_t n)
{
	if (n < 2 || s[0] != '"' || s[n - 1] != '"')
		return false;
	for (size_t i = 1; i < n - 1; i++) {
		if (s[i] < ' ' || s[i] > '~' || s[i] == '"')
			return false;
		if (s[i] == '\\' && (++i >= n - 1 || s[i] < ' ' || s[i] > '~'))
			return false;
	}
	return true;
}

static bool
is_letter_or_digit(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits and hyphens inside; characters beyond ASCII are for IDNA to judge, but none that
 * it takes for a dot or for nothing. */
static bool
is_label(const char *s, size_t n)
{
	size_t len;

	if (n == 0 || n > LABEL_MAX || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i += len) {
		uint32_t code = 0;

		if ((len = gh_utf8_char(s + i, n - i, &code)) == 0)
			return false;
		if (code < 0x80
			? !is_letter_or_digit((unsigned char)code) && code != '-'
			: code < 0xa1 || code == 0xad || (code >= 0x2000 && code <= 0x206f) ||
			    code == 0x3000 || code == 0x3002 || code >= 0xe000)
			return false;
	}
	return true;
}

static bool
is_domain(const char *s)
{
	for (;;) {
		size_t n = strcspn(s, ".");

		if (!is_label(s, n))
			return false;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}

bool
gh_mail_address_is_valid(const char *text)
{
	const char *at = strrchr(text, '@');
	size_t n;

	if (at == NULL || strlen(text) > GH_MAIL_ADDRESS_MAX)
		return false;
	n = (size_t)(at - text);
	return n <= GH_MAIL_LOCAL_MAX && (is_dot_string(text, n) || is_quoted_string(text, n)) &&
	    is_domain(at + 1);
}

const char *
gh_mail_address_domain(const char *text)
{
	const char *at = strrchr(text, '@');

	return at != NULL ? at + 1 : "";
}
