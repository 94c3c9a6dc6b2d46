/* See microsoft_text.h. */
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "microsoft_text.h"

#define OID_SIZE 128
#define SID_MAX 184 /* "S-1-" with 15 sub-authorities */
#define SID_OID "1.3.6.1.4.1.311.25.2.1"

/* "TLS Web Client Authentication", or the OID. */
static void
put_oid(struct gh_buf *b, const ASN1_OBJECT *oid)
{
	char text[OID_SIZE] = "";

	(void)OBJ_obj2txt(text, sizeof(text), oid, 0);
	gh_buf_puts(b, text);
}

/* The name of a template, as a version 1 of it has it. */
static bool
put_name(struct gh_buf *b, const unsigned char *der, long len)
{
	const unsigned char *p = der;
	ASN1_TYPE *any = d2i_ASN1_TYPE(NULL, &p, len);
	unsigned char *utf8 = NULL;
	int n = -1;

	if (any != NULL && p == der + len &&
	    (any->type == V_ASN1_BMPSTRING || any->type == V_ASN1_UTF8STRING))
		n = ASN1_STRING_to_UTF8(&utf8, any->value.asn1_string);
	if (n > 0 && memchr(utf8, '\0', (size_t)n) != NULL)
		n = -1;
	if (n > 0)
		gh_buf_put(b, utf8, (size_t)n);
	OPENSSL_free(utf8);
	ASN1_TYPE_free(any);
	return n > 0;
}

/* 0: it is not there. */
static bool
number_at(const ASN1_SEQUENCE_ANY *list, int i, int64_t *n)
{
	const ASN1_TYPE *v = i < sk_ASN1_TYPE_num(list) ? sk_ASN1_TYPE_value(list, i) : NULL;

	*n = 0;
	return v == NULL ||
	    (v->type == V_ASN1_INTEGER && ASN1_INTEGER_get_int64(n, v->value.integer) == 1);
}

/* CertificateTemplateOID: its OID, and two numbers of its version (MS-WCCE 2.2.2.7.7.2). */
static bool
put_template(struct gh_buf *b, const unsigned char *der, long len)
{
	const unsigned char *p = der;
	ASN1_SEQUENCE_ANY *list = d2i_ASN1_SEQUENCE_ANY(NULL, &p, len);
	int n = list != NULL && p == der + len ? sk_ASN1_TYPE_num(list) : 0;
	int64_t major, minor;
	bool ok = n >= 1 && n <= 3 && sk_ASN1_TYPE_value(list, 0)->type == V_ASN1_OBJECT &&
	    number_at(list, 1, &major) && number_at(list, 2, &minor);

	if (ok)
		put_oid(b, sk_ASN1_TYPE_value(list, 0)->value.object);
	if (ok && n > 1)
		gh_buf_putf(b, ", version %lld.%lld", (long long)major, (long long)minor);
	sk_ASN1_TYPE_pop_free(list, ASN1_TYPE_free);
	return ok;
}

/* They have the form of certificate policies (RFC 5280, 4.2.1.4). */
static bool
put_policies(struct gh_buf *b, const unsigned char *der, long len)
{
	const unsigned char *p = der;
	CERTIFICATEPOLICIES *list = d2i_CERTIFICATEPOLICIES(NULL, &p, len);
	bool ok = list != NULL && p == der + len && sk_POLICYINFO_num(list) > 0;

	for (int i = 0; ok && i < sk_POLICYINFO_num(list); i++) {
		gh_buf_puts(b, i > 0 ? ", " : "");
		put_oid(b, sk_POLICYINFO_value(list, i)->policyid);
	}
	CERTIFICATEPOLICIES_free(list);
	return ok;
}

static bool
is_sid(const ASN1_OCTET_STRING *s)
{
	bool ok = s->length > 0 && s->length <= SID_MAX;

	for (int i = 0; ok && i < s->length; i++)
		ok = s->data[i] != '\0' && strchr("S-0123456789", s->data[i]) != NULL;
	return ok;
}

