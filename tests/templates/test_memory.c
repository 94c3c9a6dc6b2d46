/*
 * Out of memory: each allocation of OpenSSL fails once while a template is loaded and applied.
 * Nothing may crash or leak (run it under ASan or valgrind), and what succeeds must be whole.
 * jansson is left alone: 2.14 itself crashes when it cannot grow a string.
 */
#include "fixture.h"

#include <openssl/crypto.h>

static long countdown = -1; /* allocations until one fails; -1: none does */

static bool
fails(void)
{
	return countdown >= 0 && countdown-- == 0;
}

static void *
ssl_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : malloc(n);
}

static void *
ssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : realloc(p, n);
}

static void
ssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static const char entry_text[] =
    "{\"dn\":\"CN=Alice+UID=a,CN=Users,DC=ad,DC=test\",\"cn\":\"Alice\",\"mail\":\"alice@ad.test\","
    "\"upn\":\"alice@ad.test\",\"sid\":\"S-1-5-21-1-2-3-1108\",\"guid\":"
    "\"00112233445566778899AABBCCDDEEFF\"}";

static const char directory_text[] =
    "{\"name\":\"T\",\"oid\":\"1.2.3.4\",\"schemaVersion\":2,\"nameFlags\":["
    "\"SUBJECT_REQUIRE_DIRECTORY_PATH\",\"SUBJECT_REQUIRE_EMAIL\",\"SUBJECT_ALT_REQUIRE_UPN\","
    "\"SUBJECT_ALT_REQUIRE_EMAIL\","
    "\"SUBJECT_ALT_REQUIRE_DIRECTORY_GUID\",\"SUBJECT_ALT_REQUIRE_DOMAIN_DNS\"],\"netbiosDomain\":"
    "\"AD\","
    "\"enrollmentFlags\":[\"INCLUDE_SYMMETRIC_ALGORITHMS\",\"INCLUDE_BASIC_CONSTRAINTS_FOR_EE_"
    "CERTS\","
    "\"ISSUANCE_POLICIES_FROM_REQUEST\"],\"keyTypes\":[{\"type\":\"EC\"}],\"validity\":\"1d\","
    "\"keyUsage\":[\"digitalSignature\"],\"extendedKeyUsage\":[\"clientAuth\",\"emailProtection\"],"
    "\"certificatePolicies\":[{\"oid\":\"1.2.3.5\",\"cps\":\"http://a/"
    "\"}],\"criticalExtensions\":[\"2.5.29.17\"],"
    "\"extensions\":[{\"oid\":\"1.2.3.9\",\"value\":\"BQA=\"}],\"enrollGroups\":[\"*\"],"
    "\"metadataRequired\":[\"a\"]}";

static const char supplied_text[] =
    "{\"name\":\"S\",\"nameFlags\":[\"ENROLLEE_SUPPLIES_SUBJECT\"],\"approval\":true,"
    "\"schemaVersion\":2,\"oid\":\"1.2.3.4\",\"keyTypes\":[{\"type\":\"EC\"}],\"validity\":\"1d\","
    "\"certificatePolicies\":[\"1.2.3.5\"],\"extendedKeyUsage\":[\"clientAuth\"],"
    "\"keyUsage\":[\"digitalSignature\"],\"san\":{\"types\":[\"dns\",\"ip\",\"upn\"]},\"enrollGroups\":[\"*\"]}";

static const char csr_text[] =
    "{\"subject\":[\"CN=a.example\",\"+OU=b\",\"O=c\"],"
    "\"san\":[\"dns:a.example\",\"ip:10.0.0.1\",\"upn:a@b\"],"
    "\"extensions\":[{\"oid\":\"2.5.29.32\",\"value\":\"3007300506032A0305\"}]}";

static gh_json *
parse(const char *text)
{
	gh_json *j;

	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &j, NULL), 0);
	return j;
}

/* Returns whether the countdown ran out, that is whether something failed. */
static bool
load_with_failure(const char *text, long after)
{
	struct gh_error err = {0};
	struct tmpl *t;
	gh_json *d;
	bool ran_out;
	int rc;

	countdown = after;
	rc = tmpl_load(text, strlen(text), &t, &err);
	ran_out = countdown < 0;
	countdown = -1;
	if (rc != 0) {
		assert_true(ran_out);
		assert_null(t);
		return true;
	}
	assert_non_null(d = tmpl_describe(t));
	gh_json_free(d);
	tmpl_free(t);
	return ran_out;
}

/* Extensions and names of a result; -1: refused */
static int
apply_with_failure(const struct tmpl *t, const struct dir_entry *e, const struct ca_pkcs10 *csr,
    long after, bool *ran_out)
{
	const struct subject_source from = {.csr = csr, .entry = e};
	struct cert_spec *spec;
	struct gh_error err = {0};
	int rc, size;

	countdown = after;
	rc = tmpl_apply(t, &from, 1700000000, 600, &spec, &err);
	*ran_out = countdown < 0;
	countdown = -1;
	if (rc != 0) {
		assert_true(*ran_out);
		assert_null(spec);
		return -1;
	}
	size = sk_X509_EXTENSION_num(spec->extensions) * 100 + X509_NAME_entry_count(spec->subject);
	cert_spec_free(spec);
	return size;
}

static void
run(const char *text)
{
	gh_json *entry = parse(entry_text), *request = parse(csr_text);
	struct dir_entry *e = fixture_entry(entry);
	struct ca_pkcs10 *csr = fixture_csr(request);
	struct tmpl *t;
	bool ran_out;
	int whole, size;
	long n;

	for (n = 0; load_with_failure(text, n); n++)
		;
	assert_true(n > 50);
	assert_int_equal(tmpl_load(text, strlen(text), &t, NULL), 0);
	whole = apply_with_failure(t, e, csr, 1000000, &ran_out);
	assert_true(whole > 0);
	for (n = 0, ran_out = true; ran_out; n++) {
		size = apply_with_failure(t, e, csr, n, &ran_out);
		assert_true(size == -1 || size == whole);
	}
	assert_true(n > 20);
	tmpl_free(t);
	ca_pkcs10_free(csr);
	dir_entry_free(e);
	gh_json_free(entry);
	gh_json_free(request);
}

static void
memory__names_from_the_directory(void **state)
{
	(void)state;
	run(directory_text);
}

static void
memory__names_from_the_request(void **state)
{
	(void)state;
	run(supplied_text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory__names_from_the_directory),
	    cmocka_unit_test(memory__names_from_the_request),
	};
	int failed;

	/* before OpenSSL allocates anything */
	if (CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) != 1)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_free_keys();
	return failed;
}
