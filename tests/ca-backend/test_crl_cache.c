/* CRLs kept in the process: when the database is asked, what is served while it cannot be, and who
 * holds a body. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "timestamp.h"

#include "crl/crl_cache.h"

#define MIB (1024 * 1024)

/* ---- in place of the store ---- */
static struct {
	struct store_crl newest; /* of each scope; id 0: none */
	int fail_newest, fail_body;
	int bodies_gone; /* so many bodies are found to be replaced */
	atomic_int looks, loads;
	atomic_bool is_held; /* nobody gets an answer */
} db;

int
store_crl_newest(struct store *s, const struct store_crl_scope *scope, bool is_delta,
    struct store_crl *out, struct gh_error *err)
{
	(void)s;
	db.looks++;
	while (db.is_held)
		sched_yield();
	if (db.fail_newest != 0)
		return gh_fail(err, (enum gh_code)db.fail_newest, "told to fail");
	*out = db.newest;
	out->scope = *scope;
	out->is_delta = is_delta;
	return 0;
}

/* "CRL 7" and so on, filled up to its size. */
int
store_crl_body(struct store *s, const struct store_crl *crl, unsigned char **der,
    struct gh_error *err)
{
	char text[32];

	(void)s;
	db.loads++;
	*der = NULL;
	if (db.bodies_gone > 0) {
		db.bodies_gone--;
		return gh_fail(err, GH_E_NOT_FOUND, "replaced");
	}
	if (db.fail_body != 0)
		return gh_fail(err, (enum gh_code)db.fail_body, "told to fail");
	assert_non_null(*der = malloc((size_t)crl->size));
	snprintf(text, sizeof(text), "CRL %lld", (long long)crl->id);
	memcpy(*der, text, strlen(text));
	return 0;
}

/* ---- calls ---- */
static struct ca ca = {.id = 5};
static struct gh_error err;
static const struct crl_file der = {.ca = &ca, .shard = STORE_CRL_COMPLETE};

static void
issue(int64_t id)
{
	db.newest = (struct store_crl){.id = id, .number = id, .size = 5};
}

static int
begin(void **state)
{
	(void)state;
	crl_cache_clear();
	memset(&db, 0, sizeof(db));
	memset(&err, 0, sizeof(err));
	issue(1);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	crl_cache_clear();
	return 0;
}

/* What the file is; the reference is given back. */
static int
get(const struct crl_file *file, char text[200])
{
	struct crl_cached c;
	int rc = crl_cache_get(NULL, file, "issuing", &c, &err);

	if (rc != 0)
		return rc;
	assert_true(c.body->len < 200);
	memcpy(text, c.body->data, c.body->len);
	text[c.body->len] = '\0';
	gh_shared_unref(c.body);
	return 0;
}

/* Until the database is asked again, a second after the last time. */
static int
get_later(const struct crl_file *file, char text[200])
{
	int before = db.looks, rc;
	int64_t begin_us = gh_now_us();

	do
		rc = get(file, text);
	while (db.looks == before && gh_now_us() - begin_us < 30 * INT64_C(1000000));
	assert_int_equal(db.looks, before + 1);
	return rc;
}

static void
cache__asks_once_in_a_second(void **state)
{
	int64_t begin_us = gh_now_us();
	char text[200];

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(get(&der, text), 0);
		assert_string_equal(text, "CRL 1");
	}
	assert_true(db.looks <= 1 + (gh_now_us() - begin_us) / 1000000);
	assert_int_equal(db.loads, 1);
	/* it is still the newest: not loaded again */
	assert_int_equal(get_later(&der, text), 0);
	assert_int_equal(db.loads, 1);
	issue(2);
	assert_int_equal(get_later(&der, text), 0);
	assert_string_equal(text, "CRL 2");
	assert_int_equal(db.loads, 2);
}

static void
cache__an_old_body_lives_on_in_who_sends_it(void **state)
{
	struct crl_cached c;
	char text[200];

	(void)state;
	assert_int_equal(crl_cache_get(NULL, &der, "x", &c, &err), 0);
	issue(2);
	assert_int_equal(get_later(&der, text), 0);
	assert_string_equal(text, "CRL 2");
	assert_memory_equal(c.body->data, "CRL 1", 5);
	assert_int_equal(c.crl.number, 1);
	crl_cache_clear();
	assert_memory_equal(c.body->data, "CRL 1", 5);
	gh_shared_unref(c.body);
}

