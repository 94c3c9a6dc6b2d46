/* Renewal and rekey by CMC: what a certificate of ours, and nothing else, asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "fake_cmc.h"
#include "renewal.h"

/* Of a template that takes names from requests; the certificate that signs has CN=self, and no
 * SAN. */
static struct enroll_profile profile;
static char supplied[] = "Supplied", *templates[] = {supplied, NULL};

static int
set_up(void **state)
{
	int rc = fake_cmc_set_up(state);

	fake_cmc.ctx.caller = NULL;
	profile = *fake_cmc.ctx.profile;
	profile.templates = templates;
	fake_cmc.ctx.profile = &profile;
	fake_cmc.ctx.template_name = "Supplied";
	fake_cmc.ctx.renewal_window = 2 * 86400;
	fake_cmc.recognized.id = 71;
	strcpy(fake_cmc.recognized.template_name, "SUPPLIED"); /* names have no case */
	return rc;
}

static void
add_request(const char *cn, const char *san)
{
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *ext = sk_X509_EXTENSION_new_null();

	assert_true(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN", MBSTRING_UTF8,
			(const unsigned char *)cn, -1, -1, 0) == 1 &&
	    X509_REQ_set_pubkey(req, fake_cmc.key) == 1);
	if (san != NULL) {
		sk_X509_EXTENSION_push(ext,
		    X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san));
		assert_int_equal(X509_REQ_add_extensions(req, ext), 1);
	}
	assert_true(X509_REQ_sign(req, fake_cmc.key, EVP_sha256()) > 0);
	(void)message_pkcs10(&fake_cmc.message, req);
	sk_X509_EXTENSION_pop_free(ext, X509_EXTENSION_free);
	X509_REQ_free(req);
}

static void
test_C034_names_are_those_of_the_certificate(void **state)
{
	(void)state;
	add_request("SELF", NULL); /* RFC 5280, 7.1: without case */
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 1);
	assert_int_equal(fake_store.row[0].follows, 71);
}

static void
test_C034_other_names_are_refused(void **state)
{
	(void)state;
	add_request("admin", NULL);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 1, "subject");
	fake_cmc_again();
	add_request("self", "DNS:bank.example");
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 1, "SubjectAltName");
	/* one of two, and nothing of the message is served */
	fake_cmc_again();
	add_request("self", NULL);
	add_request("admin", NULL);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 2, "subject");
	assert_int_equal(fake_store.rows, 0);
}

/* Who has proven who he is by other means asks for what he likes: the template says what he gets.
 */
static void
test_C034_a_caller_may_ask_for_others(void **state)
{
	(void)state;
	fake_cmc.ctx.caller = &fake_cmc.alice;
	strcpy(fake_cmc.alice.id, "alice's entry");
	add_request("admin", NULL);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.row[0].follows, 0);
	fake_cmc_again();
	add_request("self", NULL);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_store.row[1].follows, 71);
}

/* Names of such a template are those of the directory, whatever is asked for. */
static void
test_C034_names_of_the_directory(void **state)
{
	(void)state;
	fake_cmc.ctx.profile = &catalog_find_app_id(fake_cmc.env.catalog, 7)->profile;
	fake_cmc.ctx.template_name = "User";
	add_request("admin", NULL);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.row[0].follows, 0); /* the old one is of another template */
	fake_cmc_again();
	strcpy(fake_cmc.recognized.template_name, "User");
	add_request("admin", NULL);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_store.row[1].follows, 71);
}

/* Which of two it follows is not known; who signs by no certificate of ours follows none. */
static void
test_C034_follows_the_only_one(void **state)
{
	(void)state;
	fake_cmc_add_second("alice");
	add_request("self", NULL);
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.old,
	    .cert = fake_cmc.cert,
	    .also_key = fake_cmc.old,
	    .also_cert = fake_cmc.second});
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.row[0].follows, 0);
	fake_cmc_again();
	fake_cmc.ctx.caller = &fake_cmc.alice;
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.row[1].follows, 0);
}

static void
test_C034_too_early(void **state)
{
	(void)state;
	fake_cmc.ctx.renewal_window = 0; /* an hour, by the template */
	add_request("self", NULL);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 1, "too early");
	assert_true(fake_cmc.answer.err.retry_after > 0);
}

/* What was renewed signs for nothing more; the same message gets its answer again. */
static void
test_C034_renewed_once(void **state)
{
	(void)state;
	fake_cmc.ctx.renews_once = true;
	add_request("self", NULL);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_store.rows, 1);
	assert_int_equal(strlen(fake_store.row[0].renews), 64);
	fake_cmc_again();
	add_request("self", NULL);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, GH_E_FORBIDDEN);
	assert_non_null(strstr(fake_cmc.answer.err.message, "renewed already"));
	assert_int_equal(fake_store.rows, 1);
	/* elsewhere nobody counts */
	fake_cmc_again();
	fake_cmc.ctx.renews_once = false;
	add_request("self", NULL);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_string_equal(fake_store.row[1].renews, "");
}

