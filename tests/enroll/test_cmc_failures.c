/* What a message of CMC is refused for: who may sign, and each CMCFailInfo that has its own cause.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "asked_extensions.h"
#include "timestamp.h"

#include "fake_cmc.h"

/* --- who may sign ----------------------------------------------------------------------------- */

/* The certificate of ours that signs, with this extension more. */
static void
add_usage(int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	X509_free(fake_cmc.cert);
	fake_cmc.cert = message_cert(fake_cmc.old, "old", 3);
	assert_non_null(e);
	assert_true(X509_add_ext(fake_cmc.cert, e, -1) == 1 &&
	    X509_sign(fake_cmc.cert, fake_cmc.old, EVP_sha256()) > 0);
	X509_EXTENSION_free(e);
}

/* The whole table of usages is in tests/ca-backend/test_client_verify.c. */
static void
test_C034_signer_is_for_clients(void **state)
{
	static const struct {
		int nid;
		const char *value;
		bool may;
	} cases[] = {
	    {NID_ext_key_usage, "serverAuth", false},
	    {NID_ext_key_usage, "codeSigning", false},
	    {NID_key_usage, "keyEncipherment", false},
	    {NID_ext_key_usage, "clientAuth", true},
	    {NID_ext_key_usage, "cmcRA", true},
	    {NID_key_usage, "digitalSignature", true},
	};

	(void)state;
	fake_cmc.ctx.caller = NULL;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rows = fake_store.rows;

		fake_cmc_again();
		fake_cmc.message.last_id = (unsigned)i; /* else it is the message before */
		(void)fake_cmc_add_request();
		add_usage(cases[i].nid, cases[i].value);
		fake_cmc_send_by_cert();
		if (!cases[i].may)
			fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "not for clients");
		assert_int_equal(fake_store.rows, cases[i].may ? rows + 1 : rows);
	}
}

/* Who asked for the certificate is recorded, but not under a MAC that holds. */
static void
test_C034_signer_whose_row_is_not_sealed(void **state)
{
	(void)state;
	fake_cmc.ctx.caller = NULL;
	fake_cmc.recognized.is_requester_sealed = false;
	(void)fake_cmc_add_request();
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "not known whose");
}

/* --- badTime ---------------------------------------------------------------------------------- */

static void
send_of_time(const char *time)
{
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.key,
	    .cert = fake_cmc.own,
	    .flags = CMS_USE_KEYID | CMS_NOCERTS,
	    .time = time});
}

/* UTCTime of so many seconds from now. */
static const char *
utc(int64_t seconds)
{
	static char text[32];
	ASN1_UTCTIME *t = ASN1_UTCTIME_set(NULL, (time_t)(gh_now() + seconds));

	assert_non_null(t);
	snprintf(text, sizeof(text), "%s", (const char *)ASN1_STRING_get0_data(t));
	ASN1_UTCTIME_free(t);
	return text;
}

static void
test_C031_bad_time(void **state)
{
	(void)state;
	(void)fake_cmc_add_request();
	fake_cmc.ctx.time_window = 300;
	send_of_time(utc(-400));
	fake_cmc_assert_failed(CMC_BAD_TIME, 0, "set the clock");
	assert_int_equal(fake_cmc.answer.rc, GH_E_TIMESTAMP_WINDOW);
	send_of_time(utc(400));
	fake_cmc_assert_failed(CMC_BAD_TIME, 0, "set the clock");
	send_of_time("700101000000Z");
	fake_cmc_assert_failed(CMC_BAD_TIME, 0, "set the clock");
	send_of_time("no time");
	fake_cmc_assert_failed(CMC_BAD_TIME, 0, "malformed");
	assert_int_equal(fake_store.rows, 0);
	/* nobody is told the time here who does not prove who he is */
	fake_cmc.ctx.caller = NULL;
	send_of_time(utc(400));
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 0, "proves who asks");
	fake_cmc.ctx.caller = &fake_cmc.alice;
	send_of_time(utc(-200));
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 1);
}

/* For devices that have no clock. */
static void
test_C031_time_is_not_looked_at(void **state)
{
	(void)state;
	(void)fake_cmc_add_request();
	fake_cmc.ctx.time_window = 0;
	send_of_time("700101000000Z");
	assert_int_equal(fake_cmc.answer.rc, 0);
}

/* --- unsupportedExt --------------------------------------------------------------------------- */

