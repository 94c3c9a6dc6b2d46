/* The catalog: sealed secrets, look-ups, rows that cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "catalog/app.h"
#include "encoding.h"
#include "hex.h"
#include "log.h"

#include "fake.h"

static int log_lines;

static void
count_line(enum gh_log_level level, const char *line)
{
	(void)level;
	(void)line;
	log_lines++;
}

static void
seal__opens_what_it_sealed(void **state)
{
	static const char secret[] = "example-secret";
	unsigned char *plain;
	char *one, *two;
	size_t n;

	(void)state;
	assert_int_equal(catalog_seal(fake_secret, secret, sizeof(secret), &one, NULL), 0);
	assert_int_equal(catalog_seal(fake_secret, secret, sizeof(secret), &two, NULL), 0);
	assert_string_not_equal(one, two);
	assert_null(strstr(one, "example"));
	assert_int_equal(catalog_unseal(fake_secret, one, &plain, &n, NULL), 0);
	assert_int_equal(n, sizeof(secret));
	assert_memory_equal(plain, secret, n);
	free(plain);
	free(one);
	free(two);
}

static void
seal__of_nothing(void **state)
{
	unsigned char *plain;
	char *text;
	size_t n;

	(void)state;
	assert_int_equal(catalog_seal(fake_secret, "", 0, &text, NULL), 0);
	assert_int_equal(catalog_unseal(fake_secret, text, &plain, &n, NULL), 0);
	assert_int_equal(n, 0);
	free(plain);
	free(text);
}

/* As the version of November 2026 has written them, under the server secret 00 01 .. 1f. */
static void
seal__opens_known_texts(void **state)
{
	static const struct {
		const char *sealed, *plain;
	} rows[] = {
	    {"AUQhIJp9jXzA8hQRJ35waNTnX1lkO120XkkHwe9Xf4PbLJp4WwioCIQkHB5xUzoB/Eu7AA==",
		"an application's secret"},
	    {"AeoCM+y6QD4N6z7NRbcZSHAE7ohR5OoTdsMwDAQ=", ""},
	};
	unsigned char server_secret[32], *plain;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(server_secret); i++)
		server_secret[i] = (unsigned char)i;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(catalog_unseal(server_secret, rows[i].sealed, &plain, &n, NULL),
		    0);
		assert_int_equal(n, strlen(rows[i].plain));
		assert_string_equal((char *)plain, rows[i].plain);
		free(plain);
	}
}

static void
seal__does_not_open_under_another_secret(void **state)
{
	static const unsigned char other[32] = {1};
	unsigned char *plain;
	struct gh_error err;
	char *text;
	size_t n;

	(void)state;
	assert_int_equal(catalog_seal(fake_secret, "abc", 3, &text, NULL), 0);
	assert_int_equal(catalog_unseal(other, text, &plain, &n, &err), GH_E_CONF);
	assert_null(plain);
	assert_non_null(strstr(err.message, "another server secret"));
	free(text);
}

static void
seal__notices_every_changed_byte(void **state)
{
	unsigned char *raw, *plain;
	char *text, *changed;
	size_t n, m;

	(void)state;
	assert_int_equal(catalog_seal(fake_secret, "abc", 3, &text, NULL), 0);
	assert_int_equal(gh_base64_decode(text, strlen(text), &raw, &n, NULL), 0);
	for (size_t i = 0; i <= n; i++) {
		size_t len = i < n ? n : n - 1; /* the last round: one byte short */

		if (i < n)
			raw[i] ^= 0x80;
		changed = gh_base64_encode(raw, len, GH_BASE64_ONE_LINE);
		assert_int_equal(catalog_unseal(fake_secret, changed, &plain, &m, NULL), GH_E_CONF);
		free(changed);
		if (i < n)
			raw[i] ^= 0x80;
	}
	assert_int_equal(catalog_unseal(fake_secret, "", &plain, &m, NULL), GH_E_CONF);
	assert_int_equal(catalog_unseal(fake_secret, "no base64!", &plain, &m, NULL), GH_E_CONF);
	free(raw);
	free(text);
}

static const struct app *
find_app(const struct catalog *c, const char *key)
{
	return catalog_find_app(c, (const unsigned char *)key, strlen(key));
}

