/* The list of owners of names: what may stand in it, look-ups among many, and what they cost. */
#include "fixture.h"
#include "name_owners.h"

static const struct {
	enum name_kind kind;
	const char *pattern, *owner, *refused; /* NULL: taken */
} checks[] = {
    {NAME_DNS, "www.example", "group:web", NULL},
    {NAME_DNS, "*.a.example", "group:CN=Web,DC=test", NULL},
    {NAME_DNS, ".corp", "group:S-1-5-21-1-2-3-1500", NULL},
    {NAME_DNS, "*", "group:web", "more than one owner"},
    {NAME_DNS, "a..example", "group:web", "pattern: \"a..example\" is not a DNS name"},
    {NAME_DNS, "m\xc3\xbcnchen.example", "group:web", "A-labels"},
    {NAME_EMAIL, "a@b.example", "user:uid=bob,dc=test", NULL},
    {NAME_EMAIL, "b.example", "user:S-1-5-21-1-2-3-1500", NULL},
    {NAME_EMAIL, "a@", "group:web", "mail address"},
    {NAME_IP, "10.0.0.0/8", "user:1b4e28ba-2fa1-11d2-883f-0016d3cca427", NULL},
    {NAME_IP, "0.0.0.0/0", "group:web", "more than one owner"},
    {NAME_IP, "::/0", "group:web", "more than one owner"},
    {NAME_IP, "::ffff:0.0.0.0/96", "group:web", "more than one owner"},
    {NAME_IP, "10.0.0.1/8", "group:web", "neither an address nor a network"},
    {NAME_URI, "https://a.example/", "group:web", "kind: must be dns, email or ip"},
    {NAME_UPN, "a.example", "group:web", "kind: must be dns, email or ip"},
    {NAME_DNS, "a.example", "web", "owner: must be group:NAME"},
    {NAME_DNS, "a.example", "group:", "owner: must be group:NAME"},
    {NAME_DNS, "a.example", "user:", "owner: must be group:NAME"},
    {NAME_DNS, "a.example", "user:bob", "not by bob"},
    {NAME_DNS, "a.example", "user:bob@test.example", "not by bob@test.example"},
    {NAME_DNS, "a.example", "user:1b4e28ba-2fa1-11d2-883f-0016d3cca42", "not by"},
    {NAME_DNS, "a.example", "group:*", "everybody"},
    {NAME_DNS, "a.example", "group:Domain Users", "everybody"},
    {NAME_DNS, "a.example", "group:S-1-5-11", "everybody"},
    {NAME_DNS, "a.example", "group:a=b=,c", "not a DN"},
    {NAME_DNS, "a.example", "group:a\nb", "control characters"},
};

static void
test_what_may_be_listed(void **state)
{
	char form[NAME_FORM_SIZE];
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct name_owner o = {checks[i].kind, checks[i].pattern, checks[i].owner};
		int rc = name_owner_check(&o, form, &err);

		if ((rc == 0) != (checks[i].refused == NULL))
			fail_msg("row %zu: %d %s", i, rc, rc != 0 ? err.message : "");
		if (rc != 0 && strstr(err.message, checks[i].refused) == NULL)
			fail_msg("row %zu: %s", i, err.message);
		if (rc != 0)
			assert_int_equal(rc, GH_E_VALIDATION);
	}
}

static void
test_forms_of_patterns(void **state)
{
	static const struct {
		enum name_kind kind;
		const char *text, *form;
	} forms[] = {
	    {NAME_DNS, "WWW.Example.", "www.example"},
	    {NAME_DNS, ".Example", ".example"},
	    {NAME_DNS, "*.Example.", "*.example"},
	    {NAME_EMAIL, "Bob@Example.", NULL},
	    {NAME_EMAIL, "Bob@Example", "Bob@example"},
	    {NAME_EMAIL, ".Example", ".example"},
	    {NAME_IP, "2001:DB8:0:0::/32", "2001:db8::/32"},
	    {NAME_IP, "::ffff:10.1.0.0/112", "10.1.0.0/16"},
	    {NAME_IP, "10.1.2.3/32", "10.1.2.3"},
	    {NAME_IP, "::ffff:0:0/95", NULL},
	    {NAME_IP, "010.1.2.3", NULL},
	    {NAME_URI, "HTTPS://A.example/X/", "https://a.example/X/"},
	    {NAME_UPN, "Bob@Example", "bob@example"},
	    {NAME_UPN, "bob@\xc3\xbc", NULL},
	};
	char form[NAME_FORM_SIZE];
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		bool ok = name_form_pattern(forms[i].kind, forms[i].text, form, &why);

		if (ok != (forms[i].form != NULL))
			fail_msg("row %zu", i);
		if (ok)
			assert_string_equal(form, forms[i].form);
	}
}

/* --- many ------------------------------------------------------------------------------------- */

#define MANY NAME_OWNERS_MAX

static struct name_owner list[MANY + 1];
static char text[MANY + 1][80], owner[MANY / 100 + 1][32];

/* Each hundred of the list belongs to one group. */
static void
fill(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i % 100 == 0)
			snprintf(owner[i / 100], sizeof(owner[0]), "group:g%zu", i / 100);
		list[i].owner = owner[i / 100];
		list[i].kind = i % 3 == 0 ? NAME_DNS : i % 3 == 1 ? NAME_EMAIL : NAME_IP;
		if (i % 3 == 2)
			snprintf(text[i], sizeof(text[0]), "10.%zu.%zu.%zu", i >> 16, i >> 8 & 255,
			    i & 255);
		else
			snprintf(text[i], sizeof(text[0]), "%sh%zu.d%zu.example",
			    i % 3 == 0 ? "" : "a@", i, i % 1000);
		list[i].pattern = text[i];
	}
}

static void
test_each_of_many_is_found_by_its_owner_alone(void **state)
{
	struct dir_entry *e = dir_entry_new();
	struct name_owners *o;
	struct gh_error err;
	size_t mine = 0;

	(void)state;
	fill(MANY);
	assert_int_equal(name_owners_new(list, MANY, &o, &err), 0);
	assert_int_equal(dir_entry_add_group(e, "", "g7", ""), 0);
	for (size_t i = 0; i < MANY; i++) {
		const struct name_owner *found =
		    name_owners_find(o, list[i].kind, list[i].pattern, e);

		assert_int_equal(found != NULL, i / 100 == 7);
		if (found != NULL) {
			assert_string_equal(found->pattern, list[i].pattern);
			assert_string_equal(found->owner, "group:g7");
			mine++;
		}
	}
	assert_int_equal(mine, 100);
	assert_null(name_owners_find(NULL, NAME_DNS, "a.example", e));
	assert_null(name_owners_find(o, NAME_DNS, list[700].pattern, NULL));
	dir_entry_free(e);
	name_owners_free(o);
}

static void
test_more_are_refused(void **state)
{
	struct name_owners *o;
	struct gh_error err;

	(void)state;
	fill(MANY);
	list[MANY] = list[0];
	assert_int_equal(name_owners_new(list, MANY + 1, &o, &err), GH_E_VALIDATION);
	assert_null(o);
	assert_int_equal(name_owners_new(NULL, 0, &o, &err), 0);
	name_owners_free(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_may_be_listed),
	    cmocka_unit_test(test_forms_of_patterns),
	    cmocka_unit_test(test_each_of_many_is_found_by_its_owner_alone),
	    cmocka_unit_test(test_more_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
