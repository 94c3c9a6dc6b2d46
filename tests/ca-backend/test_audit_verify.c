/* Verifying the audit trail: each kind of tampering is named, and what is as it was is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audit/audit_verify.h"

#include "fake_trail.h"

#define FOUND_MAX 600
#define OLD_US ((FAKE_TRAIL_NOW - STORE_AUDIT_SEAL_LATE_SECONDS - 60) * INT64_C(1000000))

static struct gh_error err;
static struct audit_finding found[FOUND_MAX];
static int founds;

static void
note(void *arg, const struct audit_finding *f)
{
	(void)arg;
	assert_true(founds < FOUND_MAX);
	found[founds++] = *f;
}

/* Three seals: rows 1 to 10, 11 to 14, 15 to 20. */
static int
begin(void **state)
{
	static const int rows[] = {10, 4, 6};
	struct audit_sealed done;

	(void)state;
	fake_trail_reset();
	memset(&err, 0, sizeof(err));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fake_trail_add(rows[i]);
		assert_int_equal(audit_seal_new_rows(fake_trail_sealing(), &done, &err), 0);
	}
	assert_int_equal(fake_trail.seals, 3);
	return 0;
}

static struct audit_verify
verify(int64_t from, const unsigned char *expected_head)
{
	struct audit_verify v = {.keys = 1,
	    .from = from,
	    .expected_head = expected_head,
	    .found = note};

	founds = 0;
	v.key[0].spki = fake_trail_key(&v.key[0].len);
	assert_int_equal(audit_verify(NULL, &v, &err), 0);
	assert_int_equal(v.findings, founds);
	return v;
}

static void
verify__what_is_as_it_was(void **state)
{
	struct audit_verify v;

	(void)state;
	fake_trail_add(2); /* wait for a seal */
	v = verify(0, NULL);
	assert_int_equal(v.findings, 0);
	assert_int_equal(v.seals, 3);
	assert_int_equal(v.rows, 20);
	assert_int_equal(v.unsealed, 2);
	assert_int_equal(v.last.id, 3);
	v = verify(3, NULL);
	assert_int_equal(v.findings, 0);
	assert_int_equal(v.seals, 1);
	assert_int_equal(v.rows, 6);
	v = verify(4, NULL); /* seal 3 is there, and none is due */
	assert_int_equal(v.findings + v.seals, 0);
}

static void
verify__an_empty_trail(void **state)
{
	struct audit_verify v;

	(void)state;
	fake_trail_reset();
	v = verify(0, NULL);
	assert_int_equal(v.findings + v.seals + v.rows + v.unsealed, 0);
}

/* ---- one thing at a time ---- */

static void
change_text(void)
{
	fake_trail_row(5)->actor = "mallory";
}

static void
change_null(void)
{
	fake_trail_row(5)->detail = ""; /* NULL before */
}

static void
change_time(void)
{
	fake_trail_row(5)->at_us++;
}

static void
remove_row(void)
{
	fake_trail_row(12)->event = NULL;
}

static void
swap_rows(void)
{
	struct audit_row *a = fake_trail_row(12), *b = fake_trail_row(13), kept = *a;

	*a = *b;
	*b = kept;
	a->id = 12;
	b->id = 13;
}

static void
change_leaf(void)
{
	fake_trail_leaf(5)->hash[0] ^= 1;
}

static void
remove_leaf(void)
{
	*fake_trail_leaf(5) = fake_trail.leaf[--fake_trail.leaves];
}

/* A leaf that is not there leaves no gap at the end: the seal says how many it had. */
static void
remove_last_leaf(void)
{
	fake_trail.leaves--;
}

/* Row and leaf fit each other, and nothing fits the sealed root. */
static void
forge_row_and_leaf(void)
{
	change_text();
	assert_int_equal(audit_leaf(fake_trail_row(5), fake_trail_leaf(5)->hash, &err), 0);
}

static void
change_seal(void)
{
	fake_trail.seal[1].sealed_at++;
}

static void
change_signature(void)
{
	fake_trail.seal[1].signature[0] ^= 1;
}

static void
change_key_id(void)
{
	fake_trail.seal[1].key_id[0] ^= 1;
}

static void
remove_seal(void)
{
	fake_trail.seal[1] = fake_trail.seal[2];
	fake_trail.seals = 2;
}

static void
remove_last_seal(void)
{
	fake_trail.seals = 2;
}