static bool
put_sid_of(struct gh_buf *b, const GENERAL_NAME *name)
{
	char oid[OID_SIZE] = "";
	const ASN1_TYPE *v;

	if (name->type != GEN_OTHERNAME)
		return false;
	v = name->d.otherName->value;
	(void)OBJ_obj2txt(oid, sizeof(oid), name->d.otherName->type_id, 1);
	if (strcmp(oid, SID_OID) != 0 || v->type != V_ASN1_OCTET_STRING ||
	    !is_sid(v->value.octet_string))
		return false;
	gh_buf_put(b, v->value.octet_string->data, (size_t)v->value.octet_string->length);
	return true;
}

/* The account (MS-WCCE 2.2.2.7.7.4): one name in it. */
static bool
put_sid(struct gh_buf *b, const unsigned char *der, long len)
{
	const unsigned char *p = der;
	GENERAL_NAMES *names = d2i_GENERAL_NAMES(NULL, &p, len);
	bool ok = names != NULL && p == der + len && sk_GENERAL_NAME_num(names) == 1 &&
	    put_sid_of(b, sk_GENERAL_NAME_value(names, 0));

	GENERAL_NAMES_free(names);
	return ok;
}

/* How often the CA was renewed, and how often with a new key. */
static bool
put_version(struct gh_buf *b, const unsigned char *der, long len)
{
	const unsigned char *p = der;
	ASN1_INTEGER *i = d2i_ASN1_INTEGER(NULL, &p, len);
	uint64_t v = 0;
	bool ok =
	    i != NULL && p == der + len && ASN1_INTEGER_get_uint64(&v, i) == 1 && v <= UINT32_MAX;

	if (ok)
		gh_buf_putf(b, "V%u.%u", (unsigned)(v & 0xffff), (unsigned)(v >> 16));
	ASN1_INTEGER_free(i);
	return ok;
}

static bool
put_hash(struct gh_buf *b, const unsigned char *der, long len)
{
	const unsigned char *p = der;
	ASN1_OCTET_STRING *s = d2i_ASN1_OCTET_STRING(NULL, &p, len);
	bool ok = s != NULL && p == der + len && s->length > 0 && s->length <= 64;

	for (int i = 0; ok && i < s->length; i++)
		gh_buf_putf(b, "%02X", s->data[i]);
	ASN1_OCTET_STRING_free(s);
	return ok;
}

static const struct {
	const char *oid, *name;
	bool (*put)(struct gh_buf *b, const unsigned char *der, long len);
} kinds[] = {
    {"1.3.6.1.4.1.311.20.2", "Certificate Template Name", put_name},
    {"1.3.6.1.4.1.311.21.1", "CA Version", put_version},
    {"1.3.6.1.4.1.311.21.2", "Previous CA Certificate Hash", put_hash},
    {"1.3.6.1.4.1.311.21.7", "Certificate Template", put_template},
    {"1.3.6.1.4.1.311.21.10", "Application Policies", put_policies},
    {"1.3.6.1.4.1.311.25.2", "Security Identifier (SID)", put_sid},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t
kind_of(X509_EXTENSION *ext)
{
	char oid[OID_SIZE] = "";
	size_t i = 0;

	(void)OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(ext), 1);
	while (i < KINDS && strcmp(kinds[i].oid, oid) != 0)
		i++;
	return i;
}

const char *
microsoft_extension_name(X509_EXTENSION *ext)
{
	size_t i = kind_of(ext);

	return i < KINDS ? kinds[i].name : NULL;
}

bool
microsoft_extension_put(struct gh_buf *b, X509_EXTENSION *ext)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(ext);
	size_t i = kind_of(ext);
	bool ok =
	    i < KINDS && kinds[i].put(b, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));

	ERR_clear_error();
	return ok;
}
