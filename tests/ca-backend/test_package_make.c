/* Packages made here: what is written is read by what takes packages from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "package/key_answer.h"
#include "package/sym_key_make.h"
#include "package/sym_key_package.h"
#include "package/tamp_make.h"

static void
X080_tamp__numbers(void **state)
{
	static const struct {
		int64_t number;
		unsigned char der[10];
		size_t len;
	} rows[] = {
	    {0, {2, 1, 0}, 3},
	    {127, {2, 1, 0x7f}, 3},
	    {128, {2, 2, 0, 0x80}, 4},
	    {65535, {2, 3, 0, 0xff, 0xff}, 5},
	    {INT64_MAX, {2, 8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 10},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tamp_order o = {.message = TAMP_STATUS_QUERY,
		    .number = rows[i].number};
		struct gh_der reference;
		struct gh_error err;
		struct gh_buf out;

		gh_buf_init(&out, 1000);
		assert_int_equal(tamp_make(&o, &out, &err), 0);
		assert_true(tamp_message_read(TAMP_STATUS_QUERY, (struct gh_der){out.data, out.len},
		    &reference));
		assert_memory_equal(reference.p + reference.len - rows[i].len, rows[i].der,
		    rows[i].len);
		gh_buf_free(&out);
	}
}

static void
X079_tamp__orders(void **state)
{
	static const char
	    *const one[] = {"1.2.3", NULL},
		   *const none[] = {NULL}, *const bad[] = {"x", NULL},
		   *const serials[] = {"1.2.3", "1.2.3/0a", "1.2.4/00-ff", NULL},
		   *const no_type[] = {"/0a", NULL}, *const no_serial[] = {"1.2.3/", NULL},
		   *const half[] = {"1.2.3/0a-", NULL}, *const odd[] = {"1.2.3/0", NULL};
	const struct {
		struct tamp_order order;
		bool is_good;
	} rows[] = {
	    {{.message = TAMP_STATUS_QUERY, .is_terse = true}, true},
	    {{.message = TAMP_STATUS_QUERY, .uri = "urn:x"}, true},
	    {{.message = TAMP_SEQUENCE_ADJUST, .community = "1.2.3", .is_terse = true}, true},
	    {{.message = TAMP_SEQUENCE_ADJUST, .community = "x"}, false},
	    {{.message = TAMP_STATUS_QUERY, .hardware = serials}, true},
	    {{.message = TAMP_STATUS_QUERY, .hardware = none}, true},
	    {{.message = TAMP_STATUS_QUERY, .hardware = bad}, false},
	    {{.message = TAMP_STATUS_QUERY, .hardware = no_type}, false},
	    {{.message = TAMP_STATUS_QUERY, .hardware = no_serial}, false},
	    {{.message = TAMP_STATUS_QUERY, .hardware = half}, false},
	    {{.message = TAMP_STATUS_QUERY, .hardware = odd}, false},
	    {{.message = TAMP_UPDATE}, false},
	    {{.message = TAMP_APEX_UPDATE}, false},
	    {{.message = TAMP_COMMUNITY_UPDATE}, false},
	    {{.message = TAMP_COMMUNITY_UPDATE, .join = none, .leave = none}, false},
	    {{.message = TAMP_COMMUNITY_UPDATE, .join = one}, true},
	    {{.message = TAMP_COMMUNITY_UPDATE, .join = one, .leave = one}, true},
	    {{.message = TAMP_COMMUNITY_UPDATE, .leave = bad}, false},
	    {{.message = TAMP_UPDATE_CONFIRM}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gh_der reference;
		struct gh_error err;
		struct gh_buf out;

		gh_buf_init(&out, 1000);
		assert_int_equal(tamp_make(&rows[i].order, &out, &err) == 0, rows[i].is_good);
		assert_true(!rows[i].is_good ||
		    tamp_message_read(rows[i].order.message, (struct gh_der){out.data, out.len},
			&reference));
		gh_buf_free(&out);
	}
}

static void
X071_keys__made(void **state)
{
	static const struct {
		int bits, count;
		bool is_good;
	} rows[] = {{8, 1, true}, {256, 3, true}, {4096, 256, true}, {0, 1, false}, {12, 1, false},
	    {4104, 1, false}, {-8, 1, false}, {128, 0, false}, {128, 257, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sym_key_order o = {.bits = rows[i].bits,
		    .count = rows[i].count,
		    .algorithm = i % 2 == 0 ? "urn:x" : NULL,
		    .id = "00ff"};
		struct gh_error err;
		struct gh_buf out;
		size_t bits;

		gh_buf_init(&out, SYM_KEY_PACKAGE_MAX);
		assert_int_equal(sym_key_package_make(&o, &out, &err) == 0, rows[i].is_good);
		if (rows[i].is_good)
			assert_true(
			    sym_key_package_read((struct gh_der){out.data, out.len}, &bits) &&
			    bits == (size_t)rows[i].bits);
		gh_buf_free(&out);
	}
}

static void
X076_answers__made(void **state)
{
	static const unsigned char empty_name[] = {0x30, 0};
	static unsigned char long_id[300];
	const struct gh_der by = {empty_name, sizeof(empty_name)};
	const struct gh_der ids[] = {{long_id, 1}, {long_id, 125}, {long_id, 300}, {NULL, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct package_answer a;
		struct gh_buf out;

		gh_buf_init(&out, 1000);
		key_error_put(&out, &ids[i], &by, KEY_ERROR_SIGNATURE);
		assert_true(key_error_read((struct gh_der){out.data, out.len}, &a));
		assert_true(a.is_error && a.code == 16 && a.reference.len == ids[i].len);
		assert_true((a.reference.p == NULL) == (ids[i].p == NULL));
		gh_buf_free(&out);
		if (ids[i].p == NULL)
			continue;
		gh_buf_init(&out, 1000);
		key_receipt_put(&out, &ids[i], &by);
		assert_true(key_receipt_read((struct gh_der){out.data, out.len}, &a));
		assert_true(!a.is_error && gh_der_equals(&a.reference, ids[i].p, ids[i].len));
		gh_buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(X080_tamp__numbers),
	    cmocka_unit_test(X079_tamp__orders),
	    cmocka_unit_test(X071_keys__made),
	    cmocka_unit_test(X076_answers__made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
