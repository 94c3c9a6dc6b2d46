/* Making a mail. See mime.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <idn2.h>

#include "encoding.h"
#include "mail_address.h"
#include "utf8.h"

#include "mime.h"

#define LINE_MAX_QP 76   /* characters of a line with its "=" (RFC 2045, 6.7) */
#define ENCODED_BYTES 39 /* of text in one encoded word: 64 characters, 73 behind "Subject: " */
#define HEADER_TEXT_MAX \
	900 /* bytes of a subject or name: no line may pass 998 (RFC 5322, 2.1.1) \
	     */

/* --- headers ---------------------------------------------------------------------------------- */

static int
check_text(const char *what, const char *text, struct gh_error *err)
{
	size_t n = strlen(text);

	if (n > HEADER_TEXT_MAX)
		return gh_refuse(err, GH_E_VALIDATION, "%s of a mail has more than %d bytes", what,
		    HEADER_TEXT_MAX);
	if (!gh_utf8_is_valid(text, n))
		return gh_refuse(err, GH_E_VALIDATION, "%s of a mail is not UTF-8", what);
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
		/* C1 too, in UTF-8: U+0080 to U+009F */
		if (*p < ' ' || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
			return gh_refuse(err, GH_E_VALIDATION,
			    "%s of a mail has a control character", what);
	return 0;
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* As encoded words, one a line. */
static void
put_encoded(struct gh_buf *b, const char *text)
{
	size_t left = strlen(text);

	for (const char *before = ""; left > 0; before = "\r\n ") {
		size_t n = left > ENCODED_BYTES ? gh_utf8_cut(text, left, ENCODED_BYTES) : left;
		char *base64 = gh_base64_encode(text, n, GH_BASE64_ONE_LINE);

		if (base64 == NULL || n == 0) {
			free(base64);
			b->failed = true;
			return;
		}
		gh_buf_putf(b, "%s=?UTF-8?B?%s?=", before, base64);
		free(base64);
		text += n;
		left -= n;
	}
}

/* Folded at blanks (RFC 5322, 2.2.3). column: what stands in the line already. */
static void
put_folded(struct gh_buf *b, const char *text, size_t column)
{
	while (*text != '\0') {
		size_t n = 1 + strcspn(text + 1, " ");

		if (column + n > 76 && *text == ' ' && text[strspn(text, " ")] != '\0') {
			gh_buf_puts(b, "\r\n");
			column = 0;
		}
		gh_buf_put(b, text, n);
		column += n;
		text += n;
	}
}

/* Long words and many blanks, which cannot be folded, are encoded, and so is what looks like an
 * encoded word: it arrives as it is. */
static void
put_subject(struct gh_buf *b, const char *text)
{
	bool is_plain = is_ascii(text) && strstr(text, "=?") == NULL && strstr(text, "  ") == NULL;

	for (const char *p = text; is_plain && *p != '\0'; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		is_plain = n <= 60;
		p += n;
	}
	gh_buf_puts(b, "Subject: ");
	if (is_plain)
		put_folded(b, text, strlen("Subject: "));
	else
		put_encoded(b, text);
	gh_buf_puts(b, "\r\n");
}

static void
put_mailbox(struct gh_buf *b, const char *header, const char *name, const char *address)
{
	gh_buf_putf(b, "%s: ", header);
	if (*name != '\0' && (!is_ascii(name) || strlen(name) > 60)) {
		put_encoded(b, name);
		gh_buf_puts(b, "\r\n ");
	} else if (*name != '\0') {
		gh_buf_putc(b, '"');
		for (; *name != '\0'; name++) {
			if (*name == '"' || *name == '\\')
				gh_buf_putc(b, '\\');
			gh_buf_putc(b, *name);
		}
		gh_buf_puts(b, "\"\r\n ");
	}
	gh_buf_putf(b, "<%s>\r\n", address);
}

static void
put_date(struct gh_buf *b, int64_t date)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
	    "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)date;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 0 || tm.tm_year > 8099) {
		b->failed = true;
		return;
	}
	gh_buf_putf(b, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

int
mime_ascii_address(const char *address, char **out, struct gh_error *err)
{
	char *domain = NULL;
	const char *at;
	int rc = 0;

	*out = NULL;
	if (!gh_mail_address_is_valid(address))
		return gh_refuse(err, GH_E_VALIDATION, "\"%.100s\" is no address of e-mail",
		    address);
	at = gh_mail_address_domain(address);
	if (idn2_to_ascii_8z(at, &domain, IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES) !=
	    IDN2_OK)
		return gh_refuse(err, GH_E_VALIDATION,
		    "\"%.100s\" is no address of e-mail: its domain is no name of DNS", address);
	if (asprintf(out, "%.*s%s", (int)(at - address), address, domain) < 0) {
		*out = NULL;
		rc = gh_fail(err, GH_E_NOMEM, "address");
	} else if (!is_ascii(*out) || !gh_mail_address_is_valid(*out)) {
		free(*out);
		*out = NULL;
		rc = gh_refuse(err, GH_E_VALIDATION, "\"%.100s\" is no address of e-mail", address);
	}
	idn2_free(domain);
	return rc;
}

static int
put_headers(struct gh_buf *b, const struct mime_mail *m, struct gh_error *err)
{
	char *from = NULL, *to = NULL;
	int rc;

	if ((rc = check_text("the subject", m->subject, err)) != 0 ||
	    (rc = check_text("the name of the sender", m->from_name, err)) != 0 ||
	    (rc = check_text("the name of a recipient", m->to_name, err)) != 0 ||
	    (rc = check_text("the id", m->id, err)) != 0)
		return rc;
	if ((rc = mime_ascii_address(m->from, &from, err)) == 0 &&
	    (rc = mime_ascii_address(m->to, &to, err)) == 0) {
		put_date(b, m->date);
		put_mailbox(b, "From", m->from_name, from);
		put_mailbox(b, "To", m->to_name, to);
		put_subject(b, m->subject);
		gh_buf_putf(b, "Message-ID: <%s@%s>\r\n", m->id, gh_mail_address_domain(from));
		gh_buf_puts(b,
		    "Auto-Submitted: auto-generated\r\n"
		    "X-Auto-Response-Suppress: All\r\n"
		    "MIME-Version: 1.0\r\n");
	}
	free(from);
	free(to);
	return rc;
}

/* --- body ------------------------------------------------------------------------------------- */

/* RFC 2045, 6.7. A dot or "From " at the begin of a line, and "=" anyway, are encoded, so that no
 * mail server changes them. */
static bool
is_literal(const char *p, size_t column)
{
	unsigned char c = (unsigned char)*p;

	if ((c == '.' || c == 'F' || c == '-') && column == 0)
		return false;
	if (c == ' ' || c == '\t')
		return p[1] != '\n' && p[1] != '\r' && p[1] != '\0';
	return c > ' ' && c < 0x7f && c != '=';
}

static void
put_quoted(struct gh_buf *b, const char *text)
{
	size_t column = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\r' && p[1] == '\n')
			continue;
		if (*p == '\n') {
			gh_buf_puts(b, "\r\n");
			column = 0;
			continue;
		}
		if (column + 3 >= LINE_MAX_QP) {
			gh_buf_puts(b, "=\r\n");
			column = 0;
		}
		if (is_literal(p, column)) {
			gh_buf_putc(b, *p);
			column++;
		} else {
			gh_buf_putf(b, "=%02X", (unsigned char)*p);
			column += 3;
		}
	}
	if (column > 0)
		gh_buf_puts(b, "\r\n");
}

static void
put_part(struct gh_buf *b, const char *type, const char *text)
{
	gh_buf_putf(b,
	    "Content-Type: %s; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
	    type);
	put_quoted(b, text);
}

/* The boundary cannot stand in a part: "=_" is no quoted-printable. */
static void
put_body(struct gh_buf *b, const struct mime_mail *m)
{
	if (m->html == NULL) {
		put_part(b, "text/plain", m->text);
		return;
	}
	gh_buf_putf(b, "Content-Type: multipart/alternative;\r\n boundary=\"=_%s\"\r\n\r\n", m->id);
	gh_buf_putf(b, "--=_%s\r\n", m->id);
	put_part(b, "text/plain", m->text);
	gh_buf_putf(b, "--=_%s\r\n", m->id);
	put_part(b, "text/html", m->html);
	gh_buf_putf(b, "--=_%s--\r\n", m->id);
}

int
mime_build(const struct mime_mail *m, struct gh_buf *out, struct gh_error *err)
{
	int rc;

	if (!gh_utf8_is_valid(m->text, strlen(m->text)) ||
	    (m->html != NULL && !gh_utf8_is_valid(m->html, strlen(m->html))))
		return gh_refuse(err, GH_E_VALIDATION, "the text of a mail is not UTF-8");
	if ((rc = put_headers(out, m, err)) != 0)
		return rc;
	put_body(out, m);
	return gh_buf_check(out, err);
}
