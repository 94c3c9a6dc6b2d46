/* Metadata fields and values: each rule accepts one and refuses one. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"

#include "catalog/metadata.h"
#include "catalog/metadata_change.h"

#define FIELDS_MAX 8

static gh_json *
parse(const char *text)
{
	struct gh_error err;
	gh_json *j;

	if (gh_json_parse(text, strlen(text), GH_JSON_STRICT, &j, &err) != 0)
		fail_msg("%s: %s", text, err.message);
	return j;
}

/* definitions: JSON array. What the check answers, printed, or the message of the refusal.
 * malloc'd. */
static char *
check(const char *definitions, const char *list, const char *required)
{
	struct metadata_field f[FIELDS_MAX];
	gh_json *defs = parse(definitions), *l = list != NULL ? parse(list) : NULL;
	gh_json *r = required != NULL ? parse(required) : NULL, *out;
	size_t n = gh_json_size(defs);
	struct gh_error err;
	char *text;
	int rc;

	assert_true(n <= FIELDS_MAX);
	for (size_t i = 0; i < n; i++)
		if (metadata_field_load(gh_json_at(defs, i), &f[i], &err) != 0)
			fail_msg("definition %zu: %s", i, err.message);
	rc = metadata_check(f, n, l, r, &out, &err);
	if (rc != 0) {
		assert_int_equal(rc, GH_E_METADATA);
		assert_null(out);
		text = strdup(err.message);
	} else {
		text = gh_json_print(out, false);
	}
	gh_json_free(out);
	for (size_t i = 0; i < n; i++)
		metadata_field_clear(&f[i]);
	gh_json_free(defs);
	gh_json_free(l);
	gh_json_free(r);
	return text;
}

static void
expect(const char *definitions, const char *list, const char *required, const char *answer)
{
	char *text = check(definitions, list, required);

	if (strstr(text, answer) == NULL)
		fail_msg("%s: got %s, not %s", list != NULL ? list : "(none)", text, answer);
	free(text);
}

struct value_case {
	const char *value, *answer;
};

/* One field F of a type; each value and what becomes of it. */
static void
expect_values(const char *definition, const struct value_case *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char list[8192];

		snprintf(list, sizeof(list), "{\"F\":%s}", c[i].value);
		expect(definition, list, NULL, c[i].answer);
	}
}

#define EXPECT_VALUES(definition, ...) \
	do { \
		static const struct value_case cases_[] = {__VA_ARGS__}; \
		expect_values(definition, cases_, sizeof(cases_) / sizeof(*cases_)); \
	} while (0)

static void
metadata__string_takes_any_scalar(void **state)
{
	(void)state;
	EXPECT_VALUES("[{\"name\":\"F\",\"type\":1}]", {"\"abc\"", "{\"F\":\"abc\"}"},
	    {"\" abc \"", "{\"F\":\"abc\"}"}, {"5", "{\"F\":\"5\"}"}, {"1.5", "{\"F\":\"1.5\"}"},
	    {"true", "{\"F\":\"true\"}"}, {"\"\\u00e4\"", "\xc3\xa4"},
	    {"\"a\\u0001b\"", "control character"}, {"\"a\\nb\"", "control character"},
	    {"[1]", "array or object"}, {"{}", "array or object"});
}

static void
metadata__integer(void **state)
{
	(void)state;
	EXPECT_VALUES("[{\"name\":\"F\",\"type\":2}]", {"5", "{\"F\":5}"}, {"\"-7\"", "{\"F\":-7}"},
	    {"\"+7\"", "{\"F\":7}"}, {"\"9223372036854775807\"", "{\"F\":9223372036854775807}"},
	    {"\"9223372036854775808\"", "out of range"}, {"\"many\"", "\"F\": value is no integer"},
	    {"1.5", "no integer"}, {"\"0x10\"", "no integer"}, {"\"-\"", "no integer"},
	    {"\"1 2\"", "no integer"});
}

