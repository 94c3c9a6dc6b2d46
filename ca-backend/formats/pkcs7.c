/*
 * Certs-only SignedData (RFC 2315, section 9.1, version 1; RFC 5272, 4.1). Written out by hand:
 * libcrypto would parse each certificate first, and the order must stay as given.
 */
#include <stdlib.h>

#include "pkcs7.h"
#include "der.h"
#include "oid.h"

#define CERT_BYTES_MAX ((size_t)64 * 1024) /* of one, and what is around it */
_Static_assert(CERT_CHAIN_MAX <= CA_PKCS7_CERTS_MAX, "a chain has room");

static const unsigned char oid_signed_data[] = {GH_OID_DER(GH_OID_PKCS7_SIGNED_DATA)};
static const unsigned char version_1[] = {GH_DER_INTEGER, 1, 1};
static const unsigned char empty_set[] = {GH_DER_SET, 0};
/* ContentInfo of type data without content */
static const unsigned char no_content[] = {GH_DER_SEQUENCE, 11, GH_OID_DER(GH_OID_PKCS7_DATA)};

int
ca_pkcs7_encode_certs(const struct gh_der *cert, size_t n, unsigned char **der, size_t *der_len,
    struct gh_error *err)
{
	struct gh_buf b;
	size_t i, certs = 0, body, outer;
	int rc;

	*der = NULL;
	*der_len = 0;
	for (i = 0; i < n; i++)
		certs += cert[i].len;
	/* version, digestAlgorithms, contentInfo, certificates [0], signerInfos */
	body = sizeof(version_1) + sizeof(empty_set) + sizeof(no_content) + gh_der_size(certs) +
	    sizeof(empty_set);
	outer = sizeof(oid_signed_data) + gh_der_size(gh_der_size(body));

	gh_buf_init(&b, (n + 1) * CERT_BYTES_MAX);
	gh_der_put_header(&b, GH_DER_SEQUENCE, outer);
	gh_buf_put(&b, oid_signed_data, sizeof(oid_signed_data));
	gh_der_put_header(&b, GH_DER_CONTEXT(0), gh_der_size(body));
	gh_der_put_header(&b, GH_DER_SEQUENCE, body);
	gh_buf_put(&b, version_1, sizeof(version_1));
	gh_buf_put(&b, empty_set, sizeof(empty_set));
	gh_buf_put(&b, no_content, sizeof(no_content));
	gh_der_put_header(&b, GH_DER_CONTEXT(0), certs);
	for (i = 0; i < n; i++)
		gh_buf_put(&b, cert[i].p, cert[i].len);
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
ca_pkcs7_encode(const struct cert_chain *chain, unsigned char **der, size_t *der_len,
    struct gh_error *err)
{
	struct gh_der certs[CERT_CHAIN_MAX];

	for (size_t i = 0; i < chain->n; i++)
		certs[i] = (struct gh_der){chain->cert[i].der, chain->cert[i].len};
	return ca_pkcs7_encode_certs(certs, chain->n, der, der_len, err);
}
