/* Certificates and keys in files. See cert_files.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>

#include "pem.h"

#include "cert_files.h"
#include "file.h"
#include "prompt.h"

void
cert_files_clear(struct cert_files *f)
{
	X509_free(f->cert);
	sk_X509_pop_free(f->others, X509_free);
	if (f->pkcs8 != NULL)
		OPENSSL_cleanse(f->pkcs8, f->pkcs8_len);
	free(f->pkcs8);
	memset(f, 0, sizeof(*f));
}

/* Takes cert over, also when it fails. */
static int
add(struct cert_files *f, X509 *cert, struct gh_error *err)
{
	if (f->others == NULL)
		f->others = sk_X509_new_null();
	if (f->cert == NULL) {
		f->cert = cert;
		return 0;
	}
	if (f->others != NULL && sk_X509_push(f->others, cert) > 0)
		return 0;
	X509_free(cert);
	return gh_fail(err, GH_E_NOMEM, "certificates");
}

static int
add_pem(struct cert_files *f, const char *data, size_t len, struct gh_error *err)
{
	STACK_OF(X509) * certs;
	X509 *cert;
	int rc = gh_pem_read_certs(data, len, &certs, err);

	while (rc == 0 && (cert = sk_X509_shift(certs)) != NULL)
		rc = add(f, cert, err);
	sk_X509_pop_free(certs, X509_free);
	return rc;
}

int
cert_files_add(struct cert_files *f, const char *path, struct gh_error *err)
{
	const unsigned char *p;
	struct gh_error why;
	size_t len;
	char *data;
	X509 *cert;
	int rc = file_read(path, &data, &len, err);

	if (rc != 0)
		return rc;
	p = (const unsigned char *)data;
	cert = len > 0 && p[0] == 0x30 ? d2i_X509(NULL, &p, (long)len) : NULL;
	ERR_clear_error();
	if (cert != NULL && p == (const unsigned char *)data + len) {
		rc = add(f, cert, err);
	} else {
		X509_free(cert);
		rc = add_pem(f, data, len, &why);
		if (rc != 0)
			rc = gh_refuse(err, rc, "%s: %s", path, why.message);
	}
	free(data);
	return rc;
}

/* ---- keys ---- */

static int
put_key(struct cert_files *f, const EVP_PKEY *key, struct gh_error *err)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	int n = p8 != NULL ? i2d_PKCS8_PRIV_KEY_INFO(p8, NULL) : 0;
	unsigned char *p;

	ERR_clear_error();
	if (n > 0 && (f->pkcs8 = malloc((size_t)n)) != NULL) {
		p = f->pkcs8;
		f->pkcs8_len = (size_t)i2d_PKCS8_PRIV_KEY_INFO(p8, &p);
	}
	PKCS8_PRIV_KEY_INFO_free(p8);
	return f->pkcs8 != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "private key");
}

int
cert_files_read_key(struct cert_files *f, const char *path, const char *password_file,
    struct gh_error *err)
{
	char *data, *password = NULL;
	EVP_PKEY *key = NULL;
	size_t len;
	BIO *bio;
	int rc = file_read(path, &data, &len, err);

	if (rc != 0)
		return rc;
	if (strstr(data, "ENCRYPTED") != NULL)
		rc = prompt_password(password_file, "password of the private key file", false,
		    &password, err);
	bio = BIO_new_mem_buf(data, (int)len);
	if (rc == 0 && bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, prompt_give_password, password);
	ERR_clear_error();
	if (rc == 0 && key == NULL)
		rc = gh_refuse(err, GH_E_CONF,
		    password != NULL ? "%s: wrong password, or no private key in PEM"
				     : "%s: no private key in PEM",
		    path);
	if (rc == 0)
		rc = put_key(f, key, err);
	EVP_PKEY_free(key);
	BIO_free(bio);
	prompt_free(password);
	OPENSSL_cleanse(data, len);
	free(data);
	return rc;
}

/* ---- PKCS#12 ---- */

static int
take_pkcs12(struct cert_files *f, const PKCS12 *p12, const char *path, const char *password,
    struct gh_error *err)
{
	STACK_OF(X509) *others = NULL;
	EVP_PKEY *key = NULL;
	X509 *cert = NULL, *next;
	int rc = 0;

