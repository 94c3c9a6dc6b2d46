/* Forms of HTML: both types, and what is refused. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "form.h"

#define URLENCODED "application/x-www-form-urlencoded"
#define MULTIPART "multipart/form-data; boundary=b"

static struct gh_error err;

static int
parse(const char *type, const char *body, struct gh_form *form)
{
	memset(&err, 0, sizeof(err));
	return gh_form_parse(type, (const unsigned char *)body, strlen(body), form, &err);
}

#define SEVENTY_ONE "01234567890123456789012345678901234567890123456789012345678901234567890"

static void
types_are_known_with_parameters(void **state)
{
	static const char *const good[] = {URLENCODED, URLENCODED ";charset=utf-8",
	    "Multipart/Form-Data; boundary=x", "multipart/form-data"};
	static const char *const bad[] = {"application/json", "multipart/form-data-x",
	    "multipart/mixed; boundary=b", "", " multipart/form-data"};
	struct gh_form form;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(gh_form_is_type(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(gh_form_is_type(bad[i]));
		assert_int_equal(parse(bad[i], "a=b", &form), GH_E_UNSUPPORTED_MEDIA);
	}
	assert_false(gh_form_is_type(NULL));
	assert_int_equal(parse(NULL, "", &form), GH_E_UNSUPPORTED_MEDIA);
}

static void
urlencoded_pairs_are_decoded(void **state)
{
	struct gh_form form;
	const struct gh_form_field *f;

	(void)state;
	assert_int_equal(
	    parse(URLENCODED,
		"common_name=M%C3%BCller+%26+Co&&empty=&bare&san=a&san=b%3D&a%20b=%2B&bin=%00x",
		&form),
	    0);
	assert_int_equal(form.n, 7);
	assert_string_equal(gh_form_get(&form, "common_name"), "M\xc3\xbcller & Co");
	assert_string_equal(gh_form_get(&form, "empty"), "");
	assert_string_equal(gh_form_get(&form, "bare"), "");
	assert_string_equal(gh_form_get(&form, "a b"), "+");
	assert_null(gh_form_get(&form, "none"));
	f = gh_form_next(&form, "san", NULL);
	assert_string_equal(f->value, "a");
	assert_null(f->file_name);
	f = gh_form_next(&form, "san", f);
	assert_string_equal(f->value, "b=");
	assert_null(gh_form_next(&form, "san", f));
	/* bytes are kept, and are no text */
	assert_null(gh_form_get(&form, "bin"));
	f = gh_form_next(&form, "bin", NULL);
	assert_int_equal(f->len, 2);
	assert_false(f->is_text);
	gh_form_clear(&form);
	assert_int_equal(parse(URLENCODED, "", &form), 0);
	assert_int_equal(form.n, 0);
	assert_null(gh_form_get(&form, "a"));
	gh_form_clear(&form);
}

static void
urlencoded_that_is_broken_is_refused(void **state)
{
	static const char *const bad[] = {"a=%", "a=%4", "a=%zz", "%=a", "a=b&c=%x1", "=value",
	    "%00=a", "a%0Ab=c", "%ff=a"};
	struct gh_form form;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(URLENCODED, bad[i], &form), GH_E_BAD_REQUEST);
		assert_int_equal(form.n, 0);
		assert_null(form.field);
	}
}

/* n fields, name_len bytes in each name. */
static int
parse_many(size_t n, size_t name_len, struct gh_form *form)
{
	size_t one = name_len + 2;
	char *body = malloc(n * one + 1);
	int rc;

	assert_non_null(body);
	for (size_t i = 0; i < n; i++) {
		memset(body + i * one, 'n', name_len);
		memcpy(body + i * one + name_len, "=&", 2);
	}
	body[n * one] = '\0';
	rc = parse(URLENCODED, body, form);
	free(body);
	return rc;
}

static void
fields_and_names_are_bounded(void **state)
{
	struct gh_form form;

	(void)state;
	assert_int_equal(parse_many(GH_FORM_FIELDS_MAX, 1, &form), 0);
	assert_int_equal(form.n, GH_FORM_FIELDS_MAX);
	gh_form_clear(&form);
	assert_int_equal(parse_many(GH_FORM_FIELDS_MAX + 1, 1, &form), GH_E_BAD_REQUEST);
	assert_int_equal(parse_many(1, GH_FORM_NAME_MAX, &form), 0);
	gh_form_clear(&form);
	assert_int_equal(parse_many(1, GH_FORM_NAME_MAX + 1, &form), GH_E_BAD_REQUEST);
}

#define PART(header) "--b\r\n" header "\r\n\r\n"
#define NAMED(name) PART("Content-Disposition: form-data; name=\"" name "\"")
#define END "\r\n--b--\r\n"

