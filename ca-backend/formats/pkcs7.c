/*
 * Certs-only SignedData (RFC 2315, section 9.1, version 1; RFC 5272, 4.1). Written out by hand:
 * libcrypto would parse each certificate first, and the order must stay as given.
 */
#include <stdlib.h>

#include "pkcs7.h"
#include "der.h"
#include "oid.h"

#define CERT_BYTES_MAX ((size_t)64 * 1024) /* of one, and what is around it */
#define PKCS7_CRLS_MAX ((size_t)64 * 1024 * 1024)
_Static_assert(CERT_CHAIN_MAX <= CA_PKCS7_CERTS_MAX, "a chain has room");

static const unsigned char oid_signed_data[] = {GH_OID_DER(GH_OID_PKCS7_SIGNED_DATA)};
static const unsigned char version_1[] = {GH_DER_INTEGER, 1, 1};
static const unsigned char empty_set[] = {GH_DER_SET, 0};
/* ContentInfo of type data without content */
static const unsigned char no_content[] = {GH_DER_SEQUENCE, 11, GH_OID_DER(GH_OID_PKCS7_DATA)};

/* version, digestAlgorithms, contentInfo, certificates [0] or crls [1], signerInfos */
static size_t
body_size(size_t items)
{
	return sizeof(version_1) + sizeof(empty_set) + sizeof(no_content) + gh_der_size(items) +
	    sizeof(empty_set);
}

size_t
ca_pkcs7_size(size_t items)
{
	return gh_der_size(sizeof(oid_signed_data) + gh_der_size(gh_der_size(body_size(items))));
}

/* tag: of what it holds. */
static int
encode(unsigned tag, const struct gh_der *item, size_t n, size_t max, unsigned char **der,
    size_t *der_len, struct gh_error *err)
{
	struct gh_buf b;
	size_t i, items = 0, body;
	int rc;

	*der = NULL;
	*der_len = 0;
	for (i = 0; i < n; i++)
		items += item[i].len;
	body = body_size(items);

	gh_buf_init(&b, max);
	gh_der_put_header(&b, GH_DER_SEQUENCE,
	    sizeof(oid_signed_data) + gh_der_size(gh_der_size(body)));
	gh_buf_put(&b, oid_signed_data, sizeof(oid_signed_data));
	gh_der_put_header(&b, GH_DER_CONTEXT(0), gh_der_size(body));
	gh_der_put_header(&b, GH_DER_SEQUENCE, body);
	gh_buf_put(&b, version_1, sizeof(version_1));
	gh_buf_put(&b, empty_set, sizeof(empty_set));
	gh_buf_put(&b, no_content, sizeof(no_content));
	gh_der_put_header(&b, tag, items);
	for (i = 0; i < n; i++)
		gh_buf_put(&b, item[i].p, item[i].len);
	gh_buf_put(&b, empty_set, sizeof(empty_set));
	if ((rc = gh_buf_check(&b, err)) != 0) {
		gh_buf_free(&b);
		return rc;
	}
	*der = b.data;
	*der_len = b.len;
	return 0;
}

int
ca_pkcs7_encode_certs(const struct gh_der *cert, size_t n, unsigned char **der, size_t *der_len,
    struct gh_error *err)
{
	return encode(GH_DER_CONTEXT(0), cert, n, (n + 1) * CERT_BYTES_MAX, der, der_len, err);
}

int
ca_pkcs7_encode_crls(const struct gh_der *crl, size_t n, unsigned char **der, size_t *der_len,
    struct gh_error *err)
{
	return encode(GH_DER_CONTEXT(1), crl, n, PKCS7_CRLS_MAX, der, der_len, err);
}

int
ca_pkcs7_encode(const struct cert_chain *chain, unsigned char **der, size_t *der_len,
    struct gh_error *err)
{
	struct gh_der certs[CERT_CHAIN_MAX];

	for (size_t i = 0; i < chain->n; i++)
		certs[i] = (struct gh_der){chain->cert[i].der, chain->cert[i].len};
	return ca_pkcs7_encode_certs(certs, chain->n, der, der_len, err);
}