static const struct {
	const char *what;
	void (*tamper)(void);
	int findings;
	enum audit_finding_kind kind; /* of the first */
	int64_t seal, row, other;
	const char *text;
} tampering[] = {
    {"text", change_text, 1, AUDIT_ROW_CHANGED, 1, 5, 0, "row 5 was changed"},
    {"null", change_null, 1, AUDIT_ROW_CHANGED, 1, 5, 0, "row 5 was changed"},
    {"time", change_time, 1, AUDIT_ROW_CHANGED, 1, 5, 0, "row 5 was changed"},
    {"removed", remove_row, 1, AUDIT_ROW_REMOVED, 2, 12, 0, "row 12 was removed"},
    {"swapped", swap_rows, 2, AUDIT_ROW_MOVED, 2, 12, 13, "row 12 holds what was row 13"},
    {"leaf", change_leaf, 1, AUDIT_LEAF_WRONG, 1, 5, 0, "the leaf of row 5 was changed"},
    {"last leaf", remove_last_leaf, 2, AUDIT_LEAF_WRONG, 3, 0, 0, "rows, and"},
    {"row and leaf", forge_row_and_leaf, 1, AUDIT_LEAF_WRONG, 1, 0, 0,
	"do not give the sealed root"},
    {"seal", change_seal, 1, AUDIT_SEAL_WRONG, 2, 0, 0, "its head does not follow from it"},
    {"signature", change_signature, 1, AUDIT_SEAL_WRONG, 2, 0, 0, "its signature is wrong"},
    {"key", change_key_id, 1, AUDIT_SEAL_WRONG, 2, 0, 0, "a key that was not given"},
    {"seal removed", remove_seal, 1, AUDIT_SEAL_MISSING, 2, 0, 0, "seal 2 was removed"},
    {"last seal removed", remove_last_seal, 1, AUDIT_SEAL_MISSING, 3, 0, 0, "seal 3 was removed"},
};

static void
verify__names_each_tampering(void **state)
{
	for (size_t i = 0; i < sizeof(tampering) / sizeof(*tampering); i++) {
		(void)begin(state);
		tampering[i].tamper();
		(void)verify(0, NULL);
		print_message("# %s: %s\n", tampering[i].what, founds > 0 ? found[0].text : "-");
		assert_int_equal(founds, tampering[i].findings);
		assert_int_equal(found[0].kind, tampering[i].kind);
		assert_int_equal(found[0].seal, tampering[i].seal);
		assert_int_equal(found[0].row, tampering[i].row);
		assert_int_equal(found[0].other, tampering[i].other);
		assert_non_null(strstr(found[0].text, tampering[i].text));
	}
}

static void
verify__a_leaf_that_is_gone(void **state)
{
	(void)state;
	remove_leaf();
	(void)verify(0, NULL);
	assert_true(founds >= 2);
	assert_int_equal(found[0].kind, AUDIT_LEAF_WRONG);
	assert_non_null(strstr(found[0].text, "leaves 4 to 4 are missing, between rows 4 and 6"));
}

/* A number among sealed ones that no row had: an old row was put in by hand, a young one was
 * committed late. */
static void
verify__rows_among_sealed_ones(void **state)
{
	struct audit_sealed done;
	struct audit_verify v;
	struct audit_row *late;

	(void)state;
	fake_trail_reset();
	fake_trail_add(5);
	late = fake_trail_row(3);
	late->event = NULL;
	assert_int_equal(audit_seal_new_rows(fake_trail_sealing(), &done, &err), 0);
	late->event = "test.row";
	v = verify(0, NULL);
	assert_int_equal(v.findings, 0);
	assert_int_equal(v.unsealed, 1);
	late->at_us = OLD_US;
	v = verify(0, NULL);
	assert_int_equal(founds, 1);
	assert_int_equal(found[0].kind, AUDIT_ROW_INSERTED);
	assert_int_equal(found[0].row, 3);
	assert_int_equal(v.unsealed, 0);
}

static void
verify__from_behind_the_end(void **state)
{
	(void)state;
	(void)verify(5, NULL);
	assert_int_equal(founds, 1);
	assert_int_equal(found[0].kind, AUDIT_SEAL_MISSING);
	assert_int_equal(found[0].seal, 5);
}

