/* The specification of a certificate: memory only. */
#include <stdlib.h>

#include <openssl/x509v3.h>

#include "cert_spec.h"

struct cert_spec *
cert_spec_new(void)
{
	struct cert_spec *spec = calloc(1, sizeof(*spec));

	if (spec == NULL)
		return NULL;
	spec->subject = X509_NAME_new();
	spec->extensions = sk_X509_EXTENSION_new_null();
	if (spec->subject == NULL || spec->extensions == NULL) {
		cert_spec_free(spec);
		return NULL;
	}
	return spec;
}

void
cert_spec_free(struct cert_spec *spec)
{
	if (spec == NULL)
		return;
	X509_NAME_free(spec->subject);
	sk_X509_EXTENSION_pop_free(spec->extensions, X509_EXTENSION_free);
	free(spec->spki);
	free(spec->unruled_names);
	free(spec);
}

int
cert_spec_add_extension(struct cert_spec *spec, int nid, bool is_critical, void *value)
{
	X509_EXTENSION *ext = value != NULL ? X509V3_EXT_i2d(nid, is_critical, value) : NULL;

	if (ext != NULL && sk_X509_EXTENSION_push(spec->extensions, ext) > 0)
		return 0;
	X509_EXTENSION_free(ext);
	return -1;
}

int
cert_spec_add_usage(struct cert_spec *spec, const char *usage, bool agrees_keys)
{
	ASN1_OBJECT *oid = usage != NULL ? OBJ_txt2obj(usage, 0) : NULL;
	ASN1_BIT_STRING *key_usage = ASN1_BIT_STRING_new();
	EXTENDED_KEY_USAGE *ekus = sk_ASN1_OBJECT_new_null();
	int bad = key_usage == NULL || ekus == NULL ||
	    ASN1_BIT_STRING_set_bit(key_usage, 0, 1) != 1 || /* digitalSignature */
	    (agrees_keys && ASN1_BIT_STRING_set_bit(key_usage, 4, 1) != 1) ||
	    cert_spec_add_extension(spec, NID_key_usage, true, key_usage) != 0;

	if (bad == 0 && usage != NULL)
		bad = oid == NULL || sk_ASN1_OBJECT_push(ekus, oid) <= 0 ||
		    cert_spec_add_extension(spec, NID_ext_key_usage, false, ekus) != 0;

	ASN1_BIT_STRING_free(key_usage);
	sk_ASN1_OBJECT_free(ekus);
	ASN1_OBJECT_free(oid);
	return bad ? -1 : 0;
}

int
cert_spec_add_der(struct cert_spec *spec, const char *oid, bool is_critical,
    const unsigned char *der, size_t len)
{
	ASN1_OBJECT *type = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *x = NULL;
	bool ok = type != NULL && value != NULL &&
	    ASN1_OCTET_STRING_set(value, der, (int)len) == 1 &&
	    (x = X509_EXTENSION_create_by_OBJ(NULL, type, is_critical, value)) != NULL &&
	    sk_X509_EXTENSION_push(spec->extensions, x) > 0;

	if (!ok)
		X509_EXTENSION_free(x);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(type);
	return ok ? 0 : -1;
}
