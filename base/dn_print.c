/*
 * Distinguished names as text. OpenSSL's decoder and printer take 15 us for a usual name, so such
 * names are written here: known types, and values of which nothing has to be escaped. All others
 * are left to OpenSSL, and come out in the same form.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "der.h"

#include "dn_print.h"

#define RDNS_MAX 16
#define PLAIN_MAX 1024 /* bytes of text */
#define TAG_PRINTABLE 0x13
#define TAG_IA5 0x16

#define FLAGS \
	(((unsigned long)ASN1_STRFLGS_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) | \
	    XN_FLAG_DN_REV | XN_FLAG_FN_SN | XN_FLAG_DUMP_UNKNOWN_FIELDS)

/* --- usual names ------------------------------------------------------------------------------ */

struct attribute {
	const char *type;
	struct gh_der value;
};

#define TYPE(name, ...) \
	{ \
		name, \
		{ \
			(const unsigned char[]){__VA_ARGS__}, \
			    sizeof((const unsigned char[]){__VA_ARGS__}) \
		} \
	}
/* RFC 4519, 2; emailAddress: RFC 2985, 5.2.1 */
static const struct {
	const char *name;
	struct gh_der oid;
} types[] = {
    TYPE("CN", 0x55, 4, 3),
    TYPE("serialNumber", 0x55, 4, 5),
    TYPE("C", 0x55, 4, 6),
    TYPE("L", 0x55, 4, 7),
    TYPE("ST", 0x55, 4, 8),
    TYPE("O", 0x55, 4, 10),
    TYPE("OU", 0x55, 4, 11),
    TYPE("DC", 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25),
    TYPE("UID", 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1),
    TYPE("emailAddress", 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1),
};

static const char *
type_name(const struct gh_der *oid)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (gh_der_equals(oid, types[i].oid.p, types[i].oid.len))
			return types[i].name;
	return NULL;
}

static bool
is_plain_character(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr(" '()-./:@_", c) != NULL);
}

static bool
is_plain(const struct gh_der *v)
{
	for (size_t i = 0; i < v->len; i++)
		if (!is_plain_character(v->p[i]))
			return false;
	return v->len > 0 && v->p[0] != ' ' && v->p[v->len - 1] != ' ';
}

/* The next RDN, if it is one attribute with a plain value. */
static bool
take_plain(struct gh_der *rdns, struct attribute *out)
{
	struct gh_der set, attr, oid;
	unsigned tag;

	return gh_der_take(rdns, GH_DER_SET, &set) && gh_der_take(&set, GH_DER_SEQUENCE, &attr) &&
	    set.len == 0 && gh_der_take(&attr, GH_DER_OID, &oid) &&
	    (out->type = type_name(&oid)) != NULL && gh_der_next(&attr, &tag, NULL, &out->value) &&
	    attr.len == 0 && (tag == GH_DER_UTF8 || tag == TAG_PRINTABLE || tag == TAG_IA5) &&
	    is_plain(&out->value);
}

/* NULL: left to OpenSSL. */
static char *
print_plain(const void *der, size_t len, bool is_spaced)
{
	struct gh_der in = {der, len}, rdns;
	struct attribute a[RDNS_MAX];
	struct gh_buf b;
	size_t n = 0;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &rdns) || in.len != 0)
		return NULL;
	for (; rdns.len > 0; n++)
		if (n == RDNS_MAX || !take_plain(&rdns, &a[n]))
			return NULL;
	if (n == 0)
		return strdup("");
	gh_buf_init(&b, PLAIN_MAX);
	for (size_t i = n; i-- > 0;) {
		gh_buf_puts(&b, a[i].type);
		gh_buf_putc(&b, '=');
		gh_buf_put(&b, a[i].value.p, a[i].value.len);
		if (i > 0)
			gh_buf_puts(&b, is_spaced ? ", " : ",");
	}
	if (gh_buf_check(&b, NULL) == 0)
		return (char *)b.data;
	gh_buf_free(&b);
	return NULL;
}

/* --- all others ------------------------------------------------------------------------------- */

static char *
print_any(const unsigned char *der, size_t len, bool is_spaced)
{
	unsigned long flags = FLAGS | (is_spaced ? XN_FLAG_SEP_CPLUS_SPC : XN_FLAG_SEP_COMMA_PLUS);
	X509_NAME *name = d2i_X509_NAME(NULL, &der, (long)len);
	BIO *b = BIO_new(BIO_s_mem());
	char *data, *text = NULL;
	long n;

	if (name != NULL && b != NULL && X509_NAME_print_ex(b, name, 0, flags) >= 0 &&
	    (n = BIO_get_mem_data(b, &data)) >= 0)
		text = n > 0 ? strndup(data, (size_t)n) : strdup("");
	BIO_free(b);
	X509_NAME_free(name);
	ERR_clear_error();
	return text;
}

char *
gh_dn_print(const void *der, size_t len, bool is_spaced)
{
	char *text = print_plain(der, len, is_spaced);

	return text != NULL ? text : print_any(der, len, is_spaced);
}
