/* Signers of responses that are kept: by their very bytes, and a few. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway_signer_cache.h"

#include "catalog/catalog_seal.h"

#include "fake_cmc.h"

#define USE SEAL_LABEL_CMC_SIGNER

static int
signers(void)
{
	return sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(fake_cmc.response_cms));
}

static void
test_C010_signer_is_kept_by_its_bytes(void **state)
{
	struct gateway_signer s;

	(void)state;
	assert_false(gateway_signer_cache_find(USE, &fake_cmc.signer, &s));
	fake_cmc_send_own();
	assert_int_equal(signers(), 1);
	assert_true(gateway_signer_cache_find(USE, &fake_cmc.signer, &s));
	assert_int_equal(X509_check_private_key(s.cert, s.key), 1);
	gateway_signer_clear(&s);
	/* a row that was moved to another use: its seal would not open there */
	assert_false(gateway_signer_cache_find(SEAL_LABEL_KEY_SIGNER, &fake_cmc.signer, &s));
	fake_cmc_send_own();
	assert_int_equal(signers(), 1);
}

/* A row that was changed past the gateway is not the one that was kept. */
static void
test_C010_changed_row_signs_nothing(void **state)
{
	struct gateway_signer s;

	(void)state;
	fake_cmc_send_own();
	assert_int_equal(signers(), 1);
	fake_cmc.signer.sealed[fake_cmc.signer.sealed_len / 2] ^= 1;
	assert_false(gateway_signer_cache_find(USE, &fake_cmc.signer, &s));
	fake_cmc_send_own();
	assert_int_equal(signers(), 0);
	fake_cmc.signer.sealed[fake_cmc.signer.sealed_len / 2] ^= 1;
	fake_cmc.signer.cert[fake_cmc.signer.cert_len - 1] ^= 1;
	assert_false(gateway_signer_cache_find(USE, &fake_cmc.signer, &s));
}

static void
test_C010_oldest_one_goes(void **state)
{
	unsigned char n = 0;
	struct store_signer row = {.cert = &n, .cert_len = 1, .sealed = &n, .sealed_len = 1};
	struct gateway_signer in = {fake_cmc.key, fake_cmc.own}, out;

	(void)state;
	for (n = 0; n < 17; n++)
		gateway_signer_cache_add(USE, &row, &in);
	n = 0;
	assert_false(gateway_signer_cache_find(USE, &row, &out));
	for (n = 1; n < 17; n++) {
		assert_true(gateway_signer_cache_find(USE, &row, &out));
		gateway_signer_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CMC_CASE(test_C010_signer_is_kept_by_its_bytes),
	    CMC_CASE(test_C010_changed_row_signs_nothing),
	    CMC_CASE(test_C010_oldest_one_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
