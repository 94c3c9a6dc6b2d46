/* EnvelopedData of CMS for a key that the seeds are encrypted for: what is opened is a ContentInfo,
 * what is not is refused with codes that tell nothing about the key. */
#include <stdint.h>
#include <stdlib.h>

#include <openssl/x509v3.h>

#include "formats/cms_enveloped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ECPrivateKey (RFC 5915) on P-256; its number is 1. */
static EVP_PKEY *
make_key(void)
{
	static const unsigned char der[] = {0x30, 0x31, 2, 1, 1, 4, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xa0, 10, 6, 8,
	    0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	const unsigned char *p = der;

	return d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, sizeof(der));
}

static X509 *
make_cert(EVP_PKEY *key)
{
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	X509 *x = X509_new();

	if (x == NULL || id == NULL || key == NULL || X509_set_version(x, X509_VERSION_3) != 1 ||
	    ASN1_OCTET_STRING_set(id, (const unsigned char *)"fuzz", 4) != 1 ||
	    X509_set_pubkey(x, key) != 1 ||
	    X509_add1_ext_i2d(x, NID_subject_key_identifier, id, 0, 0) != 1)
		abort();
	ASN1_OCTET_STRING_free(id);
	return x;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static EVP_PKEY *key;
	static X509 *cert;
	struct gh_error err = {0};
	struct cms_enveloped m;
	struct gh_buf out;
	int rc;

	if (key == NULL)
		cert = make_cert(key = make_key());
	if ((rc = cms_enveloped_read(data, size, &m, &err)) != 0) {
		if (m.cms != NULL || m.der.data != NULL || err.code != rc ||
		    (rc != GH_E_BAD_REQUEST && rc != GH_E_CSR_WEAK))
			abort();
		return 0;
	}
	gh_buf_init(&out, CMS_ENVELOPED_MAX);
	rc = cms_enveloped_open(&m, key, cert, &out, &err);
	if (rc == 0 ? !cms_enveloped_is_for(&m, cert) || out.len == 0
		    : out.len != 0 || (rc != GH_E_SIGNATURE && rc != GH_E_CSR_WEAK))
		abort();
	gh_buf_free(&out);
	cms_enveloped_clear(&m);
	return 0;
}
