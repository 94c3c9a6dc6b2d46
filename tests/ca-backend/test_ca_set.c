/* All CAs: read from rows, found by name, slug and id; what is theirs goes to nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/x509v3.h>

#include "base/name_fixture.h"
#include "encoding.h"
#include "issuing/ca_set.h"
#include "log.h"

static EVP_PKEY *key[2];     /* of root and of the others */
static char *cert[2], *also; /* base64 */
static struct ca_set set;
static struct gh_error err;
static int log_lines;

static void
count_line(enum gh_log_level level, const char *line)
{
	(void)level;
	(void)line;
	log_lines++;
}

static char *
make_cert(const char *cn, EVP_PKEY *k)
{
	const char *const subject[] = {"DC=test", cn, NULL},
			  *const root[] = {"DC=test", "CN=Root", NULL};
	X509_NAME *name = name_of_words(subject), *issuer = name_of_words(root);
	unsigned char *der = NULL;
	X509 *x = X509_new();
	char *text;
	int n;

	assert_true(X509_set_version(x, X509_VERSION_3) == 1 &&
	    ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
	    X509_set_subject_name(x, name) == 1 && X509_set_issuer_name(x, issuer) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -60) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), 86400) != NULL && X509_set_pubkey(x, k) == 1 &&
	    X509_sign(x, key[0], EVP_sha256()) > 0);
	n = i2d_X509(x, &der);
	text = gh_base64_encode(der, (size_t)n, GH_BASE64_ONE_LINE);
	OPENSSL_free(der);
	X509_free(x);
	X509_NAME_free(name);
	X509_NAME_free(issuer);
	return text;
}

/* JSON array. */
static int
load(const char *rows)
{
	gh_json *json;
	int rc;

	log_lines = 0;
	assert_int_equal(gh_json_parse(rows, strlen(rows), GH_JSON_STRICT, &json, &err), 0);
	rc = ca_set_load(json, &set, &err);
	gh_json_free(json);
	return rc;
}

#define ROW \
	"{\"id\":%d,\"name\":\"%s\",\"slug\":\"%s\",\"state\":\"%s\",\"chain\":[\"%s\",\"%s\"]," \
	"\"also\":[\"%s\"],\"sealed\":\"AAAA\",\"cdp\":[],\"aia\":[],\"ocsp\":[],\"policy\":{}," \
	"\"crl_shards\":0,\"protection\":\"system\"}"

/* CA "Issuing" was renewed with a new key, which has its name; the old key has its slug. */
static int
begin(void **state)
{
	char rows[32768];

	(void)state;
	snprintf(rows, sizeof(rows), "[" ROW "," ROW "," ROW ",{\"id\":9,\"name\":\"broken\"}]", 3,
	    "Issuing", "issuing-2", "active", cert[1], cert[0], also, 1, "issuing-1", "issuing",
	    "superseded", cert[1], cert[0], also, 2, "Away", "away", "disabled", cert[1], cert[0],
	    also);
	return load(rows);
}

static int
end(void **state)
{
	(void)state;
	ca_set_clear(&set);
	return 0;
}

static int64_t
id_of(const struct ca *ca)
{
	return ca != NULL ? ca->id : 0;
}

static void
ca_set__what_cannot_be_read_is_left_out(void **state)
{
	(void)state;
	assert_int_equal(set.n, 3);
	assert_int_equal(log_lines, 1);
	assert_null(ca_set_find(&set, "broken"));
	ca_set_clear(&set);
	assert_int_equal(load("[]"), 0);
	assert_int_equal(set.n, 0);
	ca_set_clear(&set);
	ca_set_clear(&set);
}

