/* Tokens of pages hold for the query, the order and the caller that they were made for. */
/* valgrind: what it makes is signed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inventory/page_token.h"

static const unsigned char secret[32] = {1}, other_secret[32] = {2};
static const struct requester alice = {.kind = REQUESTER_DIRECTORY, .name = "alice", .id = "1"},
			      bob = {.kind = REQUESTER_DIRECTORY, .name = "bob", .id = "2"},
			      admin = {.kind = REQUESTER_ADMIN, .name = "alice", .id = "1"};
static const struct page_token_use use = {.secret = secret,
    .who = &alice,
    .query = "Id -eq 1",
    .sort = CERT_BY_SUBJECT};
static struct gh_error err;

static char *
made(const struct page_token *t)
{
	char *text;

	assert_int_equal(page_token_make(&use, t, &text, &err), 0);
	assert_int_equal(strspn(text,
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
	    strlen(text));
	return text;
}

static void
a_place__comes_back(void **state)
{
	const struct page_token rows[] = {
	    {.backwards = true, .has_place = true, .place = {(char *)"cn=a \xc3\xbc", 12}},
	    {.has_place = true, .place = {NULL, INT64_MAX}},
	    {.has_place = true, .place = {(char *)"", 1}},
	    {.backwards = true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct page_token t;
		char *text = made(&rows[i]);

		assert_int_equal(page_token_read(&use, text, &t, &err), 0);
		assert_int_equal(t.backwards, rows[i].backwards);
		assert_int_equal(t.has_place, rows[i].has_place);
		assert_int_equal(t.place.id, rows[i].place.id);
		assert_int_equal(t.place.key == NULL, rows[i].place.key == NULL);
		if (t.place.key != NULL)
			assert_string_equal(t.place.key, rows[i].place.key);
		page_token_clear(&t);
		free(text);
	}
}

/* Where a page ends there may be a certificate that its reader must not see. */
static void
a_place__is_as_long_as_others(void **state)
{
	char key[70] = "", *none, *full;

	(void)state;
	none = made(&(struct page_token){.has_place = true, .place = {key, 1}});
	memset(key, 'x', sizeof(key) - 1);
	full = made(&(struct page_token){.has_place = true, .place = {key, INT64_MAX}});
	assert_int_equal(strlen(none), strlen(full));
	free(none);
	free(full);
}

static void
another_use__is_refused(void **state)
{
	struct page_token_use uses[] = {use, use, use, use, use, use, use};
	char *text = made(&(struct page_token){.has_place = true, .place = {(char *)"x", 1}});
	struct page_token t;

	(void)state;
	uses[0].secret = other_secret;
	uses[1].who = &bob;
	uses[2].who = &admin;
	uses[3].query = "Id -eq 2";
	uses[4].query = NULL;
	uses[5].sort = CERT_BY_SERIAL;
	uses[6].descending = true;
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		assert_int_equal(page_token_read(&uses[i], text, &t, &err), GH_E_BAD_REQUEST);
	free(text);
}

static void
what_is_no_token__is_refused(void **state)
{
	static const char *const texts[] = {"", "x", "12", "AAAA", "====", "%", "\xff"};
	char *text = made(&(struct page_token){.has_place = true});
	struct page_token t;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(page_token_read(&use, texts[i], &t, &err), GH_E_BAD_REQUEST);
	for (size_t i = 0; text[i] != '\0'; i++) {
		char c = text[i];

		text[i] = c == 'A' ? 'B' : 'A';
		assert_int_equal(page_token_read(&use, text, &t, &err), GH_E_BAD_REQUEST);
		text[i] = c;
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_place__comes_back),
	    cmocka_unit_test(a_place__is_as_long_as_others),
	    cmocka_unit_test(another_use__is_refused),
	    cmocka_unit_test(what_is_no_token__is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
