/* Applications: their keys and signatures. */
#include "kore-app/auth_case.h"

/* A C1-shaped body: pretty-printed, literal LF inside the CSR, no final newline. The signatures
 * were made with `openssl dgst -shaN -hmac example-secret -binary | base64`. */
#define A76 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define B76 "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define C1_BODY \
	"{\n  \"timestamp\": \"2024-01-02T03:04:05.000000\",\n  \"request\": {\n    \"Flags\": 0,\n" \
	"    \"TemplateName\": \"User\",\n    \"Pkcs10Request\": \"" A76 "\n" B76 \
	"\nQUJD\"\n  }\n}"
#define C1_SHA256 "2bZjVTjTwuqx12xtIgEbNL8qGvUT8F4TJGkhpDDF/tc="
#define C1_SHA512 \
	"1yNOGTvvSF6RwKAjZELuvq7NTDTQVEIK1i0WYEHlLFrO7hqCuJAQLhw2/AH2usYyrcBthrYGdI9fwiyA/ajs4g=="

/* ---- signature ---- */
/* The vector of the notes: key 00..1f. */
static void
hmac__vector_of_the_notes(void **state)
{
	static const char body[] =
	    "{\"Timestamp\":\"2017-12-18T19:56:12.365Z\",\"Request\":{\"Flags\":0,"
	    "\"TemplateName\":\"User\",\"Pkcs10Request\":\"AAAA\"}}";
	struct app *app = env.catalog->app[0];

	(void)state;
	assert_int_equal(strlen(body), 107);
	for (size_t i = 0; i < env.catalog->apps; i++)
		if (env.catalog->app[i]->id == 1)
			app = env.catalog->app[i];
	free(app->secret);
	app->secret = malloc(32);
	app->secret_len = 32;
	for (int i = 0; i < 32; i++)
		app->secret[i] = (unsigned char)i;
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = body,
			     .signature = "JZf72LHiuKPWcJVCoBfBzm2+2cM="),
	    0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = body,
			     .signature = "JZf72LHiuKPWcJVCoBfBzm2+2cN="),
	    GH_E_SIGNATURE);
}

static void
hmac__body_with_raw_line_feeds(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = C1_SHA1), 0);
	assert_string_equal(result.app->name, "app1");
	assert_int_equal(result.requester.app_id, 1);
	assert_string_equal(result.requester.app_name, "app1");
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = C1_SHA256),
	    0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = C1_SHA512),
	    0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY "\n", .signature = C1_SHA1),
	    GH_E_SIGNATURE);
}

static void
hmac__of_an_empty_body(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .signature = EMPTY_SHA1), 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = " ", .signature = EMPTY_SHA1),
	    GH_E_SIGNATURE);
}

static void
hmac__minimum_hash(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "key2", .body = C1_BODY, .signature = C1_SHA1),
	    GH_E_SIGNATURE);
	assert_int_equal(CHECK(AUTH_APP, .key = "key2", .body = C1_BODY, .signature = C1_SHA256),
	    0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key2", .body = C1_BODY, .signature = C1_SHA512),
	    0);
}

static void
hmac__required_or_not(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY), GH_E_SIGNATURE);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = ""),
	    GH_E_SIGNATURE);
	assert_int_equal(CHECK(AUTH_APP, .key = "key3", .body = C1_BODY), 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key3", .body = C1_BODY, .signature = C1_SHA1), 0);
	/* a signature that is there is checked, wanted or not */
	assert_int_equal(CHECK(AUTH_APP, .key = "key3", .body = "x", .signature = C1_SHA1),
	    GH_E_SIGNATURE);
}

static void
hmac__signatures_that_are_none(void **state)
{
	static const char *const bad[] = {"AAAA", "!!!", "k5nSxXzMo8AE110/yyFeTKgfiS0=AAAA",
	    "k5nSxXzMo8AE110/yyFeTKgfi"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%zu", i + 10);
		assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY,
				     .signature = bad[i], .address = address),
		    GH_E_SIGNATURE);
	}
}

/* ---- application key ---- */
static void
app__unknown_disabled_and_missing_get_one_code(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = NULL), GH_E_APP_KEY);
	assert_int_equal(CHECK(AUTH_APP, .key = ""), GH_E_APP_KEY);
	assert_int_equal(fake.audits, 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "nokey"), GH_E_APP_KEY);
	assert_int_equal(fake.audits, 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key4", .body = C1_BODY, .signature = C1_SHA1),
	    GH_E_APP_KEY);
	assert_int_equal(fake.audits, 1);
	assert_string_equal(fake.audit, "auth.failed failure  app4");
}

static void
app__key_with_or_without_padding(void **state)
{
	static const struct {
		const char *key;
		int rc;
	} c[] = {
	    {"a2V5Mw==", 0},
	    {"a2V5Mw", 0},
	    {" a2V5Mw== ", 0},
	    {"a2V5Mw=", GH_E_APP_KEY},
	    {"a2V5MwAA", GH_E_APP_KEY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		struct gh_http_field key = {"x-keyfactor-appkey", c[i].key};
		struct gh_http_request http = {.field = &key, .fields = 1};

		snprintf(http.address, sizeof(http.address), "192.0.2.%zu", i + 1);
		assert_int_equal(auth_check(&env, limiter, AUTH_APP, &http, &result, &err),
		    c[i].rc);
		auth_result_clear(&result);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(hmac__vector_of_the_notes),
	    T(hmac__body_with_raw_line_feeds),
	    T(hmac__of_an_empty_body),
	    T(hmac__minimum_hash),
	    T(hmac__required_or_not),
	    T(hmac__signatures_that_are_none),
	    T(app__unknown_disabled_and_missing_get_one_code),
	    T(app__key_with_or_without_padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