static void
metadata__date(void **state)
{
	(void)state;
	EXPECT_VALUES("[{\"name\":\"F\",\"type\":3}]", {"\"2020-5-5\"", "{\"F\":\"2020-05-05\"}"},
	    {"\"2020-05-05\"", "{\"F\":\"2020-05-05\"}"},
	    {"\"5/6/2020\"", "{\"F\":\"2020-05-06\"}"},
	    {"\"2024-01-02T03:04:05.123Z\"", "{\"F\":\"2024-01-02\"}"},
	    {"\"2024-02-29\"", "{\"F\":\"2024-02-29\"}"}, {"\"2023-02-29\"", "is no date"},
	    {"\"2020-13-1\"", "is no date"}, {"\"2020--1-1\"", "is no date"},
	    {"\"20-5-5\"", "is no date"}, {"\"-020-1-1\"", "is no date"},
	    {"\"2020-1-1-\"", "is no date"}, {"\"5.5.2020\"", "is no date"},
	    {"20200505", "is no date"}, {"\"tomorrow\"", "is no date"});
}

static void
metadata__boolean(void **state)
{
	(void)state;
	EXPECT_VALUES("[{\"name\":\"F\",\"type\":4}]", {"true", "{\"F\":true}"},
	    {"false", "{\"F\":false}"}, {"\"True\"", "{\"F\":true}"}, {"0", "{\"F\":false}"},
	    {"\"yes\"", "neither true nor false"}, {"2", "neither true nor false"});
}

static void
metadata__choice_is_written_as_defined(void **state)
{
	(void)state;
	EXPECT_VALUES("[{\"name\":\"F\",\"type\":5,\"options\":[\"Test\",\"Live\",\"live\"]}]",
	    {"\"Test\"", "{\"F\":\"Test\"}"}, {"\"TEST\"", "{\"F\":\"Test\"}"},
	    {"\"live\"", "{\"F\":\"live\"}"}, {"\"nowhere\"", "none of the options"});
}

static void
metadata__big_text_keeps_lines(void **state)
{
	(void)state;
	EXPECT_VALUES("[{\"name\":\"F\",\"type\":6}]",
	    {"\"a\\r\\nb\\tc\"", "{\"F\":\"a\\r\\nb\\tc\"}"},
	    {"\"a\\u0002\"", "control character"});
}

static void
metadata__email(void **state)
{
	(void)state;
	EXPECT_VALUES("[{\"name\":\"F\",\"type\":7}]",
	    {"\"a.b+c@example.org\"", "{\"F\":\"a.b+c@example.org\"}"},
	    {"\"a@localhost\"", "a@localhost"}, {"\"a\"", "no e-mail"}, {"\"@b.c\"", "no e-mail"},
	    {"\"a@\"", "no e-mail"}, {"\"a@b@c\"", "no e-mail"}, {"\"a@.b\"", "no e-mail"},
	    {"\"a@b..c\"", "no e-mail"}, {"\"a@b.\"", "no e-mail"}, {"\"a@-b\"", "no e-mail"},
	    {"\".a@b\"", "no e-mail"}, {"\"a b@c\"", "no e-mail"}, {"\"a@b,c@d\"", "no e-mail"});
}

static void
metadata__lengths_are_bounded(void **state)
{
	char value[5000];

	(void)state;
	memset(value, 'x', sizeof(value));
	value[0] = value[401] = '"';
	value[402] = '\0';
	expect_values("[{\"name\":\"F\",\"type\":1}]", &(struct value_case){value, "{\"F\":"}, 1);
	value[401] = 'x';
	value[402] = '"';
	value[403] = '\0';
	expect_values("[{\"name\":\"F\",\"type\":1}]", &(struct value_case){value, "too long"}, 1);
	expect_values("[{\"name\":\"F\",\"type\":6}]", &(struct value_case){value, "{\"F\":"}, 1);
	memset(value + 1, 'x', 4001);
	value[4002] = '"';
	value[4003] = '\0';
	expect_values("[{\"name\":\"F\",\"type\":6}]", &(struct value_case){value, "too long"}, 1);
}

static void
metadata__regex_with_its_message(void **state)
{
	const char *own =
	    "[{\"name\":\"F\",\"type\":1,\"regex\":\"^T-[0-9]+$\",\"message\":\"like T-1\"}]";
	const char *general = "[{\"name\":\"F\",\"type\":1,\"regex\":\"[0-9]\"}]";

	(void)state;
	expect(own, "{\"F\":\"T-12\"}", NULL, "{\"F\":\"T-12\"}");
	expect(own, "{\"F\":\"xT-12\"}", NULL, "\"F\": like T-1");
	expect(general, "{\"F\":\"a1b\"}", NULL, "a1b");
	expect(general, "{\"F\":\"abc\"}", NULL, "does not match");
}