static const struct {
	const char *why;
	int asked, given; /* NID; 0: none */
	const char *is, *becomes;
	const char *text; /* NULL: it may */
} extensions[] = {
    {"narrowed", NID_key_usage, NID_key_usage, "digitalSignature,keyEncipherment",
	"digitalSignature", NULL},
    {"more", NID_key_usage, NID_key_usage, "digitalSignature", "digitalSignature,keyEncipherment",
	NULL},
    {"any", NID_key_usage, 0, "keyAgreement", NULL, NULL},
    {"inverted", NID_key_usage, NID_key_usage, "keyAgreement", "digitalSignature",
	"none of the key usages"},
    {"critical, inverted", NID_key_usage, NID_key_usage, "critical,cRLSign",
	"critical,digitalSignature", "none of the key usages"},
    {"one of them", NID_ext_key_usage, NID_ext_key_usage, "serverAuth,clientAuth",
	"clientAuth,emailProtection", NULL},
    {"anything", NID_ext_key_usage, NID_ext_key_usage, "anyExtendedKeyUsage", "clientAuth", NULL},
    {"another", NID_ext_key_usage, NID_ext_key_usage, "codeSigning", "clientAuth",
	"none of the extended key usages"},
    {"an end entity", NID_basic_constraints, 0, "critical,CA:FALSE", NULL, NULL},
    {"a CA", NID_basic_constraints, 0, "CA:TRUE", NULL, "no certificates of CAs"},
    {"left out", NID_name_constraints, 0, "permitted;DNS:x.test", NULL, NULL},
    {"left out, critical", NID_name_constraints, 0, "critical,permitted;DNS:x.test", NULL,
	"2.5.29.30"},
    {"names", NID_subject_alt_name, NID_subject_alt_name, "critical,DNS:x.test", "DNS:y.test",
	NULL},
    {"names left out", NID_subject_alt_name, 0, "critical,DNS:x.test", NULL, "2.5.29.17"},
};

static STACK_OF(X509_EXTENSION) * one_extension(int nid, const char *value)
{
	STACK_OF(X509_EXTENSION) *all = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *e;

	assert_non_null(all);
	if (nid != 0) {
		assert_non_null(e = X509V3_EXT_conf_nid(NULL, NULL, nid, value));
		assert_true(sk_X509_EXTENSION_push(all, e) > 0);
	}
	return all;
}

static void
test_C031_which_extensions(void **state)
{
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		struct ca_pkcs10 csr = {
		    .extensions = one_extension(extensions[i].asked, extensions[i].is)};
		struct cert_spec spec = {
		    .extensions = one_extension(extensions[i].given, extensions[i].becomes)};
		int rc = asked_extensions_check(&csr, &spec, &err);

		if ((rc != 0) != (extensions[i].text != NULL) ||
		    (rc != 0 && strstr(err.message, extensions[i].text) == NULL))
			fail_msg("%s: %d %s", extensions[i].why, rc, rc != 0 ? err.message : "");
		sk_X509_EXTENSION_pop_free(csr.extensions, X509_EXTENSION_free);
		sk_X509_EXTENSION_pop_free(spec.extensions, X509_EXTENSION_free);
	}
}

static void
test_C031_unsupported_ext(void **state)
{
	STACK_OF(X509_EXTENSION) *ca = one_extension(NID_basic_constraints, "CA:TRUE");
	X509_REQ *req = X509_REQ_new();
	unsigned id;

	(void)state;
	assert_true(X509_REQ_set_pubkey(req, fake_cmc.key) == 1 &&
	    X509_REQ_add_extensions(req, ca) == 1 &&
	    X509_REQ_sign(req, fake_cmc.key, EVP_sha256()) > 0);
	id = message_pkcs10(&fake_cmc.message, req);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_UNSUPPORTED_EXT, id, "no certificates of CAs");
	assert_int_equal(fake_cmc.answer.rc, GH_E_DENIED);
	sk_X509_EXTENSION_pop_free(ca, X509_EXTENSION_free);
	X509_REQ_free(req);
}

/* --- authDataFail ----------------------------------------------------------------------------- */

static void
test_C031_auth_data_fail(void **state)
{
	static const unsigned char of[] = {1};
	unsigned id;

	(void)state;
	(void)fake_cmc_add_request();
	id = message_value(&fake_cmc.message, CMC_AUTH_DATA, GH_DER_INTEGER, of, sizeof(of));
	fake_cmc_send_own();
	fake_cmc_assert_failed(CMC_AUTH_DATA_FAIL, id, "no control of this type");
	assert_int_equal(fake_store.rows, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CMC_CASE(test_C034_signer_is_for_clients),
	    CMC_CASE(test_C034_signer_whose_row_is_not_sealed),
	    CMC_CASE(test_C031_bad_time),
	    CMC_CASE(test_C031_time_is_not_looked_at),
	    CMC_CASE(test_C031_which_extensions),
	    CMC_CASE(test_C031_unsupported_ext),
	    CMC_CASE(test_C031_auth_data_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
