/* Writing the result of an enrollment. */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>

#include "durable_file.h"
#include "pem.h"

#include "client_files.h"
#include "file.h"
#include "cert_output.h"

static int
write_pem(const char *path, const struct cert_chain *chain, bool replace, struct gh_error *err)
{
	char *text = pem_chain_text(chain);
	int rc;

	if (text == NULL)
		return gh_fail(err, GH_E_NOMEM, "%s", path);
	rc = gh_file_write(path, text, strlen(text), 0644, replace, err);
	free(text);
	return rc;
}

/* The part of the chain from one index on; shares the bytes. */
static struct cert_chain
part_of(const struct cert_chain *chain, size_t from, size_t to)
{
	struct cert_chain part = {0};

	for (size_t i = from; i < to && i < chain->n; i++)
		part.cert[part.n++] = chain->cert[i];
	return part;
}

static int
make_p12(const struct client_answer *a, EVP_PKEY *key, const char *password, PKCS12 **out)
{
	STACK_OF(X509) *issuers = sk_X509_new_null();
	X509 *leaf = client_answer_cert(a, 0), *cert;
	int ok = issuers != NULL && leaf != NULL;

	for (size_t i = 1; ok && i < a->chain.n; i++) {
		cert = client_answer_cert(a, i);
		ok = cert != NULL && sk_X509_push(issuers, cert) > 0;
		if (!ok)
			X509_free(cert);
	}
	/* 0: OpenSSL's choice, today AES-256 under PBKDF2 */
	*out = ok ? PKCS12_create(password, NULL, key, leaf, issuers, 0, 0, 0, 0, 0) : NULL;
	X509_free(leaf);
	sk_X509_pop_free(issuers, X509_free);
	ERR_clear_error();
	return *out != NULL ? 0 : -1;
}

static int
write_p12(const struct client_files *f, const struct client_answer *a, EVP_PKEY *key,
    struct gh_error *err)
{
	unsigned char *der = NULL;
	PKCS12 *p12;
	int n = 0, rc;

	if (make_p12(a, key, f->p12_password, &p12) == 0)
		n = i2d_PKCS12(p12, &der);
	PKCS12_free(p12);
	if (n <= 0)
		return gh_fail(err, GH_E_INTERNAL, "the PKCS#12 could not be made");
	rc = gh_file_write(f->p12, der, (size_t)n, 0600, f->replace, err);
	OPENSSL_free(der);
	return rc;
}

int
client_files_write(const struct client_files *f, const struct client_answer *a, EVP_PKEY *key,
    struct gh_error *err)
{
	struct cert_chain leaf = part_of(&a->chain, 0, 1),
			  issuers = part_of(&a->chain, 1, a->chain.n);
	int rc = 0;

	if (f->cert != NULL)
		rc = write_pem(f->cert, &leaf, f->replace, err);
	if (rc == 0 && f->chain != NULL && issuers.n > 0)
		rc = write_pem(f->chain, &issuers, f->replace, err);
	if (rc == 0 && f->p12 != NULL)
		rc = write_p12(f, a, key, err);
	return rc;
}

int
client_files_load_certs(const char *path, STACK_OF(X509) * *out, struct gh_error *err)
{
	struct gh_error why;
	size_t len;
	char *text;
	int rc = file_read(path, &text, &len, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	rc = gh_pem_read_certs(text, len, out, &why);
	free(text);
	return rc == 0 ? 0 : gh_refuse(err, rc, "%s: %s", path, why.message);
}
