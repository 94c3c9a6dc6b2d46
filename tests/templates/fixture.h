/*
 * What the tests of templates/ share: directory entries and CSRs from their description in JSON,
 * and a certificate specification back to text that can be compared.
 */
#ifndef TEST_TEMPLATES_FIXTURE_H
#define TEST_TEMPLATES_FIXTURE_H

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "hex.h"
#include "tmpl.h"

/* --- files --- */

static inline char *
fixture_read(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *text = calloc(1, 300000);

	if (f == NULL)
		fail_msg("cannot open %s", path);
	assert_non_null(text);
	*len = fread(text, 1, 299999, f);
	assert_true(*len > 0 && *len < 299999);
	fclose(f);
	return text;
}

static inline const char *
fixture_text(const gh_json *obj, const char *name)
{
	return gh_json_string(gh_json_get(obj, name));
}

/* --- directory entries --- */

/* -1: unknown. */
static inline int
fixture_attr(const char *name)
{
	for (int a = 0; a < DIR_ATTR_COUNT; a++)
		if (strcmp(name, dir_attr_name((enum dir_attr)a)) == 0)
			return a;
	return -1;
}

/* {"dn", "id", "kind": "user" or "computer", "disabled", "principal", "mail_is_shared", "sid",
 * "guid" (hex), "groups": [name, DN or SID], and attributes by neutral name} */
static inline struct dir_entry *
fixture_entry(const gh_json *j)
{
	struct dir_entry *e = dir_entry_new();
	const char *kind = fixture_text(j, "kind"), *text, *name;
	unsigned char *raw;
	size_t i, n;
	void *it;
	int a;

	assert_non_null(e);
	for (it = gh_json_iter(j); it != NULL; it = gh_json_next(j, it)) {
		name = gh_json_iter_name(it);
		text = gh_json_string(gh_json_iter_value(it));
		if (strcmp(name, "id") == 0 && text != NULL) {
			snprintf(e->id, sizeof(e->id), "%s", text);
		} else if (strcmp(name, "dn") == 0 && text != NULL) {
			e->dn = strdup(text);
		} else if (strcmp(name, "sid") == 0 && text != NULL) {
			e->sid = strdup(text);
		} else if (strcmp(name, "guid") == 0 && text != NULL) {
			assert_int_equal(gh_hex_decode(text, strlen(text), &raw, &n, NULL), 0);
			assert_int_equal(dir_entry_add(e, DIR_OBJECT_GUID, raw, n), 0);
			free(raw);
		} else if (text != NULL && (a = fixture_attr(name)) >= 0) {
			assert_int_equal(dir_entry_add(e, (enum dir_attr)a, text, strlen(text)), 0);
		} else if (text != NULL && strcmp(name, "kind") != 0) {
			fail_msg("unknown attribute %s", name);
		}
	}
	e->is_computer = kind != NULL && strcmp(kind, "computer") == 0;
	e->is_disabled = gh_json_bool(gh_json_get(j, "disabled"), false);
	e->is_principal = gh_json_bool(gh_json_get(j, "principal"), false);
	e->mail_is_shared = gh_json_bool(gh_json_get(j, "mail_is_shared"), false);
	for (i = 0; i < gh_json_size(gh_json_get(j, "groups")); i++) {
		text = gh_json_string(gh_json_at(gh_json_get(j, "groups"), i));
		assert_int_equal(dir_entry_add_group(e, strchr(text, '=') != NULL ? text : "",
				     strchr(text, '=') == NULL && strncmp(text, "S-1-", 4) != 0
					 ? text
					 : "",
				     strncmp(text, "S-1-", 4) == 0 ? text : ""),
		    0);
	}
	return e;
}

/* --- CSRs --- */

struct fixture_key {
	char name[16];
	EVP_PKEY *key;
};

static inline struct fixture_key *
fixture_keys(void)
{
	static struct fixture_key cache[16];

	return cache;
}

static inline void
fixture_free_keys(void)
{
	size_t i;

	for (i = 0; i < 16; i++)
		EVP_PKEY_free(fixture_keys()[i].key);
}

