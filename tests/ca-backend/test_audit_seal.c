/* Sealing the audit trail: what is hashed, in which order, and what a failure leaves behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_trail.h"

#define BATCH 10000 /* rows of one seal, docs/audit.md */

static struct audit_sealed done;
static struct gh_error err;

static int
begin(void **state)
{
	(void)state;
	fake_trail_reset();
	memset(&err, 0, sizeof(err));
	return 0;
}

static int
seal(void)
{
	return audit_seal_new_rows(fake_trail_sealing(), &done, &err);
}

/* Root, head, link and signature of a seal follow from its rows; its leaves stand in order. */
static void
check_seal(int number, int rows)
{
	const struct audit_seal *s = &fake_trail.seal[number - 1];
	unsigned char hash[AUDIT_HASH_SIZE], zeros[AUDIT_HASH_SIZE] = {0};
	struct audit_tree tree = {.leaves = 0};
	const unsigned char *key;
	size_t len;
	int n = 0;

	assert_int_equal(s->id, number);
	assert_int_equal(s->rows, rows);
	assert_int_equal(s->sealed_at, FAKE_TRAIL_NOW);
	for (int i = 0; i < fake_trail.leaves; i++) {
		const struct fake_leaf *l = &fake_trail.leaf[i];

		if (l->seal_id != number)
			continue;
		assert_int_equal(l->position, n++);
		assert_true(l->audit_id <= s->max_id);
		assert_int_equal(audit_leaf(fake_trail_row(l->audit_id), hash, &err), 0);
		assert_memory_equal(l->hash, hash, sizeof(hash));
		audit_tree_add(&tree, hash);
	}
	assert_int_equal(n, rows);
	assert_int_equal(audit_tree_root(&tree, hash, &err), 0);
	assert_memory_equal(s->root, hash, sizeof(hash));
	assert_memory_equal(s->previous, number > 1 ? s[-1].head : zeros, sizeof(zeros));
	assert_int_equal(audit_seal_head(s, hash, &err), 0);
	assert_memory_equal(s->head, hash, sizeof(hash));
	key = fake_trail_key(&len);
	assert_true(audit_seal_is_signed(s, key, len));
}

static void
seal__nothing_new(void **state)
{
	(void)state;
	assert_int_equal(seal(), 0);
	assert_int_equal(fake_trail.seals, 0);
	assert_int_equal(done.seals, 0);
	assert_false(fake_trail.is_open);
}

static void
seal__each_follows_the_one_before(void **state)
{
	(void)state;
	fake_trail_add(3);
	assert_int_equal(seal(), 0);
	assert_true(done.seals == 1 && done.rows == 3 && done.last_id == 1);
	fake_trail_add(1);
	assert_int_equal(seal(), 0);
	assert_true(done.seals == 1 && done.rows == 1 && done.last_id == 2);
	assert_int_equal(seal(), 0);
	assert_int_equal(fake_trail.seals, 2);
	check_seal(1, 3);
	check_seal(2, 1);
	assert_int_equal(fake_trail.seal[0].max_id, 3);
	assert_int_equal(fake_trail.seal[1].max_id, 4);
}

static void
seal__many_rows_in_batches(void **state)
{
	(void)state;
	fake_trail_add(2 * BATCH + 1500);
	assert_int_equal(seal(), 0);
	assert_true(done.seals == 3 && done.rows == 21500 && done.last_id == 3);
	check_seal(1, BATCH);
	check_seal(2, BATCH);
	check_seal(3, 1500);
}

/* A number that was drawn before a seal, and a commit after it. */
static void
seal__a_late_row(void **state)
{
	const char *event;

	(void)state;
	fake_trail_add(5);
	event = fake_trail_row(2)->event;
	fake_trail_row(2)->event = NULL; /* not committed yet */
	assert_int_equal(seal(), 0);
	check_seal(1, 4);
	fake_trail_row(2)->event = event;
	assert_int_equal(seal(), 0);
	check_seal(2, 1);
	assert_int_equal(fake_trail_leaf(2)->seal_id, 2);
	/* the end of what is sealed does not go back */
	assert_int_equal(fake_trail.seal[1].max_id, 5);
}

static void
seal__a_failure_leaves_nothing(void **state)
{
	int *const fail[] = {&fake_trail.fail_begin, &fake_trail.fail_unsealed,
	    &fake_trail.fail_add, &fake_trail.fail_sign, &fake_trail.fail_end};

	(void)state;
	fake_trail_add(2500);
	for (size_t i = 0; i < sizeof(fail) / sizeof(*fail); i++) {
		*fail[i] = GH_E_DB_DOWN;
		assert_int_equal(seal(), GH_E_DB_DOWN);
		assert_int_equal(fake_trail.seals, 0);
		assert_int_equal(fake_trail.leaves, 0);
		assert_false(fake_trail.is_open);
		*fail[i] = 0;
	}
	assert_int_equal(seal(), 0);
	check_seal(1, 2500);
}

/* What is sealed stays; the rest is for the next run. */
static void
seal__stops_between_two_seals(void **state)
{
	(void)state;
	fake_trail_add(BATCH + 10);
	fake_trail.is_stopping = true;
	assert_int_equal(seal(), GH_E_BUSY);
	assert_true(done.seals == 1 && done.rows == BATCH); /* told also now */
	assert_int_equal(fake_trail.seals, 1);
	check_seal(1, BATCH);
	fake_trail.is_stopping = false;
	assert_int_equal(seal(), 0);
	check_seal(2, 10);
}

#define T(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(seal__nothing_new),
	    T(seal__each_follows_the_one_before),
	    T(seal__many_rows_in_batches),
	    T(seal__a_late_row),
	    T(seal__a_failure_leaves_nothing),
	    T(seal__stops_between_two_seals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
