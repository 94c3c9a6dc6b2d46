/* Every pair of states of a key request, by everybody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/key/key_transition.h"

#define BY(actor) (1u << (actor))

/* Who may take a request from a state (row) to a state (column): pending, approved, complete,
 * rejected, canceled, expired, failed. */
static const unsigned allowed[KEY_STATES][KEY_STATES] = {
    [KEY_PENDING] = {0, BY(KEY_BY_AGENT), 0, BY(KEY_BY_AGENT), BY(KEY_BY_REQUESTER),
	BY(KEY_BY_TIME), 0},
    [KEY_APPROVED] = {0, 0, BY(KEY_BY_REQUESTER), BY(KEY_BY_AGENT), BY(KEY_BY_REQUESTER),
	BY(KEY_BY_TIME), BY(KEY_BY_KRA)},
};

static void
transition__every_pair(void **state)
{
	(void)state;
	for (int from = 0; from < KEY_STATES; from++)
		for (int to = 0; to < KEY_STATES; to++)
			for (int by = 0; by < KEY_ACTORS; by++)
				if (key_transition_is_allowed((enum key_state)from,
					(enum key_state)to,
					(enum key_actor)by) != ((allowed[from][to] & BY(by)) != 0))
					fail_msg("%s to %s by %d", key_state_name(from),
					    key_state_name(to), by);
}

/* What a statement may change is what the table says. */
static void
transition_from__lists_what_is_allowed(void **state)
{
	char *from[KEY_FROM_SIZE];

	(void)state;
	for (int to = 0; to < KEY_STATES; to++)
		for (int by = 0; by < KEY_ACTORS; by++) {
			size_t n = 0;

			key_transition_from((enum key_state)to, (enum key_actor)by, from);
			for (int i = 0; i < KEY_STATES; i++)
				if ((allowed[i][to] & BY(by)) != 0)
					assert_string_equal(from[n++], key_state_name(i));
			assert_null(from[n]);
		}
}

static void
state__name_there_and_back(void **state)
{
	enum key_state s;

	(void)state;
	for (int i = 0; i < KEY_STATES; i++) {
		assert_true(key_state_parse(key_state_name((enum key_state)i), &s));
		assert_int_equal(s, i);
	}
	assert_false(key_state_parse("Pending", &s));
	assert_false(key_state_parse("", &s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(transition__every_pair),
	    cmocka_unit_test(transition_from__lists_what_is_allowed),
	    cmocka_unit_test(state__name_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
