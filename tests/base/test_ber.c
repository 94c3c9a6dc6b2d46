/* BER made DER. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ber.h"

#define OCTETS(...) \
	{ \
		{__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__}) \
	}

struct octets {
	unsigned char p[64];
	size_t len;
};

static void
ber__becomes_der(void **state)
{
	static const struct {
		struct octets ber, der;
	} rows[] = {
	    /* primitive, as it is */
	    {OCTETS(2, 1, 5), OCTETS(2, 1, 5)},
	    /* a length in more octets than it needs */
	    {OCTETS(2, 0x81, 1, 5), OCTETS(2, 1, 5)},
	    {OCTETS(2, 0x84, 0, 0, 0, 1, 5), OCTETS(2, 1, 5)},
	    {OCTETS(0x30, 0x82, 0, 3, 2, 1, 5), OCTETS(0x30, 3, 2, 1, 5)},
	    /* an indefinite one, in another, empty */
	    {OCTETS(0x30, 0x80, 2, 1, 5, 0, 0), OCTETS(0x30, 3, 2, 1, 5)},
	    {OCTETS(0x30, 0x80, 0xa0, 0x80, 5, 0, 0, 0, 0, 0), OCTETS(0x30, 4, 0xa0, 2, 5, 0)},
	    {OCTETS(0x31, 0x80, 0, 0), OCTETS(0x31, 0)},
	    /* octets in pieces, and in pieces of pieces */
	    {OCTETS(0x24, 0x80, 4, 2, 1, 2, 4, 1, 3, 0, 0), OCTETS(4, 3, 1, 2, 3)},
	    {OCTETS(0x24, 8, 4, 1, 1, 0x24, 3, 4, 1, 2), OCTETS(4, 2, 1, 2)},
	    {OCTETS(0x24, 0), OCTETS(4, 0)},
	    {OCTETS(0x24, 4, 4, 0, 4, 0), OCTETS(4, 0)},
	    /* behind a context tag they stay pieces */
	    {OCTETS(0xa0, 0x80, 4, 1, 1, 4, 1, 2, 0, 0), OCTETS(0xa0, 6, 4, 1, 1, 4, 1, 2)},
	};
	struct gh_buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		gh_buf_init(&out, 64);
		assert_true(gh_ber_put_der(&(struct gh_der){rows[i].ber.p, rows[i].ber.len}, &out));
		assert_int_equal(out.len, rows[i].der.len);
		assert_memory_equal(out.data, rows[i].der.p, out.len);
		assert_true(gh_der_is_strict(out.data, out.len));
		gh_buf_free(&out);
	}
}

static void
ber__malformed(void **state)
{
	static const struct octets rows[] = {
	    OCTETS(2),                               /* no length */
	    OCTETS(2, 2, 5),                         /* too short */
	    OCTETS(2, 0x80, 5, 0, 0),                /* a primitive of indefinite length */
	    OCTETS(2, 0x81),                         /* half a length */
	    OCTETS(2, 0x85, 0, 0, 0, 0, 1, 5),       /* a length of five octets */
	    OCTETS(2, 0xff, 1, 1),                   /* reserved (8.1.3.5) */
	    OCTETS(2, 0x84, 0xff, 0xff, 0xff, 0xff), /* 4 GB */
	    OCTETS(2, 1, 5, 0),                      /* something behind */
	    OCTETS(0x30, 0x80, 2, 1, 5),             /* without end */
	    OCTETS(0x30, 0x80, 2, 1, 5, 0),          /* half an end */
	    OCTETS(0x30, 0x80, 2, 1, 5, 0, 1, 0),    /* an end with content */
	    OCTETS(0x30, 5, 2, 1, 5, 0, 0),          /* an end where none is due */
	    OCTETS(0, 0),                            /* an end alone */
	    OCTETS(0x30, 4, 2, 3, 5, 5, 5),          /* longer than what it is in */
	    OCTETS(0x1f, 0x81, 1, 0),                /* a high tag number */
	    OCTETS(0x24, 0x80, 2, 1, 5, 0, 0),       /* a piece that is none */
	    OCTETS(0x24, 0x80, 0xa0, 0, 0, 0),       /* the same */
	};
	struct gh_buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		gh_buf_init(&out, 64);
		if (gh_ber_put_der(&(struct gh_der){rows[i].p, rows[i].len}, &out))
			fail_msg("row %zu", i);
		gh_buf_free(&out);
	}
	gh_buf_init(&out, 64);
	assert_false(gh_ber_put_der(&(struct gh_der){NULL, 0}, &out));
	gh_buf_free(&out);
}

static void
ber__depth_and_room(void **state)
{
	unsigned char deep[2 * 40];
	struct gh_buf out;

	(void)state;
	for (size_t n = 1; n <= 40; n++) {
		for (size_t i = 0; i < n; i++) {
			deep[2 * i] = 0x30;
			deep[2 * i + 1] = (unsigned char)(2 * (n - i - 1));
		}
		gh_buf_init(&out, 256);
		assert_int_equal(gh_ber_put_der(&(struct gh_der){deep, 2 * n}, &out), n <= 24);
		gh_buf_free(&out);
	}
	gh_buf_init(&out, 4);
	assert_false(gh_ber_put_der(&(struct gh_der){(const unsigned char *)"\4\3abc", 5}, &out));
	gh_buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ber__becomes_der),
	    cmocka_unit_test(ber__malformed),
	    cmocka_unit_test(ber__depth_and_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
