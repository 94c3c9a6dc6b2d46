/* Who sees which certificates: rules and groups to a view, and a view to SQL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/metadata.h"
#include "dir_entry.h"
#include "inventory/cert_sight.h"
#include "store/store_private.h"

#define SQL_MAX 65536

static struct metadata_field fields[] = {
    {.name = (char *)"Department", .type = METADATA_STRING},
    {.name = (char *)"Floor", .type = METADATA_INTEGER},
};
static struct gh_error err;

/* name, group, and what it goes by */
static gh_json *
rule(const char *group, const char *member, const char *value)
{
	gh_json *o = gh_json_new_object();

	assert_int_equal(gh_json_set_string(o, "name", "r") | gh_json_set_string(o, "group", group),
	    0);
	if (strncmp(member, "field:", 6) == 0) {
		assert_int_equal(gh_json_set_string(o, "field", member + 6), 0);
		member = "value";
	}
	assert_int_equal(gh_json_set_string(o, member, value), 0);
	return o;
}

static struct requester
alice(void)
{
	return (struct requester){.kind = REQUESTER_DIRECTORY, .name = "alice", .has_groups = true};
}

static struct dir_entry *
member(void)
{
	struct dir_entry *e = dir_entry_new();

	assert_non_null(e);
	assert_int_equal(dir_entry_add_group(e, "cn=in,dc=example,dc=test", "in", NULL), 0);
	return e;
}

/* "SQL", where "#" stands for every parameter. */
static char *
told(const struct cert_view *v)
{
	struct store_params p = {0};
	struct gh_buf b;
	char *out, *to;

	gh_buf_init(&b, SQL_MAX);
	cert_view_put(&b, &p, v);
	assert_false(b.failed || p.failed);
	assert_non_null(out = to = calloc(1, b.len + 1));
	for (const char *at = b.len > 0 ? (const char *)b.data : ""; *at != '\0';)
		if (*at == '$') {
			*to++ = '#';
			at += 1 + strspn(at + 1, "0123456789");
		} else {
			*to++ = *at++;
		}
	store_params_clear(&p);
	gh_buf_free(&b);
	return out;
}

#define OWN \
	"lower(requester) = lower(#) AND EXISTS (SELECT FROM request r WHERE r.id = certificate.request_id AND lower(r.requester) = lower(#) AND r.requester_kind = #::int AND CASE " \
	"WHEN r.requester_id <> '' AND #::text <> '' THEN lower(r.requester_id) = lower(#) " \
	"ELSE r.requester_dn = '' OR #::text = '' OR lower(r.requester_dn) = lower(#) END)"

