/* Who is recorded, and whom four eyes see. Users that every Debian has: root 0, daemon 1, bin 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "person.h"

static void
person__login_uid_then_sudo_then_the_user(void **state)
{
	static const struct {
		uid_t uid;
		const char *login_uid, *sudo_user, *sudo_uid, *want;
	} rows[] = {
	    /* nobody but the user himself */
	    {1, "4294967295", NULL, NULL, "daemon@gw"},
	    {1, NULL, NULL, NULL, "daemon@gw"},
	    {0, "4294967295\n", NULL, NULL, "root@gw"},
	    {12345678, NULL, NULL, NULL, "uid12345678@gw"},
	    /* the log-in counts, whatever the environment says */
	    {0, "1\n", NULL, NULL, "daemon@gw as root"},
	    {0, "1", "bin", "2", "daemon@gw as root"},
	    {2, "1", NULL, NULL, "daemon@gw as bin"},
	    {1, "1", "bin", "2", "daemon@gw"},
	    {0, "0", "bin", "2", "root@gw"},
	    /* sudo where there is no login uid: for root alone */
	    {0, "4294967295", "daemon", "1", "daemon@gw as root"},
	    {0, NULL, "daemon", "1", "daemon@gw as root"},
	    {2, "4294967295", "daemon", "1", "bin@gw"},
	    /* half a word, or two that do not fit */
	    {0, NULL, "daemon", NULL, "root@gw"},
	    {0, NULL, NULL, "1", "root@gw"},
	    {0, NULL, "daemon", "2", "root@gw"},
	    {0, NULL, "no-such-user", "1", "root@gw"},
	    {0, NULL, "daemon", "1x", "root@gw"},
	    {0, NULL, "daemon", "-1", "root@gw"},
	    {0, NULL, "daemon", "", "root@gw"},
	    {0, "x", "daemon", "99999999999999999999", "root@gw"},
	};
	char name[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct person_facts f = {rows[i].uid, rows[i].login_uid, rows[i].sudo_user,
		    rows[i].sudo_uid};

		person_name(&f, "gw", name, sizeof(name));
		assert_string_equal(name, rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(person__login_uid_then_sudo_then_the_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
