/* Textual encodings. See pem.h. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "encoding.h"
#include "pem.h"

#define LINE_COLUMNS 64

void
gh_pem_put_base64(struct gh_buf *b, const char *label, const char *base64)
{
	gh_buf_putf(b, "-----BEGIN %s-----\n", label);
	for (size_t left = strlen(base64); left > 0;) {
		size_t n = left < LINE_COLUMNS ? left : LINE_COLUMNS;

		gh_buf_put(b, base64, n);
		gh_buf_putc(b, '\n');
		base64 += n;
		left -= n;
	}
	gh_buf_putf(b, "-----END %s-----\n", label);
}

void
gh_pem_put(struct gh_buf *b, const char *label, const void *der, size_t len)
{
	char *base64 = gh_base64_encode(der, len, GH_BASE64_ONE_LINE);

	if (base64 != NULL)
		gh_pem_put_base64(b, label, base64);
	else
		b->failed = true;
	free(base64);
}

int
gh_pem_no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

static int
read_certs(BIO *bio, STACK_OF(X509) * out, struct gh_error *err)
{
	X509 *cert;

	while ((cert = PEM_read_bio_X509(bio, NULL, gh_pem_no_password, NULL)) != NULL) {
		if (sk_X509_push(out, cert) <= 0) {
			X509_free(cert);
			return gh_fail(err, GH_E_NOMEM, "certificates");
		}
	}
	/* "no start line" is how a text ends */
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return gh_refuse(err, GH_E_CONF, "certificate %d cannot be read",
		    sk_X509_num(out) + 1);
	if (sk_X509_num(out) == 0)
		return gh_refuse(err, GH_E_CONF, "no certificate in it (PEM)");
	return 0;
}

int
gh_pem_read_certs(const char *text, size_t len, STACK_OF(X509) * *out, struct gh_error *err)
{
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(text, (int)len) : NULL;
	STACK_OF(X509) *certs = sk_X509_new_null();
	int rc;

	*out = NULL;
	ERR_clear_error();
	rc = bio != NULL && certs != NULL ? read_certs(bio, certs, err)
					  : gh_fail(err, GH_E_NOMEM, "certificates");
	ERR_clear_error();
	BIO_free(bio);
	if (rc != 0)
		sk_X509_pop_free(certs, X509_free);
	else
		*out = certs;
	return rc;
}
