/* Bounds of the buffer and of the reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"

static void
buf__grows_up_to_its_maximum_and_remembers_failure(void **state)
{
	struct gh_buf b;
	char kb[1024];

	(void)state;
	memset(kb, 'x', sizeof(kb));
	gh_buf_init(&b, 2048);
	gh_buf_put(&b, kb, 1024);
	gh_buf_put(&b, kb, 1024);
	assert_int_equal(gh_buf_check(&b, NULL), 0);
	gh_buf_putc(&b, 'y');
	assert_int_equal(gh_buf_check(&b, NULL), GH_E_NOMEM);
	assert_int_equal(b.len, 2048);
	assert_int_equal(b.data[2048], '\0');
	gh_buf_free(&b);
}

static void
buf__prints(void **state)
{
	struct gh_buf b;

	(void)state;
	gh_buf_init(&b, 100);
	b.secret = true;
	gh_buf_putf(&b, "%d-%s", 7, "x");
	gh_buf_puts(&b, "!");
	assert_string_equal((char *)b.data, "7-x!");
	gh_buf_free(&b);
	assert_null(b.data);
}

static void
reader__reads_what_the_buffer_wrote(void **state)
{
	struct gh_buf b;
	struct gh_reader r;
	size_t n;

	(void)state;
	gh_buf_init(&b, 1000);
	gh_buf_put_u8(&b, 200);
	gh_buf_put_u32(&b, 0xDEADBEEF);
	gh_buf_put_u64(&b, UINT64_MAX - 1);
	gh_buf_put_block(&b, "abc", 3);
	gh_buf_put_string(&b, "text");
	gh_reader_init(&r, b.data, b.len);
	assert_int_equal(gh_reader_u8(&r), 200);
	assert_int_equal(gh_reader_u32(&r), 0xDEADBEEF);
	assert_true(gh_reader_u64(&r) == UINT64_MAX - 1);
	assert_memory_equal(gh_reader_block(&r, 3, &n), "abc", 3);
	assert_memory_equal(gh_reader_block(&r, 10, &n), "text", 4);
	assert_int_equal(n, 4);
	assert_true(gh_reader_is_done(&r));
	gh_buf_free(&b);
}

static void
reader__refuses_short_and_long(void **state)
{
	struct gh_reader r;
	size_t n;

	(void)state;
	gh_reader_init(&r, "\0\0\0\5abc", 7);
	assert_null(gh_reader_block(&r, 100, &n));
	assert_int_equal(n, 0);
	assert_int_equal(gh_reader_u8(&r), 0);
	assert_false(gh_reader_is_done(&r));
	gh_reader_init(&r, "\0\0\0\3abc", 7);
	assert_null(gh_reader_block(&r, 2, &n));
	gh_reader_init(&r, "\xFF\xFF\xFF\xFF", 4);
	assert_null(gh_reader_block(&r, SIZE_MAX, &n));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(buf__grows_up_to_its_maximum_and_remembers_failure),
	    cmocka_unit_test(buf__prints),
	    cmocka_unit_test(reader__reads_what_the_buffer_wrote),
	    cmocka_unit_test(reader__refuses_short_and_long),
	};

	return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
