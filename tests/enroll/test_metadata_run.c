/* Steps of a run: how much of it one of them takes. The store and the clock are stand-ins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/metadata.h"
#include "catalog/metadata_regex.h"
#include "inventory/metadata_run.h"
#include "store/inventory/cert_page.h"
#include "store/inventory/metadata_run_row.h"
#include "timestamp.h"

#define N 250    /* lines or certificates, by their numbers */
#define STEP 100 /* of those that cost nothing */

static struct metadata_field fields[] = {
    {.name = (char *)"Phase", .type = METADATA_STRING, .regex = (char *)"(a+)+$"},
};
static struct {
	bool is_by_query, is_done;
	int64_t place, seen, clock_us, cost_us; /* cost: of one comparison with the pattern */
	int steps, longest;
} world;

int64_t
gh_now_us(void)
{
	return world.clock_us;
}

int
metadata_regex_match(const char *pattern, const char *text, enum metadata_match *out,
    struct gh_error *err)
{
	(void)pattern, (void)text, (void)err;
	world.clock_us += world.cost_us;
	*out = METADATA_MATCHES;
	return 0;
}

/* ---- the store ---- */

static gh_json *
parse(const char *text)
{
	struct gh_error err;
	gh_json *o = NULL;

	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &o, &err), 0);
	return o;
}

int
store_next_metadata_run(struct store *s, gh_json **out, struct gh_error *err)
{
	(void)s, (void)err;
	*out = parse(world.is_done ? "null"
		: world.is_by_query
		? "{\"id\":7,\"query\":\"Id -gt 0\",\"values\":{\"Phase\":\"new\"}}"
		: "{\"id\":7}");
	if (!world.is_done)
		assert_int_equal(gh_json_set_int(*out, "place", world.place) |
			gh_json_set_int(*out, "last", N),
		    0);
	return 0;
}

int
store_list_metadata_lines(struct store *s, int64_t run_id, int64_t after, int limit,
    gh_json **lines, struct gh_error *err)
{
	(void)s, (void)run_id, (void)err;
	assert_int_equal(after, world.place);
	assert_non_null(*lines = gh_json_new_array());
	for (int64_t n = after + 1; n <= N && n <= after + limit; n++) {
		gh_json *o = parse("{\"given\":{\"Phase\":\"new\"}}"), *key = gh_json_new_object();

		assert_int_equal(gh_json_set_int(key, "id", n) | gh_json_set_int(o, "n", n) |
			gh_json_set(o, "key", key) | gh_json_append(*lines, o),
		    0);
	}
	return 0;
}

int
store_find_metadata_line(struct store *s, int64_t run_id, int64_t n, int64_t certificate_id,
    int64_t *line, struct gh_error *err)
{
	(void)s, (void)run_id, (void)n, (void)certificate_id, (void)err;
	*line = 0;
	return 0;
}

int
store_find_cert(struct store *s, const struct store_cert_key *key, int64_t *id,
    struct gh_error *err)
{
	(void)s, (void)err;
	*id = key->id;
	return 0;
}

int
store_get_cert_metadata(struct store *s, int64_t id, char tag[STORE_METADATA_TAG_SIZE],
    gh_json **values, struct gh_error *err)
{
	(void)s, (void)id, (void)tag, (void)err;
	*values = gh_json_new_object();
	return 0;
}

/* As the store does, of what it looked at, which has more than it found. */
int
store_cert_page(struct store *s, const struct store_cert_filter *f, struct cert_page *out,
    struct gh_error *err)
{
	int64_t from = f->from != NULL ? f->from->id : 0, to = from + f->limit;

	(void)s, (void)err;
	assert_int_equal(from, world.place);
	memset(out, 0, sizeof(*out));
	assert_non_null(out->entries = gh_json_new_array());
	for (int64_t n = from + 1; n <= to && n <= N; n++) {
		gh_json *o = parse("{\"metadata\":{}}");

		assert_int_equal(gh_json_set_int(o, "id", n) | gh_json_append(out->entries, o), 0);
	}
	out->has_more = to < N;
	out->more.id = to;
	return 0;
}

void
cert_page_clear(struct cert_page *p)
{
	gh_json_free(p->entries);
}

/* None is left out, and none comes twice. */
int
store_take_metadata_step(struct store *s, const struct requester *who,
    const struct store_metadata_step *step, bool *is_taken, struct gh_error *err)
{
	size_t n = gh_json_size(step->changes);

	(void)s, (void)who, (void)err;
	assert_int_equal(step->from, world.place);
	assert_int_equal(step->to, step->from + (int64_t)n);
	assert_int_equal(step->changed, n);
	for (size_t i = 0; i < n; i++) {
		int64_t id = 0;

		assert_true(gh_json_int(gh_json_get(gh_json_at(step->changes, i), "id"), &id));
		assert_int_equal(id, ++world.seen);
	}
	world.place = step->to;
	world.is_done = step->is_last;
	assert_int_equal(step->is_last, step->to == N);
	world.steps++;
	if ((int)n > world.longest)
		world.longest = (int)n;
	*is_taken = true;
	return 0;
}

/* ---- */

static void
run(bool is_by_query, int64_t cost_us)
{
	struct catalog catalog = {.field = fields, .fields = 1};
	const struct cert_metadata_env env = {.catalog = &catalog};
	const struct gh_progress progress = {0};
	struct gh_error err;
	bool has_more = true;

	memset(&world, 0, sizeof(world));
	world.is_by_query = is_by_query;
	world.cost_us = cost_us;
	while (has_more)
		assert_int_equal(metadata_run_work(&env, 500, &progress, &has_more, &err), 0);
	assert_int_equal(world.seen, N);
	assert_true(world.is_done);
}

static void
steps__costly_pattern_makes_them_short(void **state)
{
	(void)state;
	for (int is_by_query = 0; is_by_query < 2; is_by_query++) {
		run(is_by_query, 0);
		assert_int_equal(world.longest, STEP);
		assert_int_equal(world.steps, (N + STEP - 1) / STEP);
		run(is_by_query, 60000);
		assert_in_range(world.longest, 2, 20); /* a second */
		run(is_by_query, 60000000);            /* still one by one */
		assert_int_equal(world.longest, 1);
		assert_int_equal(world.steps, N);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(steps__costly_pattern_makes_them_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
