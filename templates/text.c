/* Forms of names: is this text a DNS name, a mail address, a SID? Silent; callers explain. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "utf8.h"

#include "model.h"

bool
tmpl_text_is_ascii(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] < 0x20 || (unsigned char)s[i] >= 0x7f)
			return false;
	}
	return true;
}

bool
tmpl_text_is_utf8(const char *s, size_t len, size_t *chars)
{
	size_t count = 0, n;
	uint32_t cp;

	while (len > 0) {
		if ((n = gh_utf8_char(s, len, &cp)) == 0)
			return false;
		/* C0, DEL and C1: nothing that belongs into a name */
		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			return false;
		s += n;
		len -= n;
		count++;
	}
	if (chars != NULL)
		*chars = count;
	return true;
}

/* RFC 1034, 3.5 as relaxed by RFC 1123, 2.1; '_' because names of Windows computers may have it. */
static bool
is_label(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (i = 0; i < n; i++) {
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
			(s[i] >= '0' && s[i] <= '9') || s[i] == '-' || s[i] == '_'))
			return false;
	}
	return true;
}

bool
tmpl_text_is_dns(const char *s, bool wildcard)
{
	const char *dot, *label = s;
	bool is_numeric = true;

	if (strlen(s) > 253)
		return false;
	/* RFC 6125, 6.4.3: only a whole leftmost label, and something under which it stands */
	if (wildcard && strncmp(s, "*.", 2) == 0) {
		label = s + 2;
		if (strchr(label, '.') == NULL)
			return false;
	}
	for (;; label = dot + 1) {
		dot = strchrnul(label, '.');
		if (!is_label(label, (size_t)(dot - label)))
			return false;
		if (*dot == '\0')
			break;
	}
	/* an all-numeric last label is an IPv4 address, not a name */
	for (; *label != '\0'; label++)
		is_numeric = is_numeric && isdigit((unsigned char)*label);
	return !is_numeric;
}

bool
tmpl_text_is_mail(const char *s)
{
	const char *at = strchr(s, '@');
	size_t n = strlen(s), i;

	/* RFC 5321, 4.5.3.1: local part 64, path 254 */
	if (at == NULL || at == s || at - s > 64 || n > 254 || strchr(at + 1, '@') != NULL)
		return false;
	for (i = 0; i < n; i++) {
		if ((unsigned char)s[i] <= 0x20 || (unsigned char)s[i] >= 0x7f ||
		    strchr("<>()[]\\,;:\"", s[i]))
			return false;
	}
	return tmpl_text_is_dns(at + 1, false);
}

bool
tmpl_text_is_upn(const char *s)
{
	const char *at = strrchr(s, '@');
	size_t n = strlen(s);

	/* MS-ADTS 5.1.1.1.1: at most 1024 characters */
	return at != NULL && at != s && at[1] != '\0' && n <= 1024 && strchr(s, ' ') == NULL &&
	    tmpl_text_is_utf8(s, n, NULL);
}

/* MS-DTYP 2.4.2.1: "S-1-" authority and 1 to 15 sub-authorities */
bool
tmpl_text_is_sid(const char *s)
{
	size_t digits = 0, dashes = 0;

	if (strncmp(s, "S-1-", 4) != 0)
		return false;
	for (s += 4; *s != '\0'; s++) {
		if (*s == '-') {
			if (digits == 0)
				return false;
			dashes++;
			digits = 0;
		} else if (!isdigit((unsigned char)*s) || ++digits > 15) {
			return false;
		}
	}
	return digits > 0 && dashes >= 1 && dashes <= 15;
}

/* RFC 3986, 3.1: scheme ":" something, all in printable ASCII without blanks */
bool
tmpl_text_is_uri(const char *s)
{
	const char *colon = strchr(s, ':'), *p;

	if (colon == NULL || !isalpha((unsigned char)s[0]) || colon[1] == '\0' || strlen(s) > 2048)
		return false;
	for (p = s; p < colon; p++) {
		if (!isalnum((unsigned char)*p) && strchr("+-.", *p) == NULL)
			return false;
	}
	for (p = colon; *p != '\0'; p++) {
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f ||
		    strchr("<>\"\\^`{|}", *p) != NULL)
			return false;
	}
	return true;
}

/* Does s end with suffix, with at least one character before it? Without case. */
static bool
has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && strcasecmp(s + n - m, suffix) == 0;
}

static bool
matches_one(const char *pattern, const char *name)
{
	const char *dot;

	if (strcmp(pattern, "*") == 0)
		return true;
	if (pattern[0] == '.')
		return has_suffix(name, pattern);
	if (strncmp(pattern, "*.", 2) != 0)
		return strcasecmp(pattern, name) == 0;
	dot = strchr(name, '.');
	return dot != NULL && dot != name && strcasecmp(dot, pattern + 1) == 0;
}

bool
tmpl_text_matches_dns(const struct tmpl_list *patterns, const char *name)
{
	size_t i;

	for (i = 0; i < patterns->n; i++) {
		if (matches_one(patterns->v[i], name))
			return true;
	}
	return false;
}
