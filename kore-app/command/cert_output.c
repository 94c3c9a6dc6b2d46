/* PEM and text of certificates. See cert_output.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "buf.h"
#include "encoding.h"
#include "pem.h"

#include "command.h"
#include "cert_output.h"

#define PEM_MAX (4 * 1024 * 1024)

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
	struct gh_buf b;
	bool ok;

	gh_buf_init(&b, PEM_MAX);
	gh_pem_put(&b, PEM_STRING_X509, der, len);
	ok = cert != NULL && gh_buf_check(&b, NULL) == 0 && fwrite(b.data, 1, b.len, f) == b.len;
	gh_buf_free(&b);
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
	struct gh_buf b;
	bool ok = true;

	gh_buf_init(&b, PEM_MAX);
	for (size_t i = 0; ok && i < chain->n; i++) {
		X509 *cert = parse(chain->cert[i].der, chain->cert[i].len);

		ok = cert != NULL;
		X509_free(cert);
		gh_pem_put(&b, PEM_STRING_X509, chain->cert[i].der, chain->cert[i].len);
	}
	gh_buf_puts(&b, "");
	if (ok && gh_buf_check(&b, NULL) == 0)
		return (char *)b.data;
	gh_buf_free(&b);
	return NULL;
}

int
cert_output_read(struct store *s, const char *id, gh_json **out, struct gh_error *err)
{
	int rc = store_get_cert(s, id, out, err);
	const gh_json *key = rc == 0 ? gh_json_get(*out, "archived_key") : NULL;

	if (rc == 0 &&
	    gh_json_set_string(*out, "archived_key", gh_json_string(gh_json_get(key, "id"))) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "certificate");
	return rc;
}