static void
cache__found_by_the_name_that_was_asked(void **state)
{
	struct crl_cached c;
	char text[200];

	(void)state;
	assert_false(crl_cache_find("issuing", &c));
	do /* a machine may be so busy that a second passes between the two */
		assert_int_equal(get(&der, text), 0);
	while (!crl_cache_find("ISSUING", &c));
	assert_memory_equal(c.body->data, "CRL 1", 5);
	gh_shared_unref(c.body);
	assert_false(crl_cache_find("issuin", &c));
	assert_false(crl_cache_find("other", &c));
	crl_cache_clear();
	assert_false(crl_cache_find("issuing", &c));
}

static void
cache__none_was_issued(void **state)
{
	char text[200];

	(void)state;
	issue(0);
	assert_int_equal(get(&der, text), GH_E_NOT_FOUND);
	assert_int_equal(get(&der, text), GH_E_NOT_FOUND);
	assert_int_equal(db.looks, 2); /* nothing is kept */
	issue(1);
	assert_int_equal(get(&der, text), 0);
}

/* A CRL is valid for long: the last one is better than none. */
static void
cache__the_database_is_away(void **state)
{
	char text[200];

	(void)state;
	db.fail_newest = GH_E_DB_DOWN;
	assert_int_equal(get(&der, text), GH_E_DB_DOWN);
	db.fail_newest = 0;
	db.fail_body = GH_E_DB_DOWN;
	assert_int_equal(get(&der, text), GH_E_DB_DOWN);
	db.fail_body = 0;
	assert_int_equal(get(&der, text), 0);
	db.fail_newest = GH_E_DB_DOWN;
	assert_int_equal(get_later(&der, text), 0);
	assert_string_equal(text, "CRL 1");
	db.fail_newest = 0;
	issue(2);
	db.fail_body = GH_E_DB_DOWN;
	assert_int_equal(get_later(&der, text), 0);
	assert_string_equal(text, "CRL 1");
}

static void
cache__a_body_that_was_replaced_meanwhile(void **state)
{
	char text[200];

	(void)state;
	db.bodies_gone = 2;
	assert_int_equal(get(&der, text), 0);
	assert_int_equal(db.looks, 3);
	crl_cache_clear();
	db.bodies_gone = 100;
	assert_int_equal(get(&der, text), GH_E_NOT_FOUND);
	assert_int_equal(db.looks, 6); /* and not for ever */
}

/* ---- threads ---- */
#define THREADS 8
static atomic_int arrived;

static void *
ask(void *arg)
{
	struct crl_cached c;

	(void)arg;
	arrived++;
	if (crl_cache_get(NULL, &der, "x", &c, NULL) != 0)
		return NULL;
	return c.body;
}

static void
cache__one_loads_for_all(void **state)
{
	pthread_t t[THREADS];
	void *body[THREADS];

	(void)state;
	arrived = 0;
	db.is_held = true;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, ask, NULL), 0);
	while (arrived < THREADS || db.looks == 0)
		sched_yield();
	db.is_held = false;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(t[i], &body[i]), 0);
	assert_int_equal(db.loads, 1);
	for (int i = 0; i < THREADS; i++) {
		assert_non_null(body[i]);
		assert_ptr_equal(body[i], body[0]);
		gh_shared_unref(body[i]);
	}
}

/* 256 MiB of bodies: the one that was asked for last stays. */
static void
cache__what_was_not_asked_for_longest_goes(void **state)
{
	struct crl_file shard = der;
	struct crl_cached c;

	(void)state;
	db.newest.size = 100 * MIB;
	for (shard.shard = 0; shard.shard < 3; shard.shard++) {
		assert_int_equal(crl_cache_get(NULL, &shard, "x", &c, &err), 0);
		gh_shared_unref(c.body);
	}
	assert_int_equal(db.loads, 3);
	for (shard.shard = 2; shard.shard > 0; shard.shard--) {
		assert_int_equal(crl_cache_get(NULL, &shard, "x", &c, &err), 0);
		gh_shared_unref(c.body);
	}
	assert_int_equal(db.loads, 3);
	assert_int_equal(crl_cache_get(NULL, &shard, "x", &c, &err), 0);
	gh_shared_unref(c.body);
	assert_int_equal(db.loads, 4);
	/* one that is larger than all that may be kept is served all the same */
	crl_cache_clear();
	db.newest.size = 300 * MIB;
	assert_int_equal(crl_cache_get(NULL, &der, "x", &c, &err), 0);
	assert_int_equal(c.body->len, 300 * MIB);
	gh_shared_unref(c.body);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(cache__asks_once_in_a_second),
	    T(cache__an_old_body_lives_on_in_who_sends_it),
	    T(cache__found_by_the_name_that_was_asked),
	    T(cache__none_was_issued),
	    T(cache__the_database_is_away),
	    T(cache__a_body_that_was_replaced_meanwhile),
	    T(cache__one_loads_for_all),
	    T(cache__what_was_not_asked_for_longest_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