/* "RSA-2048", "P-256", "Ed25519"; made once */
static inline EVP_PKEY *
fixture_key(const char *name)
{
	struct fixture_key *cache = fixture_keys();
	size_t i;

	for (i = 0; i < 16 && cache[i].key != NULL; i++) {
		if (strcmp(cache[i].name, name) == 0)
			return cache[i].key;
	}
	assert_true(i < 16);
	if (strncmp(name, "RSA-", 4) == 0)
		cache[i].key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)atoi(name + 4));
	else if (strncmp(name, "P-", 2) == 0)
		cache[i].key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", name);
	else
		cache[i].key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_non_null(cache[i].key);
	snprintf(cache[i].name, sizeof(cache[i].name), "%s", name);
	return cache[i].key;
}

static inline void
fixture_add_extension(STACK_OF(X509_EXTENSION) * sk, const char *oid, const unsigned char *der,
    size_t n)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	X509_EXTENSION *x;

	assert_int_equal(ASN1_OCTET_STRING_set(s, der, (int)n), 1);
	x = X509_EXTENSION_create_by_OBJ(NULL, o, 0, s);
	assert_true(sk_X509_EXTENSION_push(sk, x) > 0);
	ASN1_OBJECT_free(o);
	ASN1_OCTET_STRING_free(s);
}

/* "dns:a", "email:a", "uri:a", "ip:1.2.3.4", "upn:a@b", "other:OID:text", "rid:OID" */
static inline GENERAL_NAME *
fixture_general_name(const char *text)
{
	const char *value = strchr(text, ':') + 1;
	GENERAL_NAME *gn = NULL;
	char spec[512];

	if (strncmp(text, "upn:", 4) == 0)
		snprintf(spec, sizeof(spec), "1.3.6.1.4.1.311.20.2.3;UTF8:%s", value);
	else if (strncmp(text, "other:", 6) == 0)
		snprintf(spec, sizeof(spec), "%.*s;UTF8:%s", (int)(strchr(value, ':') - value),
		    value, strchr(value, ':') + 1);
	else
		snprintf(spec, sizeof(spec), "%s", value);
	if (strncmp(text, "dns:", 4) == 0)
		gn = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_DNS, spec, 0);
	else if (strncmp(text, "email:", 6) == 0)
		gn = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_EMAIL, spec, 0);
	else if (strncmp(text, "uri:", 4) == 0)
		gn = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_URI, spec, 0);
	else if (strncmp(text, "ip:", 3) == 0)
		gn = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_IPADD, spec, 0);
	else if (strncmp(text, "rid:", 4) == 0)
		gn = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_RID, spec, 0);
	else
		gn = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_OTHERNAME, spec, 0);
	if (gn == NULL)
		fail_msg("name %s cannot be made", text);
	return gn;
}

static inline void
fixture_add_sans(STACK_OF(X509_EXTENSION) * sk, const gh_json *sans)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	size_t i;

	for (i = 0; i < gh_json_size(sans); i++)
		sk_GENERAL_NAME_push(names,
		    fixture_general_name(gh_json_string(gh_json_at(sans, i))));
	assert_int_equal(X509V3_add1_i2d(&sk, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT),
	    1);
	GENERAL_NAMES_free(names);
}

/* {"311.20.2"} as Windows sends it: a BMPString */
static inline void
fixture_add_template_name(STACK_OF(X509_EXTENSION) * sk, const char *name)
{
	unsigned char der[256];
	size_t n = strlen(name), i;

	assert_true(n < 60);
	der[0] = 0x1e;
	der[1] = (unsigned char)(2 * n);
	for (i = 0; i < n; i++) {
		der[2 + 2 * i] = 0;
		der[3 + 2 * i] = (unsigned char)name[i];
	}
	fixture_add_extension(sk, "1.3.6.1.4.1.311.20.2", der, 2 + 2 * n);
}

