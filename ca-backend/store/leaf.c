/* The searchable columns of a certificate. RFC 5280, 4.1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "encoding.h"

#include "leaf.h"

#define SERIAL_PAD 16

static int
read_time(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return -1;
	*out = timegm(&tm);
	return 0;
}

static int
read_serial(const X509 *x, struct leaf *l)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	int n = bn != NULL ? BN_num_bytes(bn) : 0, rc = -1;

	if (n > 0 && n <= (int)sizeof(l->serial)) {
		l->serial_len = n < SERIAL_PAD ? SERIAL_PAD : (size_t)n;
		rc = BN_bn2binpad(bn, l->serial, (int)l->serial_len) > 0 ? 0 : -1;
	}
	BN_free(bn);
	return rc;
}

static int
read_names(const X509 *x, struct leaf *l)
{
	gh_json *sans = ca_san_json(x);

	l->subject = ca_dn_text(X509_get_subject_name(x));
	l->issuer = ca_dn_text(X509_get_issuer_name(x));
	l->sans = sans != NULL ? gh_json_print(sans, false) : NULL;
	gh_json_free(sans);
	return l->subject != NULL && l->issuer != NULL && l->sans != NULL ? 0 : -1;
}

int
leaf_read(const unsigned char *der, size_t len, struct leaf *out, struct gh_error *err)
{
	const unsigned char *p = der;
	X509 *x;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if ((x = d2i_X509(NULL, &p, (long)len)) == NULL || p != der + len)
		rc = gh_fail(err, GH_E_INTERNAL, "leaf of %zu bytes is no certificate", len);
	else if (read_serial(x, out) != 0 || read_time(X509_get0_notBefore(x), &out->not_before) != 0 ||
	    read_time(X509_get0_notAfter(x), &out->not_after) != 0)
		rc = gh_fail(err, GH_E_INTERNAL, "serial or validity of a leaf");
	else if (read_names(x, out) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "names of a leaf");
	else if (EVP_Digest(der, len, out->sha1, NULL, EVP_sha1(), NULL) != 1 ||
	    EVP_Digest(der, len, out->sha256, NULL, EVP_sha256(), NULL) != 1)
		rc = gh_fail(err, GH_E_INTERNAL, "digest of a leaf");
	X509_free(x);
	return rc;
}

void
leaf_clear(struct leaf *l)
{
	free(l->subject);
	free(l->issuer);
	free(l->sans);
	memset(l, 0, sizeof(*l));
}

static int
copy_hex(char *out, size_t size, const void *p, size_t n)
{
	char *hex = gh_hex_encode(p, n);

	if (hex == NULL)
		return -1;
	snprintf(out, size, "%s", hex);
	free(hex);
	return 0;
}

int
leaf_to_outcome(struct leaf *l, const unsigned char *der, size_t len, struct enroll_outcome *out,
    struct gh_error *err)
{
	if (copy_hex(out->serial, sizeof(out->serial), l->serial, l->serial_len) != 0 ||
	    copy_hex(out->thumbprint, sizeof(out->thumbprint), l->sha1, sizeof(l->sha1)) != 0)
		return gh_fail(err, GH_E_NOMEM, "outcome");
	free(out->issuer_dn);
	out->issuer_dn = l->issuer;
	l->issuer = NULL;
	return cert_chain_add(&out->chain, der, len, err);
}
