/* A row of the audit trail as RFC 5424 has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "syslog/syslog_line.h"

#define BOM "\xef\xbb\xbf"

static const struct audit_row good = {.id = 7,
    .at_us = 1000000000123456,
    .actor_kind = 1,
    .event = "enroll.issued",
    .outcome = "success",
    .actor = "alice",
    .app = "web",
    .address = "::1",
    .request_id = "r1",
    .object = "00AB",
    .detail = "x"};

static char written[2 * SYSLOG_MESSAGE_MAX];

/* The message behind its length, which is right. */
static const char *
put(const struct syslog_origin *from, const struct audit_row *row)
{
	static const struct syslog_place at = {3, 12, 9};
	struct gh_buf b;
	size_t length;
	char *end;

	gh_buf_init(&b, sizeof(written) - 1);
	syslog_line_put(&b, from, &at, row);
	assert_false(b.failed);
	memcpy(written, b.data, b.len + 1);
	length = strtoul(written, &end, 10);
	assert_int_equal(length, b.len - (size_t)(end + 1 - written));
	assert_int_equal(*end, ' ');
	assert_true(strlen(written) <= SYSLOG_MESSAGE_MAX);
	assert_int_equal(strlen(written), b.len);
	gh_buf_free(&b);
	return end + 1;
}

static const char *
put_here(const struct audit_row *row)
{
	static const struct syslog_origin here = {13, "pki1", "gatehouse@32473"};

	return put(&here, row);
}

static void
line__byte_for_byte(void **state)
{
	struct audit_row row = good;

	(void)state;
	assert_string_equal(put_here(&row),
	    "<109>1 2001-09-09T01:46:40.123456Z pki1 gatehouse - enroll.issued "
	    "[gatehouse@32473 id=\"7\" seal=\"3\" rows=\"12\" position=\"9\" event=\"enroll.issued\" outcome=\"success\" "
	    "actor=\"alice\" actorKind=\"1\" app=\"web\" address=\"::1\" requestId=\"r1\" object=\"00AB\" "
	    "detail=\"x\"] " BOM "enroll.issued success by alice: 00AB");
	row.outcome = "failure";
	row.actor = row.app = row.address = "";
	row.request_id = row.object = row.detail = NULL;
	assert_string_equal(put_here(&row),
	    "<108>1 2001-09-09T01:46:40.123456Z pki1 gatehouse - enroll.issued "
	    "[gatehouse@32473 id=\"7\" seal=\"3\" rows=\"12\" position=\"9\" event=\"enroll.issued\" outcome=\"failure\" "
	    "actorKind=\"1\"] " BOM "enroll.issued failure by nobody");
}

/* Nobody who chooses a text ends the data, the line or the message by it. */
static void
line__hostile_texts(void **state)
{
	struct audit_row row = good;

	(void)state;
	row.actor = "a\"] [x@1 y=\"\\";
	row.detail = "1\n<109>1 - \r\t\x7f\x01\xff\xc3\xbc";
	assert_non_null(strstr(put_here(&row), " actor=\"a\\\"\\] [x@1 y=\\\"\\\\\" actorKind="));
	assert_non_null(strstr(written, " detail=\"1?<109>1 - ?????\xc3\xbc\"] "));
	assert_null(strchr(written, '\n'));
	/* C1, ends of lines, and what turns the direction of writing */
	row.detail = "a\xc2\x80"
		     "b\xc2\x9b"
		     "c\xe2\x80\xa8"
		     "d\xe2\x80\xa9"
		     "e\xe2\x80\xaa"
		     "f\xe2\x80\xae"
		     "g\xe2\x81\xa6"
		     "h\xe2\x81\xa9"
		     "i\xc2\xa0";
	assert_non_null(strstr(put_here(&row), " detail=\"a?b?c?d?e?f?g?h?i\xc2\xa0\"] "));
	row.event = "an event with blanks, and longer than it may be";
	assert_non_null(
	    strstr(put_here(&row), " gatehouse - an?event?with?blanks,?and?longer [gate"));
}

static void
line__odd_origin_and_time(void **state)
{
	const struct syslog_origin from = {23, "", "a@1"};
	struct audit_row row = good;

	(void)state;
	row.at_us = -1;
	assert_ptr_equal(strstr(put(&from, &row), "<189>1 - - gatehouse - enroll.issued [a@1 id="),
	    strchr(written, '<'));
	row.at_us = INT64_MAX;
	assert_non_null(strstr(put(&from, &row), "<189>1 - - "));
}

/* The longest row fits, whatever it consists of; no character is cut. */
static void
line__longest(void **state)
{
	static char quotes[20000], umlauts[20001];
	struct audit_row row = good;

	(void)state;
	memset(quotes, '"', sizeof(quotes) - 1);
	for (size_t i = 0; i + 2 < sizeof(umlauts); i += 2)
		memcpy(umlauts + i, "\xc3\xbc", 2);
	row.event = row.actor = row.app = row.address = row.request_id = row.object = row.detail =
	    quotes;
	assert_non_null(strstr(put_here(&row), "\\\"...\"] "));
	row.actor = row.app = row.address = row.request_id = row.object = row.detail = umlauts;
	assert_non_null(strstr(put_here(&row), "\xc3\xbc...\"] "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(line__byte_for_byte),
	    cmocka_unit_test(line__hostile_texts),
	    cmocka_unit_test(line__odd_origin_and_time),
	    cmocka_unit_test(line__longest),
	};

	return cmocka_run_group_tests_name("syslog_line", tests, NULL, NULL);
}
