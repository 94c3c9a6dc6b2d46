/* All names of a request under the rules of naming.h: SAN, E, and a CN that software may take for a
 * host or an address. */
#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "name_prep.h"
#include "utf8.h"

#include "model.h"
#include "naming.h"

#define SHOWN_MAX 900  /* bytes of names that are told */
#define TEXT_MAX 16384 /* of one name and all before it */

/* What the rules say of the names together. */
struct review {
	const struct tmpl_naming *names;
	enum name_verdict worst;
	size_t bad, shown; /* names with that verdict, and those of them in text */
	struct gh_buf text;
};

static void
show(struct review *v, const char *label, const char *text, const struct name_answer *a)
{
	if (v->text.len >= SHOWN_MAX)
		return;
	gh_buf_putf(&v->text, "%s%s%.256s", v->shown++ > 0 ? ", " : "", label, text);
	if (a->has_no_form)
		gh_buf_putf(&v->text, " (%s)", a->why);
}

/* label: "dns:", "CN=". Of names that wait and names that are denied, the latter are told. */
static void
ask(struct review *v, const char *label, enum name_kind kind, const char *text)
{
	const struct subject_source *from = v->names->from;
	struct name_answer a;

	naming_ask(v->names->t, from->owners, from->entry, kind, text, &a);
	if (a.verdict == NAME_ALLOWED || a.verdict < v->worst)
		return;
	if (a.verdict > v->worst) {
		v->worst = a.verdict;
		v->bad = v->shown = 0;
		gh_buf_free(&v->text);
		gh_buf_init(&v->text, TEXT_MAX);
	}
	v->bad++;
	show(v, label, text, &a);
}

/* --- CN --------------------------------------------------------------------------------------- */

/* A dot, or what IDNA software takes for one (UTS 46, 2.3): U+3002, U+FF0E, U+FF61. */
static bool
has_dot(const char *s)
{
	return strchr(s, '.') != NULL || strstr(s, "\u3002") != NULL ||
	    strstr(s, "\uff0e") != NULL || strstr(s, "\uff61") != NULL;
}

/* "10.1", "0x0a000001": old software reads them as IPv4 (inet_aton). */
static bool
is_odd_address(const char *s)
{
	struct in_addr a;

	return strspn(s, "0123456789abcdefxABCDEFX.") == strlen(s) && inet_aton(s, &a) != 0;
}

/*
 * One word that could be a host of the intranet, also with characters that DNS does not know
 * ("web_01", "WEB01$": resolvers do not look), and as software that maps letters reads it
 * (fullwidth, circled: NFKC). Words without any Latin letter or digit are names of people.
 */
static bool
could_be_label(const char *s)
{
	bool could_be = false;
	struct gh_buf b;

	gh_buf_init(&b, TEXT_MAX);
	if (gh_name_prep(s, strlen(s), &b, NULL) != 0 || gh_buf_check(&b, NULL) != 0)
		could_be = true; /* not to be had: whatever it is, it is no person's name */
	for (size_t i = 0; i < b.len; i++)
		could_be |= b.data[i] < 0x80 && (isalnum(b.data[i]) || b.data[i] == '.');
	gh_buf_free(&b);
	return could_be;
}

/*
 * Old software looks for the host, and some for the mail address, in the CN (RFC 9525, 1.3 ends
 * that). So whatever could be read as one is asked for as one; a text with blanks in between is
 * none. Blanks around it do not count: they do not for X.520 either (RFC 4518, 2.6.1).
 */
