/*
 * A real signer with a root and an issuing CA, one that serves as for `gatehouse ca`, and what
 * the tests of its administration share.
 */
#ifndef TEST_SIGNER_ADMIN_H
#define TEST_SIGNER_ADMIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pem.h>

#include "ca-backend/signer_process.h"

#define PASSWORD "a password of the root"

/* A root and an issuing CA below it; admin is the signer of `gatehouse ca`. */
struct fixture {
	struct signer_process sp;
	struct made_ca root, issuing;
	struct admin_signer admin;
	struct signer_client *client; /* as a worker */
};

static inline int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct gh_error err;

	MUST(f != NULL);
	signer_process_new(&f->sp);
	assert_int_equal(make_ca(&f->sp, "Root", "P-256", NULL, &root_limits, &f->root, &err), 0);
	assert_int_equal(make_ca(&f->sp, "Issuing", "P-384", &f->root, &issuing_limits, &f->issuing,
			     &err),
	    0);
	signer_process_start(&f->sp, "8");
	f->client = signer_process_client(&f->sp);
	f->admin = admin_signer_start(&f->sp);
	*state = f;
	return 0;
}

static inline int
teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(admin_signer_stop(&f->admin), 0);
	signer_client_free(f->client);
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0); /* a sanitizer's findings too */
	signer_process_free(&f->sp);
	made_ca_free(&f->root);
	made_ca_free(&f->issuing);
	free(f);
	return 0;
}

/* --- certificates ----------------------------------------------------------------------------- */

static inline X509 *
parse(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);

	assert_non_null(x);
	assert_ptr_equal(p, der + len);
	return x;
}

static inline EVP_PKEY *
new_key(const char *group)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", group);

	MUST(key != NULL);
	return key;
}

static inline void
add_extension(X509 *x, const char *name, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, name, value);

	MUST(e != NULL && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

/* A certificate made by OpenSSL: of name and key, signed by issuer (NULL: itself) with by.
 * extensions: pairs of words, NULL at the end. DER, to be freed with OPENSSL_free. */
static inline unsigned char *
foreign_cert(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *by, size_t *len,
    const char *const *extensions)
{
	X509 *x = X509_new();
	unsigned char *der = NULL;
	int n;

	MUST(x != NULL && X509_set_version(x, X509_VERSION_3) == 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 4711);
	X509_gmtime_adj(X509_getm_notBefore(x), -DAY);
	X509_gmtime_adj(X509_getm_notAfter(x), 1000 * DAY);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(issuer != NULL ? issuer : x));
	MUST(X509_set_pubkey(x, key) == 1);
	for (; *extensions != NULL; extensions += 2)
		add_extension(x, extensions[0], extensions[1]);
	MUST(X509_sign(x, by, EVP_PKEY_is_a(by, "ED25519") ? NULL : EVP_sha256()) > 0);
	MUST((n = i2d_X509(x, &der)) > 0);
	*len = (size_t)n;
	X509_free(x);
	return der;
}

static const char *const ca_words[] = {"basicConstraints", "critical,CA:TRUE,pathlen:1", "keyUsage",
    "critical,keyCertSign,cRLSign", "subjectKeyIdentifier", "01:02:03:04:05:06:07:08", NULL};

static unsigned char *
pkcs8(EVP_PKEY *key, size_t *len)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int n = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);

	MUST(n > 0);
	PKCS8_PRIV_KEY_INFO_free(p8);
	*len = (size_t)n;
	return der;
}

/* OpenSSL's whole path validation. X509_V_OK, or why not. */
static inline int
verify_as(unsigned long flags, const unsigned char *cert, size_t len, const struct made_ca *root,
    const struct signer_blob *between)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *x = parse(cert, len), *anchor = parse(root->cert, root->cert_len);
	int result;

	MUST(X509_STORE_add_cert(store, anchor) == 1);
	for (; between != NULL && between->p != NULL; between++)
		MUST(sk_X509_push(chain, parse(between->p, between->len)) > 0);
	MUST(X509_STORE_CTX_init(ctx, store, x, chain) == 1);
	X509_STORE_CTX_set_flags(ctx, flags);
	result = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_pop_free(chain, X509_free);
	X509_free(x);
	X509_free(anchor);
	return result;
}