/* "$" is the end, "." is each character, of UTF-8, and classes are those of ASCII. */
static void
metadata__patterns_like_those_of_keyfactor(void **state)
{
	(void)state;
	expect("[{\"name\":\"F\",\"type\":1,\"regex\":\"^(?i:ops)-\\\\d{3}$\"}]",
	    "{\"F\":\"OPS-123\"}", NULL, "OPS-123");
	expect("[{\"name\":\"F\",\"type\":1,\"regex\":\"^.{4}$\"}]", "{\"F\":\"J\u00f6rg\"}", NULL,
	    "{\"F\":");
	expect("[{\"name\":\"F\",\"type\":1,\"regex\":\"^[[:alpha:]]+$\"}]",
	    "{\"F\":\"J\u00f6rg\"}", NULL, "does not match");
	expect("[{\"name\":\"F\",\"type\":6,\"regex\":\"^a.b$\"}]", "{\"F\":\"a\\nb\"}", NULL,
	    "{\"F\":");
	expect("[{\"name\":\"F\",\"type\":1,\"regex\":\"^(a|b)\\\\1$\"}]", "{\"F\":\"ab\"}", NULL,
	    "does not match");
}

/* What calls itself calls what the administrator wrote, and nothing may stand before that. */
static void
metadata__patterns_that_call_themselves(void **state)
{
	static const struct {
		const char *pattern, *value, *said;
	} cases[] = {
	    {"(?(R)c|xa(?R))", "qxac", "qxac"}, {"(?(R)c|xa(?R))", "xaZc", "does not match"},
	    {"(?(R)c|xa(?0))", "xaZc", "does not match"},
	    {"(?(R)c|xa\\\\g<0>)", "xaZc", "does not match"}, {"a(?R)?b", "xaabb", "xaabb"},
	    {"^((?<R>a)(?1)?b)$", "aabb", "aabb"}, {"^((?<R>a)(?1)?b)$", "aab", "does not match"},
	    {"(?R)", "a", "takes too long"}, /* without end */
	    {"a(*PRUNE)b|c", "abc", "abc"},
	    {"a(*PRUNE)b|c", "axc", "does not match"}, /* there is one place alone to begin at */
	};
	char definition[128], value[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(definition, sizeof(definition),
		    "[{\"name\":\"F\",\"type\":1,\"regex\":\"%s\"}]", cases[i].pattern);
		snprintf(value, sizeof(value), "{\"F\":\"%s\"}", cases[i].value);
		expect(definition, value, NULL, cases[i].said);
	}
}

/* In time that grows exponentially, or with the fourth power of the length. */
static void
metadata__patterns_that_cost_too_much(void **state)
{
	static const char *const patterns[] = {"(a+)+$", "^(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$",
	    "(.*)(.*)(.*)(.*)\\\\d"};
	char definition[128], value[] = "{\"F\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}";

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		snprintf(definition, sizeof(definition),
		    "[{\"name\":\"F\",\"type\":1,\"regex\":\"%s\"}]", patterns[i]);
		expect(definition, value, NULL, "takes too long");
	}
}

#define TWO \
	"[{\"name\":\"Dept\",\"type\":1},{\"name\":\"Cost-Center\",\"type\":2,\"required\":true," \
	"\"default\":\"7\"}]"

static void
metadata__lists_of_every_shape(void **state)
{
	(void)state;
	expect(TWO, NULL, NULL, "{\"Cost-Center\":7}");
	expect(TWO, "null", NULL, "{\"Cost-Center\":7}");
	expect(TWO, "{}", NULL, "{\"Cost-Center\":7}");
	expect(TWO, "[]", NULL, "{\"Cost-Center\":7}");
	expect(TWO, "{\" dept \":\"a\",\"COST-CENTER\":\"3\"}", NULL,
	    "{\"Dept\":\"a\",\"Cost-Center\":3}");
	expect(TWO, "[{\"value\":\"a\",\"metadatafieldtypename\":\"dept\",\"Extra\":1}]", NULL,
	    "{\"Dept\":\"a\",\"Cost-Center\":7}");
	expect(TWO, "{\"Dept\":\"\",\"Cost-Center\":null}", NULL, "{\"Cost-Center\":7}");
}