static void
ca_set__finds(void **state)
{
	static const struct {
		const char *text;
		int64_t by_name, by_slug;
	} rows[] = {
	    {"issuing", 3, 1}, /* a slug keeps its meaning */
	    {"ISSUING", 3, 1},
	    {"issuing-1", 1, 1}, /* no slug: the name */
	    {"issuing-2", 0, 3},
	    {"away", 2, 2},
	    {"issuin", 0, 0},
	    {"issuing-", 0, 0},
	    {"", 0, 0},
	};
	static const struct ca_set none;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(id_of(ca_set_find(&set, rows[i].text)), rows[i].by_name);
		assert_int_equal(id_of(ca_set_find_slug(&set, rows[i].text)), rows[i].by_slug);
		assert_null(ca_set_find(&none, rows[i].text));
		assert_null(ca_set_find_slug(&none, rows[i].text));
	}
	assert_string_equal(ca_set_find_id(&set, 2)->name, "Away");
	assert_null(ca_set_find_id(&set, 9));
	assert_int_equal(id_of(ca_set_only_issuing(&set)), 3);
	assert_null(ca_set_only_issuing(&none));
}

static struct cert_spec *
spec_of(const char *const *subject, EVP_PKEY *k, const char *const *directory_name)
{
	struct cert_spec *spec = cert_spec_new();
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();

	X509_NAME_free(spec->subject);
	spec->subject = name_of_words(subject);
	spec->spki_len = (size_t)i2d_PUBKEY(k, &spec->spki);
	GENERAL_NAME_set0_value(name, GEN_DIRNAME, name_of_words(directory_name));
	assert_true(sk_GENERAL_NAME_push(names, name) > 0);
	assert_true(sk_X509_EXTENSION_push(spec->extensions,
			X509V3_EXT_i2d(NID_subject_alt_name, 0, names)) > 0);
	GENERAL_NAMES_free(names);
	return spec;
}

/* Issuing is signed by Root and was Earlier once: all are CAs, whatever the state of ours. */
static void
ca_set__gives_nobody_what_is_a_cas(void **state)
{
	static const struct {
		const char *subject[4], *directory_name[4];
		int code;
	} rows[] = {
	    {{"CN=alice"}, {"CN=bob"}, 0},
	    {{"DC=test", "CN=issuing"}, {"CN=bob"}, GH_E_CA_POLICY},
	    {{"DC=TEST", "CN:printable=ROOT "}, {"CN=bob"}, GH_E_CA_POLICY},
	    {{"CN=alice"}, {"DC:ia5=test", "CN:bmp=Issuing"}, GH_E_CA_POLICY},
	    {{NULL}, {"DC=test", "CN=root"}, GH_E_CA_POLICY},
	    {{"DC=test", "CN=earlier"}, {"CN=bob"}, GH_E_CA_POLICY},
	    {{"DC=test", "CN=root", "O=x"}, {"CN=bob"}, 0},
	};
	EVP_PKEY *own = EVP_EC_gen("P-256"), *ca_key;
	struct cert_spec *spec;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		spec = spec_of(rows[i].subject, own, rows[i].directory_name);
		assert_int_equal(ca_set_check_identity(&set, spec, &err), rows[i].code);
		cert_spec_free(spec);
	}
	ca_key = EVP_PKEY_dup(X509_get0_pubkey(ca_set_find(&set, "issuing")->cert));
	assert_int_equal(EVP_PKEY_set_utf8_string_param(ca_key, "point-format", "compressed"), 1);
	spec = spec_of(rows[0].subject, ca_key, rows[0].directory_name);
	assert_int_equal(ca_set_check_identity(&set, spec, &err), GH_E_CSR_WEAK);
	cert_spec_free(spec);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(own);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(ca_set__what_cannot_be_read_is_left_out, begin, end),
	    cmocka_unit_test_setup_teardown(ca_set__finds, begin, end),
	    cmocka_unit_test_setup_teardown(ca_set__gives_nobody_what_is_a_cas, begin, end),
	};
	int failed;

	gh_log_init("test", GH_LOG_DEBUG, count_line);
	key[0] = EVP_EC_gen("P-256");
	key[1] = EVP_EC_gen("P-256");
	cert[0] = make_cert("CN=Root", key[0]);
	cert[1] = make_cert("CN=Issuing", key[1]);
	also = make_cert("CN=Earlier", key[1]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(cert[0]);
	free(cert[1]);
	free(also);
	EVP_PKEY_free(key[0]);
	EVP_PKEY_free(key[1]);
	return failed;
}
