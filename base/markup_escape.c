/* Values as they are written: one function for all places. See markup.h. */
#include <string.h>

#include "markup_private.h"
#include "utf8.h"

#define UNSEEN 0xfffd
#define REFUSED "about:invalid"

static bool
is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

/* They turn the order of what follows, so that a name reads as another one (Unicode TR 36, 2.4). */
static bool
is_override(uint32_t c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}

static void
put_html(struct gh_buf *out, uint32_t c)
{
	const char *name = c == '&' ? "&amp;"
	    : c == '<'              ? "&lt;"
	    : c == '>'              ? "&gt;"
	    : c == '"'              ? "&quot;"
	    : c == '\''             ? "&#39;"
	    : c == '`'              ? "&#96;"
				    : NULL;

	if (name != NULL)
		gh_buf_puts(out, name);
	else if (is_override(c) || (is_control(c) && c != '\n' && c != '\t' && c != '\r'))
		gh_utf8_put(out, UNSEEN);
	else
		gh_utf8_put(out, c);
}

static void
put_plain(struct gh_buf *out, uint32_t c)
{
	gh_utf8_put(out, is_control(c) ? ' ' : is_override(c) ? UNSEEN : c);
}

/* All but the unreserved characters (RFC 3986, 2.3): a value is no part of the URL's form. */
static void
put_percent(struct gh_buf *out, const char *s, size_t len)
{
	static const char unreserved[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (size_t i = 0; i < len; i++)
		if (memchr(unreserved, s[i], sizeof(unreserved) - 1) != NULL)
			gh_buf_putc(out, s[i]);
		else
			gh_buf_putf(out, "%%%02X", (unsigned char)s[i]);
}

static void
put_characters(struct gh_buf *out, const char *s, size_t left,
    void (*put)(struct gh_buf *out, uint32_t c))
{
	size_t n;
	uint32_t c;

	for (; left > 0; s += n, left -= n) {
		n = gh_utf8_char(s, left, &c);
		put(out, n > 0 ? c : UNSEEN);
		n = n > 0 ? n : 1;
	}
}

/* A path of ours, or another site by TLS. Browsers drop line ends and take "\" for "/" (WHATWG URL,
 * 4.4): neither is in an URL that is written well. */
static bool
is_url(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] <= 0x20 || s[i] == '\\' || (unsigned char)s[i] >= 0x7f)
			return false;
	return (len > 0 && s[0] == '/' && (len == 1 || s[1] != '/')) ||
	    (len > 8 && memcmp(s, "https://", 8) == 0);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "2026-01-02T03:04:05Z", as our times are; in the audit trail with digits behind a point, which
 * are no concern of people. */
static bool
is_time(const char *s, size_t len)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	size_t at = 0;

	for (; at < sizeof(form) - 1 && at < len; at++)
		if (form[at] == 'd' ? !is_digit(s[at]) : s[at] != form[at])
			return false;
	if (at < len && s[at] == '.')
		do
			at++;
		while (at < len && is_digit(s[at]));
	return at >= sizeof(form) - 1 && at + 1 == len && s[at] == 'Z';
}

void
markup_put(struct gh_buf *out, enum markup_place place, const char *s, size_t len)
{
	switch (place) {
	case MARKUP_NOWHERE:
		break;
	case MARKUP_IN_TEXT:
		put_characters(out, s, len, put_html);
		break;
	case MARKUP_IN_TIME:
		if (is_time(s, len))
			gh_buf_putf(out, "%.10s %.8s UTC", s, s + strlen("2026-01-02T"));
		else
			put_characters(out, s, len, put_html);
		break;
	case MARKUP_IN_URL:
		if (is_url(s, len))
			put_characters(out, s, len, put_html);
		else
			gh_buf_puts(out, REFUSED);
		break;
	case MARKUP_IN_URL_REST:
		put_percent(out, s, len);
		break;
	case MARKUP_IN_PLAIN:
		put_characters(out, s, len, put_plain);
		break;
	}
}