static void
multipart_fields_and_files_are_read(void **state)
{
	static const char body[] = NAMED("common_name") "www.example\r\n" NAMED("empty") "\r\n" PART(
	    "content-disposition:form-data;name=csr_data;filename=\"C:\\a \\\"b\\\".csr\"\r\n"
	    "Content-Type: application/octet-stream") "0\0\r\n--\r\n-b\xff\r\n" PART("Content-Disposition: form-data; name=\"none\"; filename=\"\"; filename*=utf-8''x\r\n"
										     "Content-Transfer-Encoding: binary\r\nX-Other: y") "\r\n--b-- \t\r\n";
	struct gh_form form;
	const struct gh_form_field *f;

	(void)state;
	assert_int_equal(gh_form_parse("multipart/form-data; charset=utf-8; boundary=\"b\"",
			     (const unsigned char *)body, sizeof(body) - 1, &form, &err),
	    0);
	assert_int_equal(form.n, 4);
	assert_string_equal(gh_form_get(&form, "common_name"), "www.example");
	assert_string_equal(gh_form_get(&form, "empty"), "");
	f = gh_form_next(&form, "csr_data", NULL);
	assert_string_equal(f->file_name, "C:\\a \"b\".csr");
	assert_string_equal(f->type, "application/octet-stream");
	assert_int_equal(f->len, 11);
	assert_memory_equal(f->value, "0\0\r\n--\r\n-b\xff", 11);
	assert_false(f->is_text);
	f = gh_form_next(&form, "none", NULL);
	assert_string_equal(f->file_name, "");
	assert_int_equal(f->len, 0);
	gh_form_clear(&form);
	/* a form without fields, and the last CRLF, which some leave out */
	assert_int_equal(parse(MULTIPART, "--b--", &form), 0);
	assert_int_equal(form.n, 0);
	gh_form_clear(&form);
}

static void
multipart_that_is_broken_is_refused(void **state)
{
	static const char *const bad[] = {
	    "", "x\r\n" NAMED("a") END,   /* a preamble */
	    NAMED("a") "x" END "more",    /* an epilogue */
	    NAMED("a") "x",               /* cut off */
	    NAMED("a") "x\r\n--b",        /* in its boundary */
	    NAMED("a") "x\r\n--bb--\r\n", /* its boundary is the beginning of another */
	    "--b\nContent-Disposition: form-data; name=\"a\"\n\nx\n--b--\n",
	    PART("Content-Type: text/plain") "x" END,   /* no name */
	    PART("Content-Disposition: form-data") END, /* the same */
	    NAMED("") "x" END, NAMED("a\x01") "x" END,
	    PART("Content-Disposition: attachment; name=\"a\"") "x" END,
	    PART("Content-Disposition: form-data; name=\"a\"; name=\"b\"") "x" END,
	    PART("Content-Disposition: form-data; name=\"a\r\nX: y\"") "x" END,
	    PART("Content-Disposition: form-data; name=\"a") "x" END,
	    PART("Content-Disposition: form-data; name=\"a\" filename=\"b\"") "x" END,
	    PART("Content-Disposition: form-data; name=") "x" END,
	    PART("Content-Disposition: form-data; name=\"a\"\r\n"
		 "Content-Disposition: form-data; name=\"b\"") "x" END,
	    PART("Content-Disposition: form-data; name=\"a\"\r\n"
		 "Content-Transfer-Encoding: base64") "eA==" END,
	    PART("Content-Disposition: form-data; name=\"a\"\r\nno header") "x" END,
	    "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n--b--\r\n", /* no empty line */
	};
	static const char *const types[] = {"multipart/form-data",
	    "multipart/form-data; boundary=", "multipart/form-data; boundary=\"b",
	    "multipart/form-data; boundary=b; boundary=c", "multipart/form-data; boundary=\"a b \"",
	    "multipart/form-data; boundary=\"<b>\"",
	    ("multipart/form-data; boundary=" SEVENTY_ONE)};
	struct gh_form form;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(MULTIPART, bad[i], &form) != GH_E_BAD_REQUEST)
			fail_msg("taken: %s", bad[i]);
		assert_null(form.field);
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (parse(types[i], NAMED("a") "x" END, &form) != GH_E_BAD_REQUEST)
			fail_msg("taken: %s", types[i]);
}

/* Lines above a part that never end cost what they weigh, no more. */
static void
long_headers_are_refused(void **state)
{
	char body[8192] = "--b\r\n";
	struct gh_form form;

	(void)state;
	while (strlen(body) < 4000)
		strcat(body, "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
	strcat(body, "Content-Disposition: form-data; name=\"a\"\r\n\r\nx" END);
	assert_int_equal(parse(MULTIPART, body, &form), GH_E_BAD_REQUEST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(types_are_known_with_parameters),
	    cmocka_unit_test(urlencoded_pairs_are_decoded),
	    cmocka_unit_test(urlencoded_that_is_broken_is_refused),
	    cmocka_unit_test(fields_and_names_are_bounded),
	    cmocka_unit_test(multipart_fields_and_files_are_read),
	    cmocka_unit_test(multipart_that_is_broken_is_refused),
	    cmocka_unit_test(long_headers_are_refused),
	};

	return cmocka_run_group_tests_name("base/form", tests, NULL, NULL);
}
