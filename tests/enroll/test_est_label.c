/* Labels of EST: what one may be called and told, and how they are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/est_label.h"

static struct gh_error err;

static gh_json *
parse(const char *text)
{
	gh_json *v;

	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &v, &err), 0);
	return v;
}

static int
load(const char *name, const char *settings, struct est_label *out)
{
	char text[512];
	gh_json *row;
	int rc;

	snprintf(text, sizeof(text), "{\"id\":7,\"name\":\"%s\",\"enabled\":true,\"settings\":%s}",
	    name, settings);
	row = parse(text);
	rc = est_label_load(row, out, &err);
	gh_json_free(row);
	return rc;
}

static void
label__what_it_is_told(void **state)
{
	struct est_label l;

	(void)state;
	assert_int_equal(load("phones", "{\"template\":\"Phone\"}", &l), 0);
	assert_int_equal(l.id, 7);
	assert_true(l.is_enabled && l.profile.admits_without_entry);
	assert_string_equal(l.profile.name, "label phones");
	assert_string_equal(l.profile.templates[0], "Phone");
	assert_null(l.profile.templates[1]);
	assert_int_equal(l.profile.ca_by, PROFILE_CA_BY_RULE);
	assert_null(l.profile.groups);
	assert_int_equal(l.auth, EST_AUTH_CERT);
	assert_int_equal(l.wrap, EST_WRAP_AUTO);
	est_label_clear(&l);
	assert_int_equal(
	    load("a:1.B@-_",
		"{\"template\":\"T\",\"ca\":\"issuing\",\"groups\":[\"g\",\"h\"],"
		"\"auth\":\"both\",\"wrap\":\"none\",\"renewal_key\":\"new\",\"renewal_days\":\"30\"}",
		&l),
	    0);
	assert_string_equal(l.profile.ca_name, "issuing");
	assert_int_equal(l.profile.ca_by, PROFILE_CA_NAMED);
	assert_string_equal(l.profile.groups[1], "h");
	assert_int_equal(l.auth, EST_AUTH_BOTH);
	assert_int_equal(l.wrap, EST_WRAP_NONE);
	assert_int_equal(l.renewal_key, EST_RENEWAL_NEW_KEY);
	assert_int_equal(l.renewal_window, 30 * 86400);
	est_label_clear(&l);
}

static void
label__E086_E108_renewals_and_keys(void **state)
{
	struct est_label l;

	(void)state;
	assert_int_equal(load("x", "{\"template\":\"T\"}", &l), 0);
	assert_false(l.renews_once);
	assert_int_equal(l.keys_per_hour, 0); /* as always */
	est_label_clear(&l);
	assert_int_equal(
	    load("x", "{\"template\":\"T\",\"renewals\":\"once\",\"keys_per_hour\":\"100000\"}",
		&l),
	    0);
	assert_true(l.renews_once);
	assert_int_equal(l.keys_per_hour, 100000);
	est_label_clear(&l);
	assert_int_equal(load("x", "{\"template\":\"T\",\"renewals\":\"twice\"}", &l), GH_E_CONF);
	assert_int_equal(load("x", "{\"template\":\"T\",\"keys_per_hour\":\"0\"}", &l), GH_E_CONF);
	assert_int_equal(load("x", "{\"template\":\"T\",\"keys_per_hour\":\"100001\"}", &l),
	    GH_E_CONF);
	assert_int_equal(load("x", "{\"template\":\"T\",\"keys_per_hour\":\"many\"}", &l),
	    GH_E_CONF);
}

static void
label__what_cannot_be(void **state)
{
	static const struct {
		const char *name, *settings;
	} rows[] = {
	    {"x", "{}"},
	    {"x", "[]"},
	    {"x", "null"},
	    {"x", "{\"template\":\"\"}"},
	    {"x", "{\"template\":null}"},
	    {"x", "{\"template\":5}"},
	    {"x", "{\"template\":\"T\",\"auth\":\"none\"}"},
	    {"x", "{\"template\":\"T\",\"auth\":\"\"}"},
	    {"x", "{\"template\":\"T\",\"auth\":0}"},
	    {"x", "{\"template\":\"T\",\"groups\":\"g\"}"},
	    {"x", "{\"template\":\"T\",\"groups\":[\"\"]}"},
	    {"x", "{\"template\":\"T\",\"later\":true}"}, /* of a newer version: it may forbid */
	    {"x", "{\"template\":\"T\",\"renewal_days\":-1}"},
	    {"x", "{\"template\":\"T\",\"renewal_days\":\"1d\"}"},
	    {"x", "{\"template\":\"T\",\"renewal_days\":36501}"},
	    {"x", "{\"template\":\"T\",\"renewal_key\":\"old\"}"},
	    {"x", "{\"template\":\"T\",\"certificates_of\":\"a/b\"}"},
	    {"x", "{\"template\":\"T\",\"certificates_of\":[\"a\"]}"},
	    {"any", "{\"template\":\"T\"}"},
	    {"People", "{\"template\":\"T\"}"},
	    {"cacerts", "{\"template\":\"T\"}"},
	    {"FullCMC", "{\"template\":\"T\"}"},
	    {"return", "{\"template\":\"T\"}"},
	    {"..", "{\"template\":\"T\"}"},
	    {"a/b", "{\"template\":\"T\"}"},
	    {"a b", "{\"template\":\"T\"}"},
	};
	struct est_label l;
	char name[EST_LABEL_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(load(rows[i].name, rows[i].settings, &l), GH_E_CONF);
		assert_null(l.name);
	}
	memset(name, 'x', sizeof(name));
	name[EST_LABEL_MAX + 1] = '\0';
	assert_int_equal(load(name, "{\"template\":\"T\"}", &l), GH_E_CONF);
	name[EST_LABEL_MAX] = '\0';
	assert_int_equal(load(name, "{\"template\":\"T\"}", &l), 0);
	est_label_clear(&l);
}