/* The same certificate with the signature (r, n - s) in place of (r, s), which is as good. */
static X509 *
twin_of(const X509 *cert)
{
	X509 *twin = X509_dup(cert);
	const ASN1_BIT_STRING *bits;
	const unsigned char *p;
	unsigned char *der = NULL;
	BIGNUM *r, *s = BN_new(), *n = NULL;
	ECDSA_SIG *sig;
	int len;

	X509_get0_signature(&bits, NULL, twin);
	p = ASN1_STRING_get0_data(bits);
	sig = d2i_ECDSA_SIG(NULL, &p, ASN1_STRING_length(bits));
	assert_true(
	    BN_hex2bn(&n, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551") > 0 &&
	    BN_sub(s, n, ECDSA_SIG_get0_s(sig)) == 1);
	r = BN_dup(ECDSA_SIG_get0_r(sig));
	assert_int_equal(ECDSA_SIG_set0(sig, r, s), 1);
	len = i2d_ECDSA_SIG(sig, &der);
	assert_int_equal(ASN1_STRING_set((ASN1_STRING *)bits, der, len), 1);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	BN_free(n);
	return twin;
}

static void
test_C034_renewed_once_whatever_its_signature(void **state)
{
	X509 *twin = twin_of(fake_cmc.cert);
	unsigned char *der = NULL;
	const unsigned char *p;
	int n;

	(void)state;
	fake_cmc.ctx.renews_once = true;
	add_request("self", NULL);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	X509_free(fake_cmc.cert);
	n = i2d_X509(twin, &der);
	p = der;
	fake_cmc.cert = d2i_X509(NULL, &p, n);
	assert_int_equal(X509_verify(fake_cmc.cert, fake_cmc.old), 1);
	fake_cmc_again();
	add_request("self", NULL);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, GH_E_FORBIDDEN);
	assert_non_null(strstr(fake_cmc.answer.err.message, "renewed already"));
	OPENSSL_free(der);
	X509_free(twin);
}

/* The certificate of the connection begins no line of its own: what it asks for is its renewal. */
static void
test_C034_renewed_once_by_its_connection(void **state)
{
	(void)state;
	fake_cmc.ctx.caller = &fake_cmc.alice;
	strcpy(fake_cmc.alice.id, "alice's entry");
	fake_cmc.ctx.renews_once = fake_cmc.ctx.caller_renews = true;
	(void)fake_cmc_add_request();
	fake_cmc_send_own();
	assert_int_equal(fake_cmc.answer.rc, GH_E_FORBIDDEN);
	assert_non_null(strstr(fake_cmc.answer.err.message, "sign with the one"));
	fake_cmc_again();
	add_request("admin", NULL);
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, 1, "subject");
	assert_int_equal(fake_store.rows, 0);
	fake_cmc_again();
	add_request("self", NULL);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(strlen(fake_store.row[0].renews), 64);
}

/* A compressed point is the same key. */
static void
test_E086_the_old_key_in_other_bytes(void **state)
{
	EVP_PKEY *key = EVP_PKEY_dup(fake_cmc.old);
	unsigned char *der = NULL;
	struct ca_pkcs10 *csr;
	struct gh_error err;
	X509_REQ *req;
	int n;

	(void)state;
	assert_int_equal(EVP_PKEY_set_utf8_string_param(key,
			     OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"),
	    1);
	req = message_csr(key, NULL, 0);
	n = i2d_X509_REQ(req, &der);
	assert_int_equal(ca_pkcs10_parse(der, (size_t)n, &csr, &err), 0);
	assert_true(csr->spki_len < 70);
	assert_int_equal(renewal_check_key(fake_cmc.cert, csr, &err), GH_E_FORBIDDEN);
	assert_int_equal(renewal_check_key(fake_cmc.own, csr, &err), 0);
	ca_pkcs10_free(csr);
	OPENSSL_free(der);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}

/* Who is let in by a certificate that was renewed gets no more by his own proofs either. */
static void
test_C034_caller_whose_certificate_was_renewed(void **state)
{
	(void)state;
	fake_cmc.ctx.caller = &fake_cmc.alice;
	strcpy(fake_cmc.alice.id, "alice's entry");
	fake_cmc.ctx.renews_once = true;
	fake_cmc.ctx.is_spent = true;
	add_request("self", NULL);
	fake_cmc_send_by_cert();
	assert_int_equal(fake_cmc.answer.rc, GH_E_FORBIDDEN);
	assert_int_equal(fake_store.rows, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, fake_cmc_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_C034_names_are_those_of_the_certificate),
	    CASE(test_C034_other_names_are_refused),
	    CASE(test_C034_a_caller_may_ask_for_others),
	    CASE(test_C034_names_of_the_directory),
	    CASE(test_C034_follows_the_only_one),
	    CASE(test_C034_too_early),
	    CASE(test_C034_renewed_once),
	    CASE(test_C034_renewed_once_whatever_its_signature),
	    CASE(test_C034_renewed_once_by_its_connection),
	    CASE(test_E086_the_old_key_in_other_bytes),
	    CASE(test_C034_caller_whose_certificate_was_renewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
