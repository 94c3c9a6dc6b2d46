/* The token of CertEnroll v1 and v2. */
/* valgrind: what it makes is hashed, signed or encrypted */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encoding.h"

#include "certenroll/ce.h"

#define NOW 1700000000

static const unsigned char secret[32] = {1, 2, 3};
static const unsigned char other_secret[32] = {4, 5, 6};

static struct requester
alice(void)
{
	struct requester r = {.kind = REQUESTER_DIRECTORY, .name = "alice", .app_id = 7};

	return r;
}

static char *
make(const struct requester *who)
{
	struct gh_error err;
	char *token;

	assert_int_equal(ce_token_make(secret, who, NOW + 300, &token, &err), 0);
	return token;
}

static int
check(const char *token, const struct requester *who, int64_t now)
{
	return ce_token_check(secret, token, who, now, NULL);
}

static void
token__is_good_until_it_expires(void **state)
{
	struct requester r = alice();
	char *t = make(&r);

	(void)state;
	assert_int_equal(check(t, &r, NOW), 0);
	assert_int_equal(check(t, &r, NOW + 299), 0);
	assert_int_equal(check(t, &r, NOW + 300), GH_E_TOKEN);
	free(t);
}

static void
token__is_bound_to_user_and_application(void **state)
{
	struct requester r = alice(), bob = alice(), app = alice(), case_differs = alice();
	char *t = make(&r);

	(void)state;
	strcpy(bob.name, "bob");
	app.app_id = 8;
	strcpy(case_differs.name, "Alice");
	assert_int_equal(check(t, &bob, NOW), GH_E_TOKEN);
	assert_int_equal(check(t, &app, NOW), GH_E_TOKEN);
	assert_int_equal(check(t, &case_differs, NOW), 0);
	strcpy(case_differs.dn, "cn=someone");
	assert_int_equal(check(t, &case_differs, NOW), GH_E_TOKEN);
	free(t);
}

static void
token__of_a_dn_holds_for_every_spelling_of_the_name(void **state)
{
	struct requester r = alice(), spelled = alice();
	char *t;

	(void)state;
	strcpy(r.dn, "CN=Alice,DC=example");
	strcpy(spelled.dn, "cn=alice,dc=example");
	strcpy(spelled.name, "alice@example.test");
	t = make(&r);
	assert_int_equal(check(t, &spelled, NOW), 0);
	free(t);
}

/* Somebody else may get name and place of an entry that is gone. */
static void
token__belongs_to_the_entry_not_to_its_name(void **state)
{
	struct requester r = alice(), successor, moved;
	char *t;

	(void)state;
	strcpy(r.dn, "cn=alice,dc=example");
	strcpy(r.id, "00112233-4455-6677-8899-aabbccddeeff");
	successor = moved = r;
	strcpy(successor.id, "11112233-4455-6677-8899-aabbccddeeff");
	strcpy(moved.dn, "cn=alice,ou=new,dc=example");
	t = make(&r);
	assert_int_equal(check(t, &successor, NOW), GH_E_TOKEN);
	assert_int_equal(check(t, &moved, NOW), 0);
	free(t);
}

static void
token__of_another_server_secret(void **state)
{
	struct requester r = alice();
	char *t = make(&r);

	(void)state;
	assert_int_equal(ce_token_check(other_secret, t, &r, NOW, NULL), GH_E_TOKEN);
	free(t);
}

/* Each bit counts, also those of version and expiry. */
static void
token__changed_in_any_byte_is_refused(void **state)
{
	struct requester r = alice();
	unsigned char *raw;
	char *t = make(&r), *changed;
	size_t n;

	(void)state;
	assert_int_equal(gh_base64_decode(t, strlen(t), &raw, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		raw[i] ^= 1;
		changed = gh_base64_encode(raw, n, GH_BASE64_ONE_LINE);
		assert_int_equal(check(changed, &r, NOW), GH_E_TOKEN);
		free(changed);
		raw[i] ^= 1;
	}
	changed = gh_base64_encode(raw, n - 1, GH_BASE64_ONE_LINE);
	assert_int_equal(check(changed, &r, NOW), GH_E_TOKEN);
	free(changed);
	free(raw);
	free(t);
}

static void
token__garbage_is_refused(void **state)
{
	static const char *const bad[] = {NULL, "", "x", "AAAA", "!!!!", "....", "===="};
	struct requester r = alice();
	char long_one[600];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(check(bad[i], &r, NOW), GH_E_TOKEN);
	memset(long_one, 'A', sizeof(long_one));
	long_one[sizeof(long_one) - 1] = '\0';
	assert_int_equal(check(long_one, &r, NOW), GH_E_TOKEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(token__is_good_until_it_expires),
	    cmocka_unit_test(token__is_bound_to_user_and_application),
	    cmocka_unit_test(token__of_a_dn_holds_for_every_spelling_of_the_name),
	    cmocka_unit_test(token__belongs_to_the_entry_not_to_its_name),
	    cmocka_unit_test(token__of_another_server_secret),
	    cmocka_unit_test(token__changed_in_any_byte_is_refused),
	    cmocka_unit_test(token__garbage_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