/* What was pinned elsewhere is the only witness of an end that was cut off. */
static void
verify__a_pinned_head(void **state)
{
	unsigned char head[AUDIT_HASH_SIZE];

	(void)state;
	memcpy(head, fake_trail.seal[2].head, sizeof(head));
	(void)verify(0, head);
	assert_int_equal(founds, 0);
	fake_trail.seals = 2;
	fake_trail.rows = fake_trail.leaves = 14;
	(void)verify(0, NULL);
	assert_int_equal(founds, 0);
	(void)verify(0, head);
	assert_int_equal(founds, 1);
	assert_int_equal(found[0].kind, AUDIT_HEAD_MISSING);
	(void)verify(0, fake_trail.seal[1].head);
	assert_int_equal(founds, 0);
}

/* More wrong rows in one seal than are held in memory. */
static void
verify__very_many(void **state)
{
	struct audit_sealed done;

	(void)state;
	fake_trail_add(900);
	assert_int_equal(audit_seal_new_rows(fake_trail_sealing(), &done, &err), 0);
	for (int64_t id = 101; id <= 500; id++)
		fake_trail_row(id)->actor = "mallory";
	(void)verify(0, NULL);
	assert_int_equal(founds, 400);
	for (int i = 0; i < founds; i++) {
		assert_int_equal(found[i].kind, AUDIT_ROW_CHANGED);
		assert_int_equal(found[i].row, 101 + i);
	}
}

static bool
at_once(void *arg)
{
	(void)arg;
	return true;
}

/* Piece by piece, each as small as it can be: it finds what one look finds, once. */
static void
verify__in_pieces(void **state)
{
	struct audit_verify v = {.keys = 1, .from = 1, .unsealed_from = 1, .found = note};
	int64_t rows = 0, seals = 0, unsealed = 0;
	int calls = 0;

	(void)state;
	fake_trail_add(STORE_AUDIT_SEAL_PAGE + 5); /* wait: more than a page of them */
	fake_trail_row(5)->actor = "mallory";
	fake_trail_row(12)->event = NULL;
	fake_trail.seal[2].signature[0] ^= 1;
	v.key[0].spki = fake_trail_key(&v.key[0].len);
	v.is_enough = at_once;
	founds = 0;
	do {
		assert_true(++calls < 20);
		assert_int_equal(audit_verify(NULL, &v, &err), 0);
		rows += v.rows;
		seals += v.seals;
		unsealed += v.unsealed;
		v.from = v.last.id + 1;
		v.unsealed_from = v.next_row;
	} while (v.has_more);
	assert_int_equal(calls, 5); /* a seal each, then a page each */
	assert_int_equal(seals, 3);
	assert_int_equal(rows, 20);
	assert_int_equal(unsealed, STORE_AUDIT_SEAL_PAGE + 5);
	assert_int_equal(founds, 3);
	assert_int_equal(found[0].row, 5);
	assert_int_equal(found[1].row, 12);
	assert_int_equal(found[2].kind, AUDIT_SEAL_WRONG);
}

/* The end of the chain goes while a verification stands there. */
static void
verify__end_is_removed_between_pieces(void **state)
{
	struct audit_verify v = {.keys = 1, .from = 1, .unsealed_from = 1, .found = note};

	(void)state;
	v.key[0].spki = fake_trail_key(&v.key[0].len);
	v.is_enough = at_once;
	founds = 0;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(audit_verify(NULL, &v, &err), 0);
		assert_true(v.has_more);
		v.from = v.last.id + 1;
	}
	assert_int_equal(founds, 0);
	fake_trail.seals = 2;
	fake_trail.rows = fake_trail.leaves = 14;
	assert_int_equal(audit_verify(NULL, &v, &err), 0);
	assert_false(v.has_more);
	assert_int_equal(founds, 1);
	assert_int_equal(found[0].kind, AUDIT_SEAL_MISSING);
}

static void
verify__a_failure_is_no_finding(void **state)
{
	struct audit_verify v = {.found = note};

	(void)state;
	founds = 0;
	fake_trail.fail_read = GH_E_DB_DOWN;
	assert_int_equal(audit_verify(NULL, &v, &err), GH_E_DB_DOWN);
	assert_int_equal(founds, 0);
}

#define T(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(verify__what_is_as_it_was),
	    T(verify__an_empty_trail),
	    T(verify__names_each_tampering),
	    T(verify__a_leaf_that_is_gone),
	    T(verify__rows_among_sealed_ones),
	    T(verify__from_behind_the_end),
	    T(verify__a_pinned_head),
	    T(verify__very_many),
	    T(verify__in_pieces),
	    T(verify__end_is_removed_between_pieces),
	    T(verify__a_failure_is_no_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
