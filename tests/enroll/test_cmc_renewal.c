/* Renewal and rekey by CMC: what a certificate of ours, and nothing else, asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_cmc.h"

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
	    CASE(test_C034_too_early),
	    CASE(test_C034_renewed_once),
	    CASE(test_C034_caller_whose_certificate_was_renewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