static void
label__values_that_people_write(void **state)
{
	gh_json *v;

	(void)state;
	assert_int_equal(est_label_value("auth", "either", &v, &err), 0);
	assert_string_equal(gh_json_string(v), "either");
	gh_json_free(v);
	assert_int_equal(est_label_value("ca", "", &v, &err), 0);
	assert_int_equal(gh_json_type(v), GH_JSON_NULL);
	gh_json_free(v);
	assert_int_equal(est_label_value("auth", "any", &v, &err), GH_E_CONF);
	assert_null(v);
	assert_string_equal(err.message, "auth of a label is one of cert, http, either, both");
	assert_int_equal(est_label_value("nothing", "x", &v, &err), GH_E_CONF);
	assert_null(v);
}

static void
label__E089_whose_certificates_log_in(void **state)
{
	static const struct {
		const char *of; /* the setting; NULL: none */
		const char *label;
		enum requester_kind kind;
		bool is_sealed, takes;
	} rows[] = {
	    {NULL, "phones", REQUESTER_DEVICE, true, true},
	    {NULL, "PHONES", REQUESTER_DIRECTORY, true, true},
	    {NULL, "phones", REQUESTER_DEVICE, false, false}, /* changed in the database */
	    {NULL, "phone", REQUESTER_DEVICE, true, false},
	    {NULL, "routers", REQUESTER_DEVICE, true, false},
	    {NULL, "", REQUESTER_DEVICE, true, false},
	    {NULL, "", REQUESTER_DIRECTORY, true, false},
	    {"routers", "routers", REQUESTER_EST_USER, true, true},
	    {"routers", "router", REQUESTER_EST_USER, true, false},
	    {"router", "routers", REQUESTER_EST_USER, true, false},
	    {"tv,Routers", "routers", REQUESTER_EST_USER, true, true},
	    {"routers", "phones", REQUESTER_EST_USER, true, true},
	    {"any", "tv", REQUESTER_DEVICE, true, true},
	    {"any", "", REQUESTER_DEVICE, true, true}, /* from before it was recorded */
	    {"any", "", REQUESTER_EST_USER, true, true},
	    {"any", "tv", REQUESTER_DEVICE, false, false},
	    {"any", "", REQUESTER_DIRECTORY, true, false}, /* by CertEnroll or REST */
	    {"any", "", REQUESTER_ADMIN, true, false},
	    {"people", "", REQUESTER_DIRECTORY, true, true},
	    {"people", "", REQUESTER_DIRECTORY, false, false},
	    {"people", "", REQUESTER_DEVICE, true, false},
	    {"people", "tv", REQUESTER_DIRECTORY, true, false},
	    {"tv,any,people", "", REQUESTER_DIRECTORY, true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct store_own_cert own = {.is_ours = true,
		    .is_requester_sealed = rows[i].is_sealed};
		struct est_label l;
		char settings[128];

		own.requester.kind = rows[i].kind;
		snprintf(own.label, sizeof(own.label), "%s", rows[i].label);
		snprintf(settings, sizeof(settings), "{\"template\":\"T\"%s%s%s}",
		    rows[i].of != NULL ? ",\"certificates_of\":\"" : "",
		    rows[i].of != NULL ? rows[i].of : "", rows[i].of != NULL ? "\"" : "");
		assert_int_equal(load("phones", settings, &l), 0);
		if (est_label_takes_cert(&l, &own) != rows[i].takes)
			fail_msg("row %zu", i);
		est_label_clear(&l);
	}
}

static void
labels__are_found_in_any_case(void **state)
{
	gh_json *rows = parse(
	    "[{\"id\":1,\"name\":\"zeta\",\"enabled\":true,\"settings\":{\"template\":\"T\"}},"
	    "{\"id\":2,\"name\":\"Alpha\",\"enabled\":true,\"settings\":{\"template\":\"T\"}},"
	    "{\"id\":3,\"name\":\"bad\",\"enabled\":true,\"settings\":{}}]");
	struct est_labels l;

	(void)state;
	assert_int_equal(est_labels_load(rows, &l, &err), 0);
	assert_int_equal(l.n, 2);
	assert_int_equal(est_labels_find(&l, "ALPHA")->id, 2);
	assert_int_equal(est_labels_find(&l, "zeta")->id, 1);
	assert_null(est_labels_find(&l, "bad"));
	assert_null(est_labels_find(&l, ""));
	est_labels_clear(&l);
	assert_null(est_labels_find(&l, "zeta"));
	gh_json_free(rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(label__what_it_is_told),
	    cmocka_unit_test(label__E086_E108_renewals_and_keys),
	    cmocka_unit_test(label__what_cannot_be),
	    cmocka_unit_test(label__values_that_people_write),
	    cmocka_unit_test(label__E089_whose_certificates_log_in),
	    cmocka_unit_test(labels__are_found_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
