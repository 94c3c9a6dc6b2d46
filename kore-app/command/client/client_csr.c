/* Building and reading certification requests. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "encoding.h"
#include "dn_text.h"
#include "oid.h"

#include "client_csr.h"
#include "file.h"

static const struct {
	const char *prefix;
	int type;
} san_types[] = {
    {"dns:", GEN_DNS},
    {"email:", GEN_EMAIL},
    {"ip:", GEN_IPADD},
    {"uri:", GEN_URI},
    {"upn:", GEN_OTHERNAME},
};

static GENERAL_NAME *
upn_name(const char *text)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_OBJECT *oid = OBJ_txt2obj(GH_OID_TEXT_UPN, 1);
	ASN1_TYPE *value = ASN1_TYPE_new();
	ASN1_UTF8STRING *utf8 = ASN1_UTF8STRING_new();
	int ok = name != NULL && oid != NULL && value != NULL && utf8 != NULL &&
	    ASN1_STRING_set(utf8, text, -1) == 1;

	if (ok) {
		ASN1_TYPE_set(value, V_ASN1_UTF8STRING, utf8);
		utf8 = NULL;
		ok = GENERAL_NAME_set0_othername(name, oid, value) == 1;
	}
	if (ok)
		return name;
	ASN1_UTF8STRING_free(utf8);
	ASN1_TYPE_free(value);
	ASN1_OBJECT_free(oid);
	GENERAL_NAME_free(name);
	return NULL;
}

static GENERAL_NAME *
parse_san(const char *text)
{
	for (size_t i = 0; i < sizeof(san_types) / sizeof(san_types[0]); i++) {
		size_t n = strlen(san_types[i].prefix);

		if (strncasecmp(text, san_types[i].prefix, n) != 0 || text[n] == '\0')
			continue;
		if (san_types[i].type == GEN_OTHERNAME)
			return upn_name(text + n);
		return a2i_GENERAL_NAME(NULL, NULL, NULL, san_types[i].type, text + n, 0);
	}
	return NULL;
}

static int
add_san(X509_REQ *req, const char *const *san, struct gh_error *err)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	X509_EXTENSIONS *exts = NULL;
	int rc = names != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "SAN");

	for (size_t i = 0; rc == 0 && san[i] != NULL; i++) {
		GENERAL_NAME *name = parse_san(san[i]);

		if (name == NULL || sk_GENERAL_NAME_push(names, name) <= 0) {
			GENERAL_NAME_free(name);
			rc = gh_refuse(err, GH_E_CONF,
			    "SAN \"%.100s\": use dns:NAME, email:ADDRESS, upn:NAME, ip:ADDRESS or uri:URI",
			    san[i]);
		}
	}
	if (rc == 0 &&
	    (X509V3_add1_i2d(&exts, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND) != 1 ||
		X509_REQ_add_extensions(req, exts) != 1))
		rc = gh_fail(err, GH_E_NOMEM, "SAN");
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	ERR_clear_error();
	return rc;
}

/* Ed25519 has its hash built in; P-384 goes with SHA-384. */
static const EVP_MD *
hash_for(const EVP_PKEY *key)
{
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return NULL;
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) > 256
	    ? EVP_sha384()
	    : EVP_sha256();
}

int
client_csr_sign(X509_REQ *req, EVP_PKEY *key, struct gh_error *err)
{
	if (X509_REQ_sign(req, key, hash_for(key)) > 0)
		return 0;
	ERR_clear_error();
	return gh_refuse(err, GH_E_CONF, "this kind of key cannot sign a request");
}

int
client_csr_build(EVP_PKEY *key, const char *subject, const char *const *san, X509_REQ **out,
    struct gh_error *err)
{
	X509_REQ *req = X509_REQ_new();
	X509_NAME *name = NULL;
	int rc = gh_dn_parse(subject != NULL ? subject : "", &name, err);

	*out = NULL;
	if (rc == 0 &&
	    (req == NULL || X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1 ||
		X509_REQ_set_subject_name(req, name) != 1 || X509_REQ_set_pubkey(req, key) != 1))
		rc = gh_fail(err, GH_E_NOMEM, "PKCS#10");
	if (rc == 0 && san != NULL && san[0] != NULL)
		rc = add_san(req, san, err);
	if (rc == 0)
		rc = client_csr_sign(req, key, err);
	X509_NAME_free(name);
	if (rc != 0)
		X509_REQ_free(req);
	else
		*out = req;
	return rc;
}

int
client_csr_load(const char *path, X509_REQ **out, struct gh_error *err)
{
	const unsigned char *p;
	char *data;
	size_t len;
	BIO *bio;
	int rc = file_read(path, &data, &len, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	bio = BIO_new_mem_buf(data, (int)len);
	if (bio != NULL)
		*out = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	BIO_free(bio);
	p = (const unsigned char *)data;
	if (*out == NULL)
		*out = d2i_X509_REQ(NULL, &p, (long)len);
	free(data);
	ERR_clear_error();
	if (*out == NULL)
		return gh_refuse(err, GH_E_CONF, "%s: no PKCS#10 request, PEM or DER", path);
	return 0;
}

char *
client_csr_base64(X509_REQ *req)
{
	unsigned char *der = NULL;
	int n = i2d_X509_REQ(req, &der);
	char *text = n > 0 ? gh_base64_encode(der, (size_t)n, GH_BASE64_ONE_LINE) : NULL;

	OPENSSL_free(der);
	return text;
}