static void
view__table(void **state)
{
	static const struct {
		const char *group, *member, *value, *shown; /* shown NULL: no more than his own */
	} rows[] = {
	    {"in", "template", "Web", "(lower(template) = lower((#::text[])[1]))"},
	    {"in", "ca", "plant",
		"(lower((SELECT ca.name FROM ca WHERE ca.id = ca_id)) = lower((#::text[])[1]))"},
	    {"in", "field:Department", "IT\" OR Id -ge \"0",
		"(lower((metadata->>(#::text[])[1])) = lower((#::text[])[2]))"},
	    {"in", "field:Floor", "5",
		"(CASE WHEN jsonb_typeof(metadata->(#::text[])[1]) = 'number' THEN (metadata->>(#::text[])[1])::numeric END = (#::text[])[2]::bigint)"},
	    {"in", "field:Floor", "five", NULL},
	    {"in", "field:Gone", "x", NULL},
	    {"in", "field:Department -ne 1 OR Department", "x", NULL},
	    {"out", "template", "Web", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct catalog c = {.field = fields, .fields = 2};
		gh_json *list = gh_json_new_array();
		struct dir_entry *e = member();
		struct requester who = alice();
		struct cert_view v;
		char expected[SQL_MAX], *sql;

		assert_int_equal(gh_json_append(list,
				     rule(rows[i].group, rows[i].member, rows[i].value)),
		    0);
		assert_int_equal(view_rules_load(list, &c.views, &err), 0);
		assert_int_equal(cert_sight(&c, &who, e, &v, &err), 0);
		if (rows[i].shown != NULL)
			snprintf(expected, sizeof(expected), " AND (" OWN " OR %s)", rows[i].shown);
		else
			snprintf(expected, sizeof(expected), " AND " OWN);
		sql = told(&v);
		assert_string_equal(sql, expected);
		assert_int_equal(cert_view_is_narrow(&v),
		    rows[i].shown == NULL || strcmp(rows[i].member, "template") == 0);
		free(sql);
		cert_view_clear(&v);
		view_rules_clear(&c.views);
		gh_json_free(list);
		dir_entry_free(e);
	}
}

/* ---- who has rules ---- */

/* Rules of the group "in": by the values v0, v1, ... */
static void
load_rules(struct catalog *c, int n)
{
	gh_json *list = gh_json_new_array();
	char value[16];

	*c = (struct catalog){.field = fields, .fields = 2};
	for (int i = 0; i < n; i++) {
		snprintf(value, sizeof(value), "v%d", i);
		assert_int_equal(gh_json_append(list, rule("in", "field:Department", value)), 0);
	}
	assert_int_equal(view_rules_load(list, &c->views, &err), 0);
	gh_json_free(list);
}

static void
callers__who_has_no_groups_sees_his_own(void **state)
{
	struct requester who = alice();
	struct dir_entry *e = member();
	struct catalog c;
	struct cert_view v;

	(void)state;
	load_rules(&c, 1);
	assert_int_equal(cert_sight(&c, &who, NULL, &v, &err), 0);
	assert_true(!v.is_all && v.reach == NULL);
	who.has_groups = false; /* an application speaks for him */
	assert_int_equal(cert_sight(&c, &who, e, &v, &err), 0);
	assert_true(!v.is_all && v.reach == NULL);
	who = alice();
	who.roles = REQUESTER_ROLE_AGENT; /* has to do with keys, and is in the group */
	assert_int_equal(cert_sight(&c, &who, e, &v, &err), 0);
	assert_true(!v.is_all && v.reach != NULL);
	cert_view_clear(&v);
	who.roles = REQUESTER_ROLE_AUDITOR;
	assert_int_equal(cert_sight(&c, &who, e, &v, &err), 0);
	assert_true(v.is_all && v.reach == NULL);
	dir_entry_free(e);
	view_rules_clear(&c.views);
}

static int
values_in(const char *sql)
{
	int n = 0;

	while ((sql = strstr(sql, "metadata->>")) != NULL)
		sql++, n++;
	return n;
}

static void
callers__no_more_than_count(void **state)
{
	struct requester who = alice();
	struct dir_entry *e = member();
	struct catalog c;
	struct cert_view v;
	char *sql;

	(void)state;
	load_rules(&c, VIEW_RULES_MAX_GROUP + 3);
	assert_int_equal(cert_sight(&c, &who, e, &v, &err), 0);
	sql = told(&v);
	assert_int_equal(values_in(sql), VIEW_RULES_MAX_GROUP);
	free(sql);
	cert_view_clear(&v);
	dir_entry_free(e);
	view_rules_clear(&c.views);
}

/* ---- rules that cannot be ---- */

static void
rules__exactly_one_thing(void **state)
{
	static const char *const bad[] = {"{\"name\":\"a\",\"group\":\"g\"}",
	    "{\"name\":\"a\",\"group\":\"g\",\"template\":\"t\",\"ca\":\"c\"}",
	    "{\"name\":\"a\",\"group\":\"g\",\"field\":\"f\"}",
	    "{\"name\":\"a\",\"group\":\"g\",\"value\":\"v\",\"template\":\"t\"}",
	    "{\"name\":\"a\",\"template\":\"t\"}", "{\"group\":\"g\",\"template\":\"t\"}",
	    "{\"name\":\"a\",\"group\":\"\",\"template\":\"t\"}",
	    "{\"name\":\"a\",\"group\":\"g\",\"template\":\"t\\u0001\"}",
	    "{\"name\":\"a\",\"group\":\"g\",\"field\":\"f g\",\"value\":\"v\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		gh_json *row;
		struct view_rule r;

		assert_int_equal(gh_json_parse(bad[i], strlen(bad[i]), GH_JSON_STRICT, &row, &err),
		    0);
		if (view_rule_load(row, &r, &err) != GH_E_CONF)
			fail_msg("%s was taken", bad[i]);
		assert_null(r.query);
		gh_json_free(row);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(view__table),
	    cmocka_unit_test(callers__who_has_no_groups_sees_his_own),
	    cmocka_unit_test(callers__no_more_than_count),
	    cmocka_unit_test(rules__exactly_one_thing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
