/* Who is the same as whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "requester.h"

#define A(k, n, d, i) \
	{ \
		.kind = REQUESTER_##k, .name = n, .dn = d, .id = i \
	}

static const struct row {
	struct requester a, b;
	bool is_same;
} rows[] = {
    /* ids decide, whatever else is the same or not */
    {A(DIRECTORY, "alice", "cn=alice", "1"), A(DIRECTORY, "alice", "cn=alice", "1"), true},
    {A(DIRECTORY, "alice", "cn=alice", "a1"), A(DIRECTORY, "married", "cn=married,ou=b", "A1"),
	true},
    {A(DIRECTORY, "alice", "cn=alice", "1"), A(DIRECTORY, "alice", "cn=alice", "2"), false},
    /* one of them is not known: name and DN */
    {A(DIRECTORY, "alice", "cn=alice", ""), A(DIRECTORY, "ALICE", "CN=Alice", "1"), true},
    {A(DIRECTORY, "alice", "cn=alice", ""), A(DIRECTORY, "alice", "cn=alice,ou=b", ""), false},
    {A(DIRECTORY, "alice", "", ""), A(DIRECTORY, "alice", "cn=alice", ""), true},
    {A(DIRECTORY, "alice", "cn=alice", ""), A(DIRECTORY, "bob", "cn=alice", ""), false},
    {A(DIRECTORY, "", "", ""), A(DIRECTORY, "", "", ""), false},
    /* a local administrator is no directory user, nobody is nobody */
    {A(ADMIN, "alice", "", ""), A(DIRECTORY, "alice", "", ""), false},
    {A(ADMIN, "alice", "", ""), A(ADMIN, "Alice", "", ""), true},
    {A(NONE, "alice", "", "1"), A(NONE, "alice", "", "1"), false},
};

static void
requester__same_or_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (requester_is_same(&rows[i].a, &rows[i].b) != rows[i].is_same ||
		    requester_is_same(&rows[i].b, &rows[i].a) != rows[i].is_same)
			fail_msg("row %zu", i);
	}
}

static void
requester__perhaps_one_person(void **state)
{
	static const struct row two[] = {
	    /* as whom he logs in, says nothing */
	    {A(ADMIN, "alice", "", ""), A(DIRECTORY, "EXAMPLE\\Alice", "cn=alice", "1"), true},
	    {A(DIRECTORY, "alice@example.com", "", "1"), A(DIRECTORY, "EXAMPLE\\alice", "", "2"),
		true},
	    {A(DIRECTORY, "a", "cn=alice", "1"), A(DIRECTORY, "b", "CN=Alice", ""), true},
	    {A(DIRECTORY, "a", "cn=a", "1"), A(DIRECTORY, "b", "cn=b", "1"), true},
	    {A(ADMIN, "alice", "", ""), A(DIRECTORY, "EXAMPLE\\alicia", "cn=alicia", "1"), false},
	    {A(ADMIN, "alice", "", ""), A(ADMIN, "bob", "", ""), false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++) {
		if (requester_may_be_same(&two[i].a, &two[i].b) != two[i].is_same ||
		    requester_may_be_same(&two[i].b, &two[i].a) != two[i].is_same)
			fail_msg("row %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(requester__same_or_not),
	    cmocka_unit_test(requester__perhaps_one_person)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