static void
catalog__finds_names_in_any_case(void **state)
{
	struct worker_env env;

	(void)state;
	fake_world_new(&env);
	assert_int_equal(env.catalog->generation, 3);
	assert_int_equal(catalog_find_template(env.catalog, "User")->id, 1);
	assert_int_equal(catalog_find_template(env.catalog, "uSER")->id, 1);
	assert_null(catalog_find_template(env.catalog, "Use"));
	assert_null(catalog_find_template(env.catalog, "Users"));
	assert_null(catalog_find_template(env.catalog, ""));
	assert_int_equal(ca_set_find(&env.catalog->cas, "ISSUING")->id, 1);
	fake_world_free(&env);
}

static void
catalog__finds_applications_by_key_and_unseals_their_secret(void **state)
{
	struct worker_env env;
	const struct app *a;

	(void)state;
	fake_world_new(&env);
	a = find_app(env.catalog, "key7");
	assert_string_equal(a->name, "app");
	assert_int_equal(a->secret_len, 7);
	assert_memory_equal(a->secret, "secret7", 7);
	assert_null(a->profile.groups);
	assert_string_equal(find_app(env.catalog, "key8")->name, "other");
	assert_null(find_app(env.catalog, "key6"));
	assert_null(find_app(env.catalog, "key77"));
	assert_null(find_app(env.catalog, "KEY7"));
	assert_null(find_app(env.catalog, ""));
	assert_string_equal(catalog_find_app_id(env.catalog, 10)->name, "disabled");
	assert_null(catalog_find_app_id(env.catalog, 11));
	fake_world_free(&env);
}

static void
catalog__gives_each_application_its_profile(void **state)
{
	struct worker_env env;
	const struct enroll_profile *p;

	(void)state;
	fake_world_new(&env);
	p = catalog_find_profile(env.catalog, 8, NULL);
	assert_string_equal(p->name, "application other");
	assert_string_equal(p->ca_name, "issuing");
	assert_true(enroll_profile_has_template(p, "other"));
	assert_false(enroll_profile_has_template(p, "User"));
	assert_ptr_equal(catalog_find_profile(env.catalog, 0, NULL), &enroll_profile_all);
	assert_null(catalog_find_profile(env.catalog, 10, NULL)); /* disabled */
	assert_null(catalog_find_profile(env.catalog, 11, NULL));
	fake_world_free(&env);
}

static int
load(const char *text, struct catalog **c)
{
	struct gh_error err;
	gh_json *j;
	int rc;

	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &j, &err), 0);
	rc = catalog_new(j, fake_secret, c, &err);
	gh_json_free(j);
	return rc;
}

#define GOOD_APP \
	"\"id\":1,\"name\":\"a\",\"ca\":\"x\",\"templates\":[],\"groups\":null,\"min_hash\":\"sha256\"," \
	"\"enabled\":true,\"key_index\":\"" \
	"11111111111111111111111111111111111111111111111111111111111111AA\""

#define ZERO_INDEX_APP \
	"\"apps\":[{\"id\":1,\"name\":\"a\",\"ca\":\"x\",\"min_hash\":\"SHA1\"," \
	"\"key_index\":\"0000000000000000000000000000000000000000000000000000000000000000\"}]"

static void
catalog__leaves_out_and_logs_what_it_cannot_read(void **state)
{
	static const char *const bad[] = {
	    "\"apps\":[{}]",
	    "\"apps\":[{" GOOD_APP ",\"secret_sealed\":\"AAAA\"}]",
	    "\"apps\":[{\"id\":1,\"name\":\"a\",\"ca\":\"x\",\"min_hash\":\"MD5\",\"key_index\":\"11\"}]",
	    ZERO_INDEX_APP,
	    "\"templates\":[{\"id\":1,\"version\":1,\"name\":\"x\",\"body\":{}}]",
	    "\"templates\":[{\"id\":1,\"version\":1,\"name\":\"x\",\"body\":\"{}\"}]",
	    "\"templates\":[{\"name\":\"x\",\"body\":{\"name\":\"x\"}}]",
	    "\"cas\":[{\"id\":1,\"name\":\"x\",\"chain\":[]}]",
	    "\"cas\":[{\"id\":1,\"name\":\"x\",\"chain\":[\"AAAA\"]}]",
	    "\"cas\":[{\"id\":1,\"name\":\"x\",\"chain\":[5]}]",
	    "\"metadata_fields\":[{\"name\":\"a\",\"type\":9}]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct catalog *c;
		char text[1024];

		snprintf(text, sizeof(text), "{\"generation\":1,%s}", bad[i]);
		log_lines = 0;
		assert_int_equal(load(text, &c), 0);
		assert_int_equal(c->apps + c->tmpls + c->cas.n + c->fields, 0);
		assert_int_equal(log_lines, 1);
		catalog_free(c);
	}
}