/* As RFC 5280 is written: SKI and AKI are musts. */
static inline int
verify(const unsigned char *cert, size_t len, const struct made_ca *root,
    const struct signer_blob *between)
{
	return verify_as(X509_V_FLAG_X509_STRICT, cert, len, root, between);
}

/* --- signing as a worker ---------------------------------------------------------------------- */

struct wanted {
	const char *cn;
	const char *const
	    *extensions; /* pairs, NULL at the end, beside keyUsage; NULL = that alone */
	struct gh_error err;
	unsigned char *cert;
	size_t len;
};

static inline STACK_OF(X509_EXTENSION) * extension_list(const char *const *words)
{
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();

	for (; words != NULL && *words != NULL; words += 2) {
		X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, words[0], words[1]);

		MUST(e != NULL && sk_X509_EXTENSION_push(list, e) > 0);
	}
	return list;
}

/* Takes over the list. To be freed with OPENSSL_free. */
static inline unsigned char *
encode_extensions(STACK_OF(X509_EXTENSION) * list, size_t *len)
{
	unsigned char *der = NULL;
	int n;

	MUST((n = i2d_X509_EXTENSIONS(list, &der)) > 0);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	*len = (size_t)n;
	return der;
}

static inline unsigned char *
extensions_der(const char *const *words, size_t *len)
{
	return encode_extensions(extension_list(words), len);
}

/* With a keyUsage when the words have none. */
static inline unsigned char *
end_entity_extensions(const char *const *words, size_t *len)
{
	STACK_OF(X509_EXTENSION) *list = extension_list(words);

	if (X509v3_get_ext_by_NID(list, NID_key_usage, -1) < 0)
		MUST(sk_X509_EXTENSION_push(list,
			 X509V3_EXT_conf(NULL, NULL, "keyUsage", "critical,digitalSignature")) > 0);
	return encode_extensions(list, len);
}

/* Load a record and sign with it for a new key. w->cert to be freed. */
static inline int
sign(struct fixture *f, const unsigned char *sealed, size_t len, struct wanted *w)
{
	struct signer_cert_fields fields = {.not_before = gh_now() - 600,
	    .not_after = gh_now() + 30 * DAY};
	unsigned char *name = name_der(w->cn, &fields.subject_len), *spki = NULL, *ext;
	EVP_PKEY *key = new_key("P-256");
	int rc;

	fields.subject = name;
	fields.spki_len = (size_t)i2d_PUBKEY(key, &spki);
	fields.spki = spki;
	fields.extensions = ext = end_entity_extensions(w->extensions, &fields.extensions_len);
	w->cert = NULL;
	rc = signer_client_load_ca(f->client, sealed, len, fields.ca_id, &w->err);
	if (rc == 0)
		rc = sign_one(f->client, &fields, &w->cert, &w->len, &w->err);
	EVP_PKEY_free(key);
	OPENSSL_free(name);
	OPENSSL_free(spki);
	OPENSSL_free(ext);
	return rc;
}

static inline void
assert_signs_below(struct fixture *f, const unsigned char *sealed, size_t len,
    const struct made_ca *root, const struct signer_blob *between)
{
	struct wanted w = {.cn = "alice"};

	assert_int_equal(sign(f, sealed, len, &w), 0);
	assert_int_equal(verify(w.cert, w.len, root, between), X509_V_OK);
	free(w.cert);
}

static inline void
assert_says(const struct gh_error *err, const char *words)
{
	if (strstr(err->message, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, err->message);
}

/* --- import ---------------------------------------------------------------------------------- */

static inline int
import(struct fixture *f, EVP_PKEY *key, const unsigned char *cert, size_t len,
    const struct signer_limits *limits, struct made_ca *out, struct gh_error *err)
{
	struct signer_import_ca in = {.cert = cert, .cert_len = len, .limits = *limits};
	unsigned char *der = pkcs8(key, &in.pkcs8_len);
	int rc;

	in.pkcs8 = der;
	rc = signer_client_import_ca(f->admin.client, &in, &out->sealed, &out->sealed_len, err);
	OPENSSL_free(der);
	out->cert = NULL;
	if (rc == 0) {
		MUST((out->cert = malloc(len)) != NULL);
		memcpy(out->cert, cert, len);
		out->cert_len = len;
	}
	return rc;
}

#define each(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
