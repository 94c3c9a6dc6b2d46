/* Object identifiers beside OpenSSL's table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/objects.h>

#include "oid.h"

#define ROW(text, ...) \
	{ \
		text, (const unsigned char[]){GH_OID_DER(__VA_ARGS__)}, \
		    sizeof((const unsigned char[]){GH_OID_DER(__VA_ARGS__)}) \
	}

static const struct {
	const char *text; /* name or dots, as OpenSSL reads it */
	const unsigned char *der;
	size_t len;
} rows[] = {
    ROW("subjectKeyIdentifier", GH_OID_SUBJECT_KEY_ID),
    ROW("keyUsage", GH_OID_KEY_USAGE),
    ROW("basicConstraints", GH_OID_BASIC_CONSTRAINTS),
    ROW("crlNumber", GH_OID_CRL_NUMBER),
    ROW("CRLReason", GH_OID_CRL_REASON),
    ROW("invalidityDate", GH_OID_INVALIDITY_DATE),
    ROW("issuingDistributionPoint", GH_OID_ISSUING_DISTRIBUTION_POINT),
    ROW("certificateIssuer", GH_OID_CERTIFICATE_ISSUER),
    ROW("crlDistributionPoints", GH_OID_CRL_DISTRIBUTION_POINTS),
    ROW("authorityKeyIdentifier", GH_OID_AUTHORITY_KEY_ID),
    ROW("extendedKeyUsage", GH_OID_EXT_KEY_USAGE),
    ROW("anyExtendedKeyUsage", GH_OID_ANY_EXT_KEY_USAGE),
    ROW("authorityInfoAccess", GH_OID_AUTHORITY_INFO_ACCESS),
    ROW("OCSPSigning", GH_OID_KP_OCSP_SIGNING),
    ROW("basicOCSPResponse", GH_OID_OCSP_BASIC),
    ROW("Nonce", GH_OID_OCSP_NONCE),
    ROW("noCheck", GH_OID_OCSP_NOCHECK),
    ROW("archiveCutoff", GH_OID_OCSP_ARCHIVE_CUTOFF),
    ROW("rsaEncryption", GH_OID_RSA),
    ROW("sha256WithRSAEncryption", GH_OID_SHA256_WITH_RSA),
    ROW("pkcs7-data", GH_OID_PKCS7_DATA),
    ROW("pkcs7-signedData", GH_OID_PKCS7_SIGNED_DATA),
    ROW("id-ecPublicKey", GH_OID_EC),
    ROW("prime256v1", GH_OID_P256),
    ROW("secp384r1", GH_OID_P384),
    ROW("secp521r1", GH_OID_P521),
    ROW("ecdsa-with-SHA256", GH_OID_ECDSA_SHA256),
    ROW("ecdsa-with-SHA384", GH_OID_ECDSA_SHA384),
    ROW("ED25519", GH_OID_ED25519),
    ROW("sha1", GH_OID_SHA1),
    ROW("sha256", GH_OID_SHA256),
    ROW("1.3.6.1.4.1.311.13.2.2", GH_OID_MS_ENROLLMENT_CSP),
    ROW("1.3.6.1.4.1.311.13.2.3", GH_OID_MS_OS_VERSION),
    ROW("1.3.6.1.4.1.311.20.2", GH_OID_MS_TEMPLATE_NAME),
    ROW("1.3.6.1.4.1.311.21.7", GH_OID_MS_TEMPLATE),
    ROW("nsCertType", GH_OID_NS_CERT_TYPE),
};

static void
every_identifier_is_that_of_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ASN1_OBJECT *o = OBJ_txt2obj(rows[i].text, 0);
		struct gh_der in = {rows[i].der, rows[i].len}, content;

		if (o == NULL)
			fail_msg("OpenSSL does not know %s", rows[i].text);
		if (!gh_der_take(&in, GH_DER_OID, &content) || in.len != 0 ||
		    !gh_der_equals(&content, OBJ_get0_data(o), OBJ_length(o)))
			fail_msg("%s has other bytes", rows[i].text);
		ASN1_OBJECT_free(o);
	}
}

static void
is__compares_the_whole(void **state)
{
	static const unsigned char bytes[] = {GH_OID_EXT_KEY_USAGE, 0};
	struct gh_der any = {bytes, 4}, eku = {bytes, 3}, none = {bytes, 0};

	(void)state;
	assert_true(GH_OID_IS(&any, GH_OID_ANY_EXT_KEY_USAGE));
	assert_true(GH_OID_IS(&eku, GH_OID_EXT_KEY_USAGE));
	assert_false(GH_OID_IS(&any, GH_OID_EXT_KEY_USAGE));
	assert_false(GH_OID_IS(&eku, GH_OID_ANY_EXT_KEY_USAGE));
	assert_false(GH_OID_IS(&none, GH_OID_EXT_KEY_USAGE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_identifier_is_that_of_its_name),
	    cmocka_unit_test(is__compares_the_whole),
	};

	return cmocka_run_group_tests_name("base/oid", tests, NULL, NULL);
}
