/* What a message of CMC is refused for: who may sign, and each CMCFailInfo that has its own cause.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CMC_CASE(test_C034_signer_is_for_clients),
	    CMC_CASE(test_C034_signer_whose_row_is_not_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
