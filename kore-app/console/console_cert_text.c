/* A certificate for people. See console_cert_text.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "formats/extension_text.h"
#include "pem.h"

#include "console_cert_text.h"

#define TEXT_SIZE 128

/* The explanation of an extension by its OID. */
static const struct {
	const char *oid, *kind;
} kinds[] = {
    {"2.5.29.14", "subject_key_id"},
    {"2.5.29.15", "key_usage"},
    {"2.5.29.17", "names"},
    {"2.5.29.19", "basic_constraints"},
    {"2.5.29.30", "name_constraints"},
    {"2.5.29.31", "crl_points"},
    {"2.5.29.32", "policies"},
    {"2.5.29.35", "authority_key_id"},
    {"2.5.29.37", "extended_key_usage"},
    {"1.2.840.113549.1.9.15", "smime_capabilities"},
    {"1.3.6.1.5.5.7.1.1", "authority_info"},
    {"1.3.6.1.5.5.7.1.24", "tls_feature"},
    {"1.3.6.1.5.5.7.48.1.5", "no_check"},
    {"1.3.6.1.4.1.311.20.2", "template"},
    {"1.3.6.1.4.1.311.21.1", "ca_version"},
    {"1.3.6.1.4.1.311.21.2", "previous_ca"},
    {"1.3.6.1.4.1.311.21.7", "template"},
    {"1.3.6.1.4.1.311.21.10", "application_policies"},
    {"1.3.6.1.4.1.311.25.2", "sid"},
};

static const char *
kind_of(X509_EXTENSION *ext)
{
	char oid[TEXT_SIZE] = "";

	OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(ext), 1);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].oid, oid) == 0)
			return kinds[i].kind;
	return "other";
}

static gh_json *
extension_json(X509_EXTENSION *ext)
{
	const char *kind = kind_of(ext);
	bool is_names = strcmp(kind, "names") == 0;
	char *name = ca_extension_name(ext), *value = is_names ? NULL : ca_extension_text(ext);
	gh_json *o = gh_json_new_object();
	bool failed = o == NULL || name == NULL || (value == NULL && !is_names) ||
	    gh_json_set_string(o, "name", name) != 0 ||
	    gh_json_set_string(o, "value", value) != 0 || gh_json_set_string(o, "kind", kind) != 0;

	free(name);
	free(value);
	if (!failed)
		return o;
	gh_json_free(o);
	return NULL;
}

static gh_json *
extensions_json(const X509 *cert)
{
	gh_json *list = gh_json_new_array();

	for (int i = 0; list != NULL && i < X509_get_ext_count(cert); i++) {
		gh_json *o = extension_json(X509_get_ext(cert, i));

		if (o == NULL || gh_json_append(list, o) != 0) {
			gh_json_free(list);
			list = NULL;
		}
	}
	return list;
}

/* "RSA 2048", "EC P-256", "ED25519". */
static void
key_text(const X509 *cert, char out[TEXT_SIZE])
{
	const EVP_PKEY *key = X509_get0_pubkey(cert);
	const char *type = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;
	char group[64] = "";
	const char *curve = group;

	if (type == NULL) {
		*out = '\0';
	} else if (EVP_PKEY_is_a(key, "EC") &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1) {
		const char *nist = EC_curve_nid2nist(OBJ_txt2nid(group));

		snprintf(out, TEXT_SIZE, "EC %s", nist != NULL ? nist : curve);
	} else if (EVP_PKEY_is_a(key, "RSA")) {
		snprintf(out, TEXT_SIZE, "RSA %d", EVP_PKEY_get_bits(key));
	} else {
		snprintf(out, TEXT_SIZE, "%s", type);
	}
}

static gh_json *
cert_json(const X509 *cert)
{
	const char *signature = OBJ_nid2ln(X509_get_signature_nid(cert));
	gh_json *o = gh_json_new_object(), *extensions = extensions_json(cert);
	char key[TEXT_SIZE];

	key_text(cert, key);
	if (extensions != NULL && gh_json_set_string(o, "key", key) == 0 &&
	    gh_json_set_string(o, "signature", signature) == 0 &&
	    gh_json_set(o, "extensions", gh_json_ref(extensions)) == 0) {
		gh_json_free(extensions);
		return o;
	}
	gh_json_free(extensions);
	gh_json_free(o);
	return NULL;
}

gh_json *
console_cert_text(const char *pem)
{
	STACK_OF(X509) *certs = NULL;
	struct gh_error err;
	gh_json *o = NULL;

	if (gh_pem_read_certs(pem, strlen(pem), &certs, &err) == 0)
		o = cert_json(sk_X509_value(certs, 0));
	sk_X509_pop_free(certs, X509_free);
	return o;
}