static void
metadata__lists_that_are_refused(void **state)
{
	(void)state;
	expect(TWO, "{\"Colour\":\"red\"}", NULL, "\"Colour\" is not defined");
	expect(TWO, "{\"\":\"red\"}", NULL, "is not defined");
	expect(TWO, "{\"Dept\":\"a\",\"dept\":\"b\"}", NULL, "\"Dept\" is given twice");
	expect(TWO,
	    "[{\"MetadataFieldTypeName\":\"Dept\",\"Value\":1},"
	    "{\"MetadataFieldTypeName\":\"DEPT\",\"Value\":2}]",
	    NULL, "given twice");
	expect(TWO, "[{\"Value\":\"x\"}]", NULL, "[0] has no MetadataFieldTypeName");
	expect(TWO, "[\"x\"]", NULL, "[0] has no MetadataFieldTypeName");
	expect(TWO, "[{\"MetadataFieldTypeName\":\"Dept\",\"Value\":1,\"value\":2}]", NULL,
	    "member twice");
	expect(TWO, "\"x\"", NULL, "neither object nor array");
	expect(TWO, "5", NULL, "neither object nor array");
}

static void
metadata__required_by_field_and_by_template(void **state)
{
	const char *must =
	    "[{\"name\":\"A\",\"type\":1,\"required\":true},{\"name\":\"B\",\"type\":1}]";

	(void)state;
	expect(must, "{}", NULL, "\"A\" is required");
	expect(must, "{\"A\":\" \"}", NULL, "\"A\" is required");
	expect(must, "{\"A\":\"1\"}", NULL, "{\"A\":\"1\"}");
	expect(must, "{\"A\":\"1\"}", "[\"b\"]", "\"B\" is required");
	expect(must, "{\"A\":\"1\",\"B\":2}", "[\"b\"]", "{\"A\":\"1\",\"B\":\"2\"}");
	expect(must, "{\"A\":\"1\"}", "[\"Ghost\"]", "\"Ghost\", which is not defined");
}

static void
metadata__too_many_elements(void **state)
{
	char list[4096] = "[", *p = list + 1;

	(void)state;
	for (int i = 0; i < 129; i++)
		p += sprintf(p, "%s{}", i > 0 ? "," : "");
	strcpy(p, "]");
	expect(TWO, list, NULL, "more than 128");
}