	if (PKCS12_parse((PKCS12 *)(uintptr_t)p12, password, &key, &cert, &others) != 1)
		rc = gh_refuse(err, GH_E_CONF, "%s: its content cannot be decrypted", path);
	else if (key == NULL || cert == NULL)
		rc = gh_refuse(err, GH_E_CONF, "%s: no private key with its certificate in it",
		    path);
	ERR_clear_error();
	if (rc == 0)
		rc = put_key(f, key, err);
	if (rc == 0 && (rc = add(f, cert, err)) == 0)
		cert = NULL;
	while (rc == 0 && (next = sk_X509_shift(others)) != NULL)
		rc = add(f, next, err);
	X509_free(rc == 0 ? cert : NULL);
	EVP_PKEY_free(key);
	sk_X509_pop_free(others, X509_free);
	return rc;
}

int
cert_files_read_pkcs12(struct cert_files *f, const char *path, const char *password_file,
    struct gh_error *err)
{
	const unsigned char *p;
	char *data, *password = NULL;
	OSSL_PROVIDER *legacy;
	PKCS12 *p12 = NULL;
	size_t len;
	int rc = file_read(path, &data, &len, err);

	if (rc != 0)
		return rc;
	/* RC2, which Windows wrote for long */
	legacy = OSSL_PROVIDER_try_load(NULL, "legacy", 1);
	ERR_clear_error();
	p = (const unsigned char *)data;
	p12 = d2i_PKCS12(NULL, &p, (long)len);
	if (p12 == NULL)
		rc = gh_refuse(err, GH_E_CONF, "%s: no PKCS#12", path);
	if (rc == 0)
		rc = prompt_password(password_file, "password of the PKCS#12 file", false,
		    &password, err);
	if (rc == 0 && PKCS12_verify_mac(p12, password, -1) != 1)
		rc = gh_refuse(err, GH_E_CONF, "%s: wrong password, or a damaged file", path);
	ERR_clear_error();
	if (rc == 0)
		rc = take_pkcs12(f, p12, path, password, err);
	PKCS12_free(p12);
	if (legacy != NULL)
		OSSL_PROVIDER_unload(legacy);
	prompt_free(password);
	OPENSSL_cleanse(data, len);
	free(data);
	return rc;
}

/* ---- chain ---- */

static const X509 *
find_issuer(const struct cert_files *f, const X509 *cert)
{
	for (int i = 0; i < sk_X509_num(f->others); i++) {
		X509 *one = sk_X509_value(f->others, i);
		EVP_PKEY *key = X509_get0_pubkey(one);

		if (X509_NAME_cmp(X509_get_subject_name(one), X509_get_issuer_name(cert)) == 0 &&
		    key != NULL && X509_verify((X509 *)(uintptr_t)cert, key) == 1)
			return one;
	}
	ERR_clear_error();
	return NULL;
}

static int
put_cert(struct cert_chain *out, const X509 *cert, struct gh_error *err)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der), rc;

	if (n <= 0)
		return gh_fail(err, GH_E_NOMEM, "certificate");
	rc = cert_chain_add(out, der, (size_t)n, err);
	OPENSSL_free(der);
	return rc;
}

int
cert_files_chain(const struct cert_files *f, struct cert_chain *out, struct gh_error *err)
{
	const X509 *cert = f->cert;
	char name[160];
	int rc = put_cert(out, cert, err);

	while (rc == 0 && X509_self_signed((X509 *)(uintptr_t)cert, 1) != 1) {
		X509_NAME_oneline(X509_get_issuer_name(cert), name, sizeof(name));
		cert = find_issuer(f, cert);
		if (cert == NULL)
			rc = gh_refuse(err, GH_E_CONF,
			    "the issuer's certificate is missing: %s (--chain FILE)", name);
		else if (out->n + 1 == CERT_CHAIN_MAX)
			rc = gh_refuse(err, GH_E_CONF, "the chain is longer than %d certificates",
			    CERT_CHAIN_MAX - 1);
		else
			rc = put_cert(out, cert, err);
	}
	ERR_clear_error();
	return rc;
}