static void
catalog__what_is_not_said_falls_on_the_safe_side(void **state)
{
	struct catalog *c;

	(void)state;
	assert_int_equal(load("{\"generation\":1,\"apps\":[{" GOOD_APP "}]}", &c), 0);
	assert_int_equal(c->apps, 1);
	assert_true(c->app[0]->signature_required);
	assert_true(c->app[0]->is_enabled);
	assert_int_equal(c->app[0]->min_hash, GH_SHA256);
	assert_null(c->app[0]->secret);
	assert_null(c->app[0]->service_identity);
	assert_non_null(c->app[0]->profile.templates);
	assert_null(c->app[0]->profile.templates[0]);
	assert_false(c->app[0]->profile.has_all_templates);
	catalog_free(c);
	assert_int_equal(load("{}", &c), GH_E_DB);
	assert_null(c);
}

static void
catalog__lives_until_the_last_reference_goes(void **state)
{
	struct catalog *c;

	(void)state;
	assert_int_equal(load("{\"generation\":5}", &c), 0);
	assert_ptr_equal(catalog_ref(c), c);
	catalog_free(c);
	assert_int_equal(c->generation, 5);
	catalog_free(c);
	catalog_free(NULL);
}

/* Thousands of applications: each is found, by its own key only. */
static void
catalog__with_thousands_of_applications(void **state)
{
	struct gh_buf b;
	struct catalog *c;

	(void)state;
	gh_buf_init(&b, 4 * 1024 * 1024);
	gh_buf_puts(&b, "{\"generation\":1,\"apps\":[");
	for (int i = 0; i < 3000; i++) {
		unsigned char index[32];
		char key[16], *hex;

		snprintf(key, sizeof(key), "key%d", i);
		catalog_key_index(fake_secret, key, strlen(key), index);
		hex = gh_hex_encode(index, sizeof(index));
		gh_buf_putf(&b,
		    "%s{\"id\":%d,\"name\":\"app%d\",\"ca\":\"x\",\"min_hash\":\"SHA1\",\"key_index\":\"%s\","
		    "\"enabled\":true}",
		    i > 0 ? "," : "", i + 1, i, hex);
		free(hex);
	}
	gh_buf_puts(&b, "]}");
	assert_int_equal(gh_buf_check(&b, NULL), 0);
	assert_int_equal(load((char *)b.data, &c), 0);
	assert_int_equal(c->apps, 3000);
	for (int i = 0; i < 3000; i += 7) {
		char key[16];

		snprintf(key, sizeof(key), "key%d", i);
		assert_int_equal(find_app(c, key)->id, i + 1);
	}
	assert_null(find_app(c, "key3000"));
	catalog_free(c);
	gh_buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(seal__opens_what_it_sealed),
	    cmocka_unit_test(seal__of_nothing),
	    cmocka_unit_test(seal__opens_known_texts),
	    cmocka_unit_test(seal__does_not_open_under_another_secret),
	    cmocka_unit_test(seal__notices_every_changed_byte),
	    cmocka_unit_test(catalog__finds_names_in_any_case),
	    cmocka_unit_test(catalog__finds_applications_by_key_and_unseals_their_secret),
	    cmocka_unit_test(catalog__gives_each_application_its_profile),
	    cmocka_unit_test(catalog__leaves_out_and_logs_what_it_cannot_read),
	    cmocka_unit_test(catalog__what_is_not_said_falls_on_the_safe_side),
	    cmocka_unit_test(catalog__lives_until_the_last_reference_goes),
	    cmocka_unit_test(catalog__with_thousands_of_applications),
	};

	gh_log_init("test", GH_LOG_DEBUG, count_line);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
