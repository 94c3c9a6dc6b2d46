/* PEM (RFC 7468) and text of certificates, by OpenSSL. */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "encoding.h"

#include "command.h"
#include "pem.h"

static X509 *
parse(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	X509 *cert = d2i_X509(NULL, &p, (long)len);

	if (cert == NULL || p != der + len) {
		X509_free(cert);
		ERR_clear_error();
		return NULL;
	}
	return cert;
}

int
pem_write_certificate(FILE *f, const unsigned char *der, size_t len)
{
	X509 *cert = parse(der, len);
	int ok = cert != NULL && PEM_write_X509(f, cert) == 1;

	X509_free(cert);
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

int
pem_write_text(FILE *f, const unsigned char *der, size_t len)
{
	X509 *cert = parse(der, len);
	int ok = cert != NULL &&
	    X509_print_ex_fp(f, cert, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB, 0) ==
		1;

	X509_free(cert);
	return ok ? COMMAND_OK : COMMAND_FAILED;
}

int
pem_write_chain(FILE *f, const gh_json *chain, size_t max)
{
	int rc = gh_json_size(chain) > 0 ? COMMAND_OK : COMMAND_FAILED;

	for (size_t i = 0; rc == COMMAND_OK && i < gh_json_size(chain) && i < max; i++) {
		const char *text = gh_json_string(gh_json_at(chain, i));
		unsigned char *der = NULL;
		size_t len = 0;

		if (text == NULL || gh_base64_decode(text, strlen(text), &der, &len, NULL) != 0)
			rc = COMMAND_FAILED;
		else
			rc = pem_write_certificate(f, der, len);
		free(der);
	}
	return rc;
}

char *
pem_chain_text(const struct cert_chain *chain)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int ok = bio != NULL;
	char *data, *text = NULL;
	long n;

	for (size_t i = 0; ok && i < chain->n; i++) {
		X509 *cert = parse(chain->cert[i].der, chain->cert[i].len);

		ok = cert != NULL && PEM_write_bio_X509(bio, cert) == 1;
		X509_free(cert);
	}
	if (ok) {
		n = BIO_get_mem_data(bio, &data);
		text = malloc((size_t)n + 1);
		if (text != NULL) {
			memcpy(text, data, (size_t)n);
			text[n] = '\0';
		}
	}
	BIO_free(bio);
	return text;
}