/* extensions: [{"oid", "value": hex}] */
static inline void
fixture_add_raw(STACK_OF(X509_EXTENSION) * sk, const gh_json *list)
{
	unsigned char *raw;
	size_t i, n;

	for (i = 0; i < gh_json_size(list); i++) {
		const gh_json *x = gh_json_at(list, i);
		const char *hex = fixture_text(x, "value");

		assert_int_equal(gh_hex_decode(hex, strlen(hex), &raw, &n, NULL), 0);
		fixture_add_extension(sk, fixture_text(x, "oid"), raw, n);
		free(raw);
	}
}

/* ASCII in a string type with this many bytes for a character; returns bytes. */
static inline int
fixture_widen(const char *text, size_t width, unsigned char out[512])
{
	size_t n = strlen(text);

	assert_true(n * width < 512);
	memset(out, 0, 512);
	for (size_t i = 0; i < n; i++)
		out[i * width + width - 1] = (unsigned char)text[i];
	return (int)(n * width);
}

/* subject: ["CN=a", "OU=b", "+CN=c" (in one RDN with the one before)]; string_type: "bmp", "t61",
 * "universal" or NULL (UTF-8) */
static inline void
fixture_set_subject(X509_REQ *req, const gh_json *subject, const char *string_type)
{
	int type_of = string_type == NULL     ? V_ASN1_UTF8STRING
	    : strcmp(string_type, "bmp") == 0 ? V_ASN1_BMPSTRING
	    : strcmp(string_type, "t61") == 0 ? V_ASN1_T61STRING
					      : V_ASN1_UNIVERSALSTRING;
	size_t width = type_of == V_ASN1_BMPSTRING ? 2 : type_of == V_ASN1_UNIVERSALSTRING ? 4 : 1;
	unsigned char wide[512];
	X509_NAME *name = X509_NAME_new();
	char type[32];
	size_t i;

	for (i = 0; i < gh_json_size(subject); i++) {
		const char *text = gh_json_string(gh_json_at(subject, i)), *eq = strchr(text, '=');
		bool same = text[0] == '+';

		snprintf(type, sizeof(type), "%.*s", (int)(eq - text - same), text + same);
		/* not MBSTRING: OpenSSL would check lengths that are ours to check */
		assert_int_equal(X509_NAME_add_entry_by_txt(name, type, type_of,
				     width > 1 ? wide : (const unsigned char *)eq + 1,
				     width > 1 ? fixture_widen(eq + 1, width, wide) : -1, -1,
				     same ? -1 : 0),
		    1);
	}
	assert_int_equal(X509_REQ_set_subject_name(req, name), 1);
	X509_NAME_free(name);
}

/* {"key", "subject", "string_type", "san", "template", "extensions"} */
static inline struct ca_pkcs10 *
fixture_csr(const gh_json *j)
{
	const char *key_name = fixture_text(j, "key");
	EVP_PKEY *key = fixture_key(key_name != NULL ? key_name : "P-256");
	STACK_OF(X509_EXTENSION) *sk = sk_X509_EXTENSION_new_null();
	X509_REQ *req = X509_REQ_new();
	struct ca_pkcs10 *csr = NULL;
	unsigned char *der = NULL;
	struct gh_error err;
	int n;

	assert_int_equal(X509_REQ_set_version(req, 0), 1);
	fixture_set_subject(req, gh_json_get(j, "subject"), fixture_text(j, "string_type"));
	assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
	if (gh_json_size(gh_json_get(j, "san")) > 0)
		fixture_add_sans(sk, gh_json_get(j, "san"));
	if (fixture_text(j, "template") != NULL)
		fixture_add_template_name(sk, fixture_text(j, "template"));
	fixture_add_raw(sk, gh_json_get(j, "extensions"));
	if (sk_X509_EXTENSION_num(sk) > 0)
		assert_int_equal(X509_REQ_add_extensions(req, sk), 1);
	assert_true(
	    X509_REQ_sign(req, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256()) > 0);
	n = i2d_X509_REQ(req, &der);
	assert_true(n > 0);
	if (ca_pkcs10_parse(der, (size_t)n, &csr, &err) != 0)
		fail_msg("CSR: %s (%s)", err.message, err.detail);
	OPENSSL_free(der);
	X509_REQ_free(req);
	sk_X509_EXTENSION_pop_free(sk, X509_EXTENSION_free);
	return csr;
}

#endif
