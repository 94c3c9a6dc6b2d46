/* SipHash-2-4: the known answers of its authors (key 00 01 ... 0f; input 00 01 ... of each length).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "siphash.h"

static const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static void
siphash__known_answers(void **state)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} known[] = {
	    {0, 0x726fdb47dd0e0e31},
	    {1, 0x74f839c593dc67fd},
	    {7, 0xab0200f58b01d137},
	    {8, 0x93f5f5799a932462},
	    {15, 0xa129ca6149be45e5},
	};
	unsigned char input[16];

	(void)state;
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (unsigned char)i;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_true(gh_siphash(key, input, known[i].len) == known[i].hash);
}

static void
siphash__another_key_is_another_hash(void **state)
{
	static const uint64_t other[2] = {1, 2};

	(void)state;
	assert_true(gh_siphash(key, (const unsigned char *)"x", 1) !=
	    gh_siphash(other, (const unsigned char *)"x", 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(siphash__known_answers),
	    cmocka_unit_test(siphash__another_key_is_another_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
