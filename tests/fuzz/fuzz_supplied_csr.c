/*
 * A hostile CSR as input, for templates that take names from the request. What comes out must be
 * within the template's rules, whatever came in.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "tmpl.h"

#define CHECK(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

static const char wide[] =
    "{\"name\":\"W\",\"nameFlags\":[\"ENROLLEE_SUPPLIES_SUBJECT\"],\"approval\":true,"
    "\"schemaVersion\":2,\"oid\":\"1.3.6.1.4.1.311.21.8.1\",\"majorVersion\":100,\"minorVersion\":"
    "3,"
    "\"keyTypes\":[{\"type\":\"RSA\"},{\"type\":\"EC\"},{\"type\":\"Ed25519\"}],\"validity\":"
    "\"1d\","
    "\"enrollmentFlags\":[\"ISSUANCE_POLICIES_FROM_REQUEST\"],\"certificatePolicies\":[\"1.2.3.5\"]"
    ","
    "\"keyUsage\":[\"digitalSignature\"],\"extendedKeyUsage\":[\"clientAuth\"],\"enrollGroups\":[\"*\"],\"san\":{\"types\":[\"dns\","
    "\"email\",\"ip\","
    "\"uri\",\"upn\"],\"otherNames\":[\"1.2.3.4\"],\"wildcards\":true}}";
static const char narrow[] =
    "{\"name\":\"User\",\"nameFlags\":[\"ENROLLEE_SUPPLIES_SUBJECT\"],\"approval\":true,"
    "\"schemaVersion\":2,\"oid\":\"1.3.6.1.4.1.311.21.8.1\",\"majorVersion\":100,\"minorVersion\":"
    "3,"
    "\"keyTypes\":[{\"type\":\"EC\"}],\"validity\":\"1d\",\"extendedKeyUsage\":[\"serverAuth\"],"
    "\"keyUsage\":[\"digitalSignature\"],"
    "\"enrollGroups\":[\"*\"],\"subject\":{\"allow\":[\"CN\"],\"commonName\":\"dns\"},"
    "\"san\":{\"types\":[\"dns\"],\"dns\":[\".example\"]}}";

static bool
ends_with(const ASN1_STRING *s, const char *suffix)
{
	size_t n = (size_t)ASN1_STRING_length(s), m = strlen(suffix);

	return n > m && strncasecmp((const char *)ASN1_STRING_get0_data(s) + n - m, suffix, m) == 0;
}

static void
check_narrow(const struct cert_spec *spec, const GENERAL_NAMES *san)
{
	int i;

	for (i = 0; i < X509_NAME_entry_count(spec->subject); i++)
		CHECK(ends_with(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(spec->subject, i)),
		    ".example"));
	for (i = 0; i < sk_GENERAL_NAME_num(san); i++) {
		const GENERAL_NAME *gn = sk_GENERAL_NAME_value(san, i);

		CHECK(gn->type == GEN_DNS && ends_with(gn->d.dNSName, ".example"));
	}
}

static void
check_wide(const struct cert_spec *spec, const GENERAL_NAMES *san)
{
	int i;

	(void)spec;
	for (i = 0; i < sk_GENERAL_NAME_num(san); i++) {
		const GENERAL_NAME *gn = sk_GENERAL_NAME_value(san, i);

		CHECK(gn->type != GEN_DIRNAME && gn->type != GEN_RID && gn->type != GEN_X400);
		if (gn->type == GEN_URI)
			CHECK(strncasecmp((const char *)ASN1_STRING_get0_data(
					      gn->d.uniformResourceIdentifier),
				  "tag:microsoft.com", 17) != 0);
	}
}

static void
apply(const char *text, const struct dir_entry *e, const struct ca_pkcs10 *csr,
    void (*check)(const struct cert_spec *, const GENERAL_NAMES *))
{
	const struct subject_source from = {.csr = csr,
	    .entry = e,
	    .needs_no_entry = e == NULL,
	    .takes_change = e == NULL};
	struct cert_spec *spec;
	struct gh_error err;
	GENERAL_NAMES *san;
	struct tmpl *t;

	CHECK(tmpl_load(text, strlen(text), &t, &err) == 0);
	if (tmpl_apply(t, &from, 1700000000, 600, &spec, &err) != 0) {
		CHECK(spec == NULL && err.code != GH_OK && err.message[0] != '\0');
	} else {
		san = X509V3_get_d2i(spec->extensions, NID_subject_alt_name, NULL, NULL);
		CHECK(X509_NAME_entry_count(spec->subject) > 0 || sk_GENERAL_NAME_num(san) > 0);
		CHECK(X509v3_get_ext_by_NID(spec->extensions, NID_basic_constraints, -1) < 0);
		check(spec, san);
		GENERAL_NAMES_free(san);
		cert_spec_free(spec);
	}
	tmpl_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dir_entry *e;
	struct ca_pkcs10 *csr;

	if (e == NULL) {
		CHECK((e = dir_entry_new()) != NULL && (e->dn = strdup("CN=a,DC=b")) != NULL);
		CHECK((e->sid = strdup("S-1-5-21-1-2-3-1108")) != NULL);
	}
	if (ca_pkcs10_parse(data, size, &csr, NULL) != 0)
		return 0;
	apply(wide, e, csr, check_wide);
	apply(narrow, e, csr, check_narrow);
	apply(narrow, NULL, csr, check_narrow);
	ca_pkcs10_free(csr);
	return 0;
}