static void
ask_common_name(struct review *v, const char *cn)
{
	unsigned char address[16];
	char text[TMPL_DN_MAX], *end;
	size_t n;

	cn += strspn(cn, " ");
	snprintf(text, sizeof(text), "%s", cn);
	for (end = text + strlen(text); end > text && end[-1] == ' '; end--)
		end[-1] = '\0';
	if (strchr(text, ' ') != NULL || *text == '\0')
		return;
	n = strlen(text);
	if (text[0] == '[' && text[n - 1] == ']') {
		memmove(text, text + 1, n - 2);
		text[n - 2] = '\0';
	}
	if (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1 ||
	    is_odd_address(text))
		ask(v, "CN=", NAME_IP, text);
	else if (strchr(text, '@') != NULL)
		ask(v, "CN=", NAME_EMAIL, text);
	else if (has_dot(text) || strpbrk(text, ":/*") != NULL || could_be_label(text))
		ask(v, "CN=", NAME_DNS, text);
}

static void
ask_subject(struct review *v)
{
	const X509_NAME *subject = v->names->subject;
	int cn = tmpl_rdn_type("CN", 2), email = tmpl_rdn_type("E", 1);

	for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(subject, i);
		int type = tmpl_rdn_type_of(X509_NAME_ENTRY_get_object(e));
		unsigned char *text = NULL;

		if ((type != cn && type != email) ||
		    ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(e)) < 0)
			continue; /* of our own encoding: it is memory that fails, and then so does
				     the rest */
		if (type == cn)
			ask_common_name(v, (const char *)text);
		else
			ask(v, "E=", NAME_EMAIL, (const char *)text);
		OPENSSL_free(text);
	}
}

/* --- SAN -------------------------------------------------------------------------------------- */

static void
ask_address(struct review *v, const ASN1_OCTET_STRING *s)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(ASN1_STRING_length(s) == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(s), text,
	    sizeof(text));
	ask(v, "ip:", NAME_IP, text);
}

/* supplied.c has seen to it that they are texts, and addresses of 4 or 16 octets. */
static void
ask_general_name(struct review *v, const GENERAL_NAME *gn)
{
	switch (gn->type) {
	case GEN_DNS:
		ask(v, "dns:", NAME_DNS, (const char *)ASN1_STRING_get0_data(gn->d.dNSName));
		break;
	case GEN_EMAIL:
		ask(v, "email:", NAME_EMAIL, (const char *)ASN1_STRING_get0_data(gn->d.rfc822Name));
		break;
	case GEN_IPADD:
		ask_address(v, gn->d.iPAddress);
		break;
	case GEN_URI:
		ask(v, "uri:", NAME_URI,
		    (const char *)ASN1_STRING_get0_data(gn->d.uniformResourceIdentifier));
		break;
	default: /* a UPN: load_check.c lets no other come with naming */
		ask(v, "upn:", NAME_UPN,
		    (const char *)ASN1_STRING_get0_data(gn->d.otherName->value->value.asn1_string));
		break;
	}
}

/* --- all of them ------------------------------------------------------------------------------ */

int
tmpl_naming_review(const struct tmpl_naming *n, char **waits_for, struct gh_error *err)
{
	struct review v = {.names = n, .worst = NAME_ALLOWED};
	int rc = tmpl_check_listed(n->t, n->from, err);

	*waits_for = NULL;
	if (rc != 0 || !n->t->naming.is_set || (n->t->naming.devices && tmpl_is_listed(n->from)))
		return rc;
	ask_subject(&v);
	for (int i = 0; i < sk_GENERAL_NAME_num(n->san); i++)
		ask_general_name(&v, sk_GENERAL_NAME_value(n->san, i));
	if (v.bad > v.shown)
		gh_buf_putf(&v.text, " and %zu more", v.bad - v.shown);
	if (v.worst != NAME_ALLOWED && (rc = gh_buf_check(&v.text, err)) == 0) {
		gh_utf8_clean((char *)v.text.data);
		if (v.worst == NAME_DENIED)
			rc = gh_refuse_as(err, GH_E_SUBJECT, "names", (const char *)v.text.data,
			    "no rule allows %s", (const char *)v.text.data);
		else if ((*waits_for = strdup((const char *)v.text.data)) == NULL)
			rc = gh_fail(err, GH_E_NOMEM, "names");
	}
	gh_buf_free(&v.text);
	return rc;
}
