/* Questions about the limiter: taken only as they were written, by who has the gateway secret, and
 * in time. */
/* valgrind: what it makes is hashed, signed or encrypted */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "watch/limiter_message.h"

static const unsigned char secret[32] = {1}, other[32] = {2};
static const struct limiter_question question = {.id = "00112233445566778899aabbccddeeff",
    .clear = true,
    .has_user = true,
    .user = "corp\\alice",
    .has_address = true,
    .address = "192.0.2.1",
    .at = 1000};

static int
read_at(const char *text, int64_t now)
{
	struct limiter_question q;

	return limiter_question_read(text, secret, now, &q, NULL);
}

static void
question__comes_back(void **state)
{
	struct limiter_question q;
	char *text;

	(void)state;
	assert_int_equal(limiter_question_write(&question, secret, &text, NULL), 0);
	assert_int_equal(limiter_question_read(text, secret, 1000, &q, NULL), 0);
	assert_memory_equal(&q, &question, sizeof(q));
	free(text);
}

static void
question__counts_for_a_while(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(limiter_question_write(&question, secret, &text, NULL), 0);
	assert_int_equal(read_at(text, 1000 + LIMITER_QUESTION_SECONDS), 0);
	assert_int_equal(read_at(text, 1000 - LIMITER_QUESTION_SECONDS), 0);
	assert_int_equal(read_at(text, 1001 + LIMITER_QUESTION_SECONDS), GH_E_FORBIDDEN);
	assert_int_equal(read_at(text, 999 - LIMITER_QUESTION_SECONDS), GH_E_FORBIDDEN);
	free(text);
}

/* Any other byte, anywhere: refused, and nothing worse. */
static void
question__changed_is_refused(void **state)
{
	struct limiter_question q;
	char *text;

	(void)state;
	assert_int_equal(limiter_question_write(&question, secret, &text, NULL), 0);
	assert_int_equal(limiter_question_read(text, other, 1000, &q, NULL), GH_E_FORBIDDEN);
	for (char *p = text; *p != '\0'; p++) {
		char was = *p;

		*p = was == '1' ? '2' : '1';
		assert_int_not_equal(read_at(text, 1000), 0);
		*p = was;
	}
	assert_int_equal(read_at(text, 1000), 0);
	free(text);
}

static void
question__without_a_member_is_refused(void **state)
{
	static const char *const texts[] = {"", "[]", "{}", "no", "{\"id\":\"a\",\"at\":1000}",
	    "{\"id\":\"a\",\"at\":1000,\"mac\":\"\"}",
	    "{\"id\":\"a\\nb\",\"at\":1000,\"mac\":\"00\"}",
	    "{\"id\":\"0123456789012345678901234567890123\",\"at\":1000,\"mac\":\"00\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_not_equal(read_at(texts[i], 1000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(question__comes_back),
	    cmocka_unit_test(question__counts_for_a_while),
	    cmocka_unit_test(question__changed_is_refused),
	    cmocka_unit_test(question__without_a_member_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
