/* STARTTLS. See scan_start.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ber.h"

#include "scan_start.h"

#define ANSWER_MAX 16384 /* bytes of one answer */
#define LINES_MAX 100

/* What has come, and is not read yet. */
struct answer {
	struct scan_link *l;
	char text[ANSWER_MAX];
	size_t len;
};

static bool
fail(struct scan_link *l, const char *why)
{
	snprintf(l->why, sizeof(l->why), "STARTTLS: %s", why);
	return false;
}

static bool
read_more(struct answer *a)
{
	size_t n;

	if (a->len == sizeof(a->text))
		return fail(a->l, "an answer is too long");
	n = scan_link_read(a->l, a->text + a->len, sizeof(a->text) - a->len);
	a->len += n;
	return n > 0;
}

static void
drop(struct answer *a, size_t n)
{
	memmove(a->text, a->text + n, a->len - n);
	a->len -= n;
}

/* Without its end. line: ANSWER_MAX bytes. */
static bool
take_line(struct answer *a, char *line)
{
	const char *nl;
	size_t n;

	while ((nl = memchr(a->text, '\n', a->len)) == NULL)
		if (!read_more(a))
			return false;
	n = (size_t)(nl - a->text);
	memcpy(line, a->text, n);
	line[n > 0 && line[n - 1] == '\r' ? n - 1 : n] = '\0';
	drop(a, n + 1);
	return true;
}

/* Nothing may stand between the answer and TLS. */
static bool
is_clean(const struct answer *a)
{
	return a->len == 0 || fail(a->l, "it sends bytes between its answer and TLS");
}

static bool
say(struct answer *a, const char *text)
{
	return is_clean(a) && scan_link_write(a->l, text, strlen(text));
}

/* ---- SMTP ---- */

/* "250-..." until "250 ...". has: set where one of the lines is this word. */
static bool
smtp_answer(struct answer *a, const char *code, const char *word, bool *has)
{
	char line[ANSWER_MAX];

	for (int i = 0; i < LINES_MAX; i++) {
		if (!take_line(a, line))
			return false;
		if (strncmp(line, code, 3) != 0 ||
		    (line[3] != '-' && line[3] != ' ' && line[3] != '\0'))
			return fail(a->l, "the mail server refuses, or speaks no SMTP");
		if (word != NULL && line[3] != '\0' && strcasecmp(line + 4, word) == 0)
			*has = true;
		if (line[3] != '-')
			return true;
	}
	return fail(a->l, "an answer has too many lines");
}

static bool
start_smtp(struct answer *a)
{
	bool has = false;

	if (!smtp_answer(a, "220", NULL, NULL) || !say(a, "EHLO gatehouse.invalid\r\n") ||
	    !smtp_answer(a, "250", "STARTTLS", &has))
		return false;
	if (!has)
		return fail(a->l, "the mail server does not offer it");
	return say(a, "STARTTLS\r\n") && smtp_answer(a, "220", NULL, NULL);
}

/* ---- IMAP ---- */

static bool
start_imap(struct answer *a)
{
	char line[ANSWER_MAX];

	if (!take_line(a, line))
		return false;
	if (strncasecmp(line, "* OK", 4) != 0)
		return fail(a->l, "it speaks no IMAP");
	/* lines without a tag may come before and behind it */
	if (!scan_link_write(a->l, "a STARTTLS\r\n", 12))
		return false;
	for (int i = 0; i < LINES_MAX; i++) {
		if (!take_line(a, line))
			return false;
		if (strncasecmp(line, "a OK", 4) == 0)
			return true;
		if (line[0] != '*')
			return fail(a->l, "the mail server refuses");
	}
	return fail(a->l, "an answer has too many lines");
}

/* ---- LDAP ---- */

#define LDAP_EXTENDED_RESPONSE 0x78 /* [APPLICATION 24] */

/* LDAPMessage with an ExtendedRequest of the OID 1.3.6.1.4.1.1466.20037 */
static const unsigned char ldap_start[] = {0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16,
    '1', '.', '3', '.', '6', '.', '1', '.', '4', '.', '1', '.', '1', '4', '6', '6', '.', '2', '0',
    '0', '3', '7'};

/* Servers write the lengths of BER in more octets than they need; all of them are definite. 0: more
 * has to come; SIZE_MAX: no message that is short enough. */
static size_t
ldap_length(const struct answer *a)
{
	const unsigned char *p = (const unsigned char *)a->text;
	size_t octets, n = 0;

	if (a->len < 2)
		return 0;
	if (p[0] != GH_DER_SEQUENCE || p[1] == 0x80 || p[1] > 0x84)
		return SIZE_MAX;
	if (p[1] < 0x80)
		return 2 + (size_t)p[1];
	octets = p[1] & 0x7f;
	if (a->len < 2 + octets)
		return 0;
	for (size_t i = 0; i < octets; i++)
		n = n << 8 | p[2 + i];
	return n > ANSWER_MAX - 8 ? SIZE_MAX : 2 + octets + n;
}

static bool
start_ldap(struct answer *a)
{
	struct gh_buf der;
	struct gh_der in, message, op, code;
	size_t n;
	bool ok;

	if (!scan_link_write(a->l, ldap_start, sizeof(ldap_start)))
		return false;
	while ((n = ldap_length(a)) == 0 || (n != SIZE_MAX && a->len < n))
		if (!read_more(a))
			return false;
	if (n == SIZE_MAX)
		return fail(a->l, "it speaks no LDAP");
	gh_buf_init(&der, ANSWER_MAX);
	ok = gh_ber_put_der(&(struct gh_der){(const unsigned char *)a->text, n}, &der);
	in = (struct gh_der){der.data, der.len};
	ok = ok && gh_der_take(&in, GH_DER_SEQUENCE, &message) &&
	    gh_der_take(&message, GH_DER_INTEGER, NULL) &&
	    gh_der_take(&message, LDAP_EXTENDED_RESPONSE, &op) &&
	    gh_der_take(&op, GH_DER_ENUMERATED, &code) && code.len == 1 && code.p[0] == 0;
	gh_buf_free(&der);
	drop(a, n);
	return ok || fail(a->l, "the directory refuses");
}

/* ---- PostgreSQL ---- */

static bool
start_postgres(struct answer *a)
{
	static const unsigned char request[] = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};

	if (!scan_link_write(a->l, request, sizeof(request)) || !read_more(a))
		return false;
	if (a->text[0] != 'S')
		return fail(a->l,
		    a->text[0] == 'N' ? "the database has no TLS" : "it is no PostgreSQL");
	drop(a, 1);
	return true;
}

bool
scan_start(struct scan_link *l, enum scan_start how)
{
	static bool (*const dialogues[SCAN_STARTS])(struct answer * a) = {[SCAN_SMTP] = start_smtp,
	    [SCAN_IMAP] = start_imap,
	    [SCAN_LDAP] = start_ldap,
	    [SCAN_POSTGRES] = start_postgres};
	struct answer a = {.l = l};

	return dialogues[how] == NULL || (dialogues[how](&a) && is_clean(&a));
}
