/* The names of a certificate's subjectAltName (RFC 5280, 4.2.1.6) as strings for the inventory. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "names_text.h"
#include "encoding.h"
#include "oid.h"
#include "utf8.h"

#define SAN_TEXT_MAX (1024 * 1024) /* bytes of one name, escaped */
#define OID_TEXT_MAX 128

/* IA5String content with anything that is not printable ASCII as \xNN, so that no name can pass for
 * another one in a list. */
static void
put_ia5(struct gh_buf *b, const ASN1_STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	int i, n = ASN1_STRING_length(s);

	for (i = 0; i < n; i++) {
		if (p[i] < 0x20 || p[i] > 0x7e)
			gh_buf_putf(b, "\\x%02X", p[i]);
		else
			gh_buf_putc(b, (char)p[i]);
	}
}

static void
put_ip(struct gh_buf *b, const ASN1_OCTET_STRING *s)
{
	char text[INET6_ADDRSTRLEN];
	int n = ASN1_STRING_length(s);

	if (n != 4 && n != 16) {
		put_ia5(b, s);
		return;
	}
	if (inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(s), text, sizeof(text)) !=
	    NULL)
		gh_buf_puts(b, text);
}

static void
put_hex(struct gh_buf *b, const ASN1_STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	int i, n = ASN1_STRING_length(s);

	for (i = 0; i < n; i++)
		gh_buf_putf(b, "%02X", p[i]);
}

/* Directory strings of a certificate may be anything; only proper UTF-8 without NUL is shown as
 * text. */
static bool
put_utf8(struct gh_buf *b, ASN1_TYPE *value)
{
	unsigned char *text = NULL;
	int n;

	if (value->type != V_ASN1_UTF8STRING && value->type != V_ASN1_BMPSTRING &&
	    value->type != V_ASN1_IA5STRING && value->type != V_ASN1_PRINTABLESTRING)
		return false;
	n = ASN1_STRING_to_UTF8(&text, value->value.asn1_string);
	if (n < 0 || memchr(text, 0, (size_t)n) != NULL) {
		OPENSSL_free(text);
		return false;
	}
	gh_buf_put(b, text, (size_t)n);
	OPENSSL_free(text);
	return true;
}

/* "?" where OpenSSL prints none: of numbers of more than 586 octets. */
static const char *
oid_text(const ASN1_OBJECT *id, char out[OID_TEXT_MAX])
{
	return OBJ_obj2txt(out, OID_TEXT_MAX, id, 1) > 0 ? out : "?";
}

static void
put_other_name(struct gh_buf *b, const OTHERNAME *other)
{
	char text[OID_TEXT_MAX];
	const char *oid = oid_text(other->type_id, text);
	size_t mark = b->len;

	if (strcmp(oid, GH_OID_TEXT_UPN) == 0) {
		gh_buf_puts(b, "upn:");
		if (put_utf8(b, other->value))
			return;
		b->len = mark;
	}
	if (strcmp(oid, GH_OID_TEXT_GUID) == 0 && other->value->type == V_ASN1_OCTET_STRING) {
		gh_buf_puts(b, "guid:");
		put_hex(b, other->value->value.octet_string);
		return;
	}
	gh_buf_putf(b, "other:%s", oid);
}

static void
put_dir_name(struct gh_buf *b, const X509_NAME *name)
{
	char *text = ca_dn_text(name);

	if (text == NULL)
		b->failed = true;
	else
		gh_buf_putf(b, "dn:%s", text);
	free(text);
}

static void
put_registered_id(struct gh_buf *b, const ASN1_OBJECT *id)
{
	char text[OID_TEXT_MAX];

	gh_buf_putf(b, "rid:%s", oid_text(id, text));
}

static void
put_name(struct gh_buf *b, const GENERAL_NAME *gn)
{
	switch (gn->type) {
	case GEN_DNS:
		gh_buf_puts(b, "dns:");
		put_ia5(b, gn->d.dNSName);
		break;
	case GEN_EMAIL:
		gh_buf_puts(b, "email:");
		put_ia5(b, gn->d.rfc822Name);
		break;
	case GEN_URI:
		gh_buf_puts(b, "uri:");
		put_ia5(b, gn->d.uniformResourceIdentifier);
		break;
	case GEN_IPADD:
		gh_buf_puts(b, "ip:");
		put_ip(b, gn->d.iPAddress);
		break;
	case GEN_OTHERNAME:
		put_other_name(b, gn->d.otherName);
		break;
	case GEN_DIRNAME:
		put_dir_name(b, gn->d.directoryName);
		break;
	case GEN_RID:
		put_registered_id(b, gn->d.registeredID);
		break;
	default:
		gh_buf_puts(b, "other:");
		break;
	}
}

static int
append_name(gh_json *list, const GENERAL_NAME *gn)
{
	struct gh_buf b;
	int rc = -1;

	gh_buf_init(&b, SAN_TEXT_MAX);
	put_name(&b, gn);
	if (gh_buf_check(&b, NULL) == 0) {
		/* half a surrogate pair, which libcrypto takes for a character */
		gh_utf8_clean((char *)b.data);
		rc = gh_json_append(list, gh_json_new_string((const char *)b.data));
	}
	gh_buf_free(&b);
	return rc;
}

/* Frees names. */
static gh_json *
list_names(GENERAL_NAMES *names)
{
	gh_json *list = gh_json_new_array();

	for (int i = 0; list != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		if (append_name(list, sk_GENERAL_NAME_value(names, i)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
	}
	GENERAL_NAMES_free(names);
	return list;
}

gh_json *
ca_san_json(const X509 *cert)
{
	return list_names(X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL));
}

gh_json *
ca_san_json_der(const unsigned char *der, size_t len)
{
	return list_names(len > 0 ? d2i_GENERAL_NAMES(NULL, &der, (long)len) : NULL);
}