static void
metadata__definitions_that_are_refused(void **state)
{
	static const struct {
		const char *definition, *message;
	} c[] = {
	    {"[]", "no object"},
	    {"{\"type\":1}", "name: missing"},
	    {"{\"name\":\"a b\",\"type\":1}", "name: only"},
	    {"{\"name\":\"a\"}", "type: "},
	    {"{\"name\":\"a\",\"type\":0}", "type: "},
	    {"{\"name\":\"a\",\"type\":8}", "type: "},
	    {"{\"name\":\"a\",\"type\":1,\"required\":1}", "required: "},
	    {"{\"name\":\"a\",\"type\":1,\"regex\":\"ab(\"}", "regex: at byte 3: missing closing"},
	    {"{\"name\":\"a\",\"type\":1,\"regex\":\"a)(b\"}", "regex: at byte 1: unmatched"},
	    {"{\"name\":\"a\",\"type\":1,\"regex\":\"((a{100}){100}){100}\"}", "too large"},
	    {"{\"name\":\"a\",\"type\":1,\"regex\":\"a++++\"}", "regex: at byte 3"},
	    {"{\"name\":\"a\",\"type\":1,\"regex\":\"\\\\Qa\"}", "regex: at byte"},
	    {"{\"name\":\"a\",\"type\":1,\"regex\":\"(*LIMIT_MATCH=9)a\"}", "VERB"},
	    {"{\"name\":\"a\",\"type\":1,\"regex\":\"\\\\C\"}", "\\C is disabled"},
	    {"{\"name\":\"a\",\"type\":2,\"regex\":\"1\"}", "regex: only"},
	    {"{\"name\":\"a\",\"type\":5}", "options: missing"},
	    {"{\"name\":\"a\",\"type\":5,\"options\":[]}", "options: missing"},
	    {"{\"name\":\"a\",\"type\":5,\"options\":[1]}", "options[0]"},
	    {"{\"name\":\"a\",\"type\":5,\"options\":\"x,y\"}", "options: not an array"},
	    {"{\"name\":\"a\",\"type\":1,\"options\":[\"x\"]}", "options: only"},
	    {"{\"name\":\"a\",\"type\":2,\"default\":\"x\"}", "default: "},
	    {"{\"name\":\"a\",\"type\":1,\"default\":[]}", "default: not a string"},
	    {"{\"name\":\"a\",\"type\":\"Text\"}", "type: not a number from 1 to 7, or a word"},
	    {"{\"name\":\"a\",\"type\":1,\"allow_api\":1}", "allow_api: not a boolean"},
	    {"{\"name\":\"a\",\"type\":1,\"explicit_update\":\"yes\"}",
		"explicit_update: not a boolean"},
	    {"{\"name\":\"a\",\"type\":1,\"display_order\":-1}", "display_order: not a number"},
	    {"{\"name\":\"a\",\"type\":1,\"display_order\":1000001}",
		"display_order: not a number"},
	    {"{\"name\":\"a\",\"type\":1,\"description\":7}", "description: not a string"},
	    {"{\"name\":\"a\",\"type\":1,\"requried\":true}", "requried: unknown"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		gh_json *j = parse(c[i].definition);
		struct metadata_field f;
		struct gh_error err;

		if (metadata_field_load(j, &f, &err) != GH_E_METADATA ||
		    strstr(err.message, c[i].message) == NULL)
			fail_msg("%s: %s", c[i].definition, err.message);
		gh_json_free(j);
	}
}

/* Row and view are definitions again; a row has what came later only where it says something. */
static void
metadata__definitions_that_are_taken(void **state)
{
	static const struct {
		const char *definition, *row, *view;
	} c[] = {
	    {"{\"name\":\"a\",\"type\":\"integer\",\"default\":5}",
		"{\"name\":\"a\",\"type\":2,\"required\":false,\"regex\":null,\"options\":[],\"default\":\"5\","
		"\"message\":null,\"hint\":null}",
		"{\"name\":\"a\",\"type\":\"Integer\",\"required\":false,\"regex\":null,\"options\":[],"
		"\"default\":\"5\",\"message\":null,\"hint\":null,\"description\":null,\"display_order\":0,"
		"\"allow_api\":true,\"explicit_update\":false,\"owner_sets\":false,\"indexed\":false}"},
	    {"{\"name\":\"b\",\"type\":5,\"options\":[\"x\"],\"required\":true,\"description\":\"d\","
	     "\"display_order\":3,\"allow_api\":false,\"explicit_update\":true,\"owner_sets\":true,\"indexed\":true}",
		"{\"name\":\"b\",\"type\":5,\"required\":true,\"regex\":null,\"options\":[\"x\"],\"default\":null,"
		"\"message\":null,\"hint\":null,\"description\":\"d\",\"display_order\":3,\"allow_api\":false,"
		"\"explicit_update\":true,\"owner_sets\":true,\"indexed\":true}",
		"{\"name\":\"b\",\"type\":\"MultipleChoice\",\"required\":true,\"regex\":null,"
		"\"options\":[\"x\"],\"default\":null,\"message\":null,\"hint\":null,\"description\":\"d\","
		"\"display_order\":3,\"allow_api\":false,\"explicit_update\":true,\"owner_sets\":true,"
		"\"indexed\":true}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		gh_json *from = parse(c[i].definition);

		for (int round = 0; round < 3; round++) {
			struct metadata_field f;
			struct gh_error err;
			gh_json *row, *view;
			char *text;

			assert_int_equal(metadata_field_load(from, &f, &err), 0);
			gh_json_free(from);
			row = metadata_field_row(&f);
			view = metadata_field_view(&f);
			text = gh_json_print(row, false);
			assert_string_equal(text, c[i].row);
			free(text);
			text = gh_json_print(view, false);
			assert_string_equal(text, c[i].view);
			free(text);
			metadata_field_clear(&f);
			gh_json_free(round == 0 ? view : row);
			from = round == 0 ? row : view;
		}
		gh_json_free(from);
	}
}

static void
metadata__fields_have_an_order(void **state)
{
	struct metadata_field f[] = {{.name = (char *)"zeta"},
	    {.name = (char *)"Beta", .display_order = 2},
	    {.name = (char *)"alpha", .display_order = 2},
	    {.name = (char *)"gamma", .display_order = 1}};

	(void)state;
	metadata_fields_sort(f, 4);
	assert_string_equal(f[0].name, "zeta");
	assert_string_equal(f[1].name, "gamma");
	assert_string_equal(f[2].name, "Beta");
	assert_string_equal(f[3].name, "alpha");
	assert_ptr_equal(metadata_field_find(f, 4, "GAMMA"), &f[1]);
	assert_null(metadata_field_find(f, 4, "gam"));
}

/* Values after issue: what they become, with what is told of it; or the refusal. */
static void
metadata__change(void **state)
{
	static const char definitions[] =
	    "[{\"name\":\"Dept\",\"type\":1,\"owner_sets\":true},"
	    "{\"name\":\"Cost\",\"type\":2,\"required\":true,\"default\":\"7\"},"
	    "{\"name\":\"Day\",\"type\":3,\"explicit_update\":true},"
	    "{\"name\":\"Inner\",\"type\":4,\"allow_api\":false,\"owner_sets\":true}]";
	static const struct {
		const char *who; /* o officer, u user; r replaces, x overwrites */
		const char *old, *values, *after;
	} c[] = {
	    {"o", "{}", "{\"dept\":\"IT\"}",
		"{\"Dept\":\"IT\"} [{\"field\":\"Dept\",\"old\":null,\"new\":\"IT\"}]"},
	    {"o", "{\"Dept\":\"IT\",\"Cost\":1}", "{\"Dept\":\"IT\",\"Cost\":\"1\"}",
		"{\"Dept\":\"IT\",\"Cost\":1} []"},
	    {"o", "{\"Dept\":\"IT\",\"Cost\":1}", "{\"Dept\":null}",
		"{\"Cost\":1} [{\"field\":\"Dept\",\"old\":\"IT\",\"new\":null}]"},
	    {"o", "{\"Dept\":\"IT\"}", "{\"Dept\":\" \",\"Day\":\"\"}",
		"{} [{\"field\":\"Dept\",\"old\":\"IT\",\"new\":null}]"},
	    {"or", "{\"Dept\":\"IT\",\"Cost\":1,\"Gone\":\"x\"}", "{\"Cost\":2}",
		"{\"Cost\":2,\"Gone\":\"x\"} [{\"field\":\"Cost\",\"old\":1,\"new\":2},"
		"{\"field\":\"Dept\",\"old\":\"IT\",\"new\":null}]"},
	    {"or", "{}", "{}", "metadata field \"Cost\" is required"}, /* no default after issue */
	    {"o", "{\"Cost\":1}", "{\"Cost\":\"\"}", "metadata field \"Cost\" is required"},
	    {"o", "{}", "{\"Cost\":null}", "{} []"}, /* one from before it was required */
	    {"o", "{}", "{\"Day\":\"2027-1-2\"}",
		"{\"Day\":\"2027-01-02\"} [{\"field\":\"Day\",\"old\":null,\"new\":\"2027-01-02\"}]"},
	    {"o", "{\"Day\":\"2027-01-02\"}", "{\"Day\":\"2027-01-02\"}",
		"{\"Day\":\"2027-01-02\"} []"},
	    {"o", "{\"Day\":\"2027-01-02\"}", "{\"Day\":\"2027-01-03\"}",
		"metadata field \"Day\" has a value, which is overwritten only where the call says so"},
	    {"o", "{\"Day\":\"2027-01-02\"}", "{\"Day\":null}",
		"metadata field \"Day\" has a value, which is overwritten only where the call says so"},
	    {"or", "{\"Day\":\"2027-01-02\",\"Cost\":1}", "{\"Cost\":1}",
		"metadata field \"Day\" has a value, which is overwritten only where the call says so"},
	    {"orx", "{\"Day\":\"2027-01-02\",\"Cost\":1}", "{\"Cost\":1}",
		"{\"Cost\":1} [{\"field\":\"Day\",\"old\":\"2027-01-02\",\"new\":null}]"},
	    {"u", "{}", "{\"Dept\":\"HR\"}",
		"{\"Dept\":\"HR\"} [{\"field\":\"Dept\",\"old\":null,\"new\":\"HR\"}]"},
	    {"u", "{\"Cost\":1}", "{\"Cost\":1,\"Inner\":\"\",\"Dept\":\"HR\"}",
		"{\"Cost\":1,\"Dept\":\"HR\"} [{\"field\":\"Dept\",\"old\":null,\"new\":\"HR\"}]"}, /* as clients send all */
	    {"u", "{\"Cost\":1}", "{\"Cost\":null}",
		"Only an officer may change the metadata field Cost."},
	    {"u", "{}", "{\"Cost\":1}", "Only an officer may change the metadata field Cost."},
	    {"u", "{}", "{\"Inner\":true}", "Only an officer may change the metadata field Inner."},
	    {"ur", "{\"Dept\":\"IT\",\"Cost\":1,\"Inner\":true}", "{}",
		"{\"Cost\":1,\"Inner\":true} [{\"field\":\"Dept\",\"old\":\"IT\",\"new\":null}]"},
	    {"o", "{}", "{\"Inner\":\"yes\"}",
		"metadata field \"Inner\": value is neither true nor false"},
	    {"o", "{}", "{\"Nope\":1}", "metadata field \"Nope\" is not defined"},
	    {"o", "{}", "{\"Dept\":\"a\",\"DEPT\":\"b\"}",
		"metadata field \"Dept\" is given twice"},
	    {"o", "{}", "{\"Dept\":[]}", "metadata field \"Dept\": value is an array or object"},
	    {"o", "{}", "{\"Dept\":\"a\\u0007\"}",
		"metadata field \"Dept\": value has a control character"},
	    {"o", "{}", "[]", "Metadata is no object but array"},
	};
	gh_json *defs = parse(definitions);
	struct metadata_field f[FIELDS_MAX];
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < gh_json_size(defs); i++)
		assert_int_equal(metadata_field_load(gh_json_at(defs, i), &f[i], &err), 0);
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		const struct metadata_change m = {.field = f,
		    .fields = gh_json_size(defs),
		    .is_officer = c[i].who[0] == 'o',
		    .replaces = strchr(c[i].who, 'r') != NULL,
		    .overwrites = strchr(c[i].who, 'x') != NULL};
		gh_json *old = parse(c[i].old), *values = parse(c[i].values), *out, *changes;
		char text[1000];

		if (metadata_change(&m, old, values, &out, &changes, &err) == 0) {
			char *a = gh_json_print(out, false), *b = gh_json_print(changes, false);

			snprintf(text, sizeof(text), "%s %s", a, b);
			free(a);
			free(b);
		} else {
			assert_null(out);
			assert_null(changes);
			snprintf(text, sizeof(text), "%s", err.message);
		}
		assert_string_equal(text, c[i].after);
		gh_json_free(old);
		gh_json_free(values);
		gh_json_free(out);
		gh_json_free(changes);
	}
	for (size_t i = 0; i < gh_json_size(defs); i++)
		metadata_field_clear(&f[i]);
	gh_json_free(defs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(metadata__string_takes_any_scalar),
	    cmocka_unit_test(metadata__integer),
	    cmocka_unit_test(metadata__date),
	    cmocka_unit_test(metadata__boolean),
	    cmocka_unit_test(metadata__choice_is_written_as_defined),
	    cmocka_unit_test(metadata__big_text_keeps_lines),
	    cmocka_unit_test(metadata__email),
	    cmocka_unit_test(metadata__lengths_are_bounded),
	    cmocka_unit_test(metadata__regex_with_its_message),
	    cmocka_unit_test(metadata__patterns_that_call_themselves),
	    cmocka_unit_test(metadata__patterns_like_those_of_keyfactor),
	    cmocka_unit_test(metadata__patterns_that_cost_too_much),
	    cmocka_unit_test(metadata__lists_of_every_shape),
	    cmocka_unit_test(metadata__lists_that_are_refused),
	    cmocka_unit_test(metadata__required_by_field_and_by_template),
	    cmocka_unit_test(metadata__too_many_elements),
	    cmocka_unit_test(metadata__definitions_that_are_refused),
	    cmocka_unit_test(metadata__definitions_that_are_taken),
	    cmocka_unit_test(metadata__fields_have_an_order),
	    cmocka_unit_test(metadata__change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
