/* The package availability list as values: pages, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "package/pal.h"

static void
add(struct pal *p, const struct pal_entry *e)
{
	struct gh_error err;

	assert_int_equal(pal_add(p, e, &err), 0);
}

static void
fill(struct pal *p, size_t n)
{
	char uri[40];

	memset(p, 0, sizeof(*p));
	p->since = 1234567;
	for (size_t i = n; i > 0; i--) {
		snprintf(uri, sizeof(uri), "https://a/%zu", i);
		add(p,
		    &(struct pal_entry){.rank = pal_rank(PAL_PACKAGE, false, i, false),
			.type = 26,
			.size = 1,
			.text = uri});
	}
}

/* Each entry once, no page of a pointer alone, no loop: 0, 1, N - 1, N, N + 1, 2N ... entries. */
static void
X016_pages__each_entry_once(void **state)
{
	(void)state;
	for (size_t entries = PAL_ENTRIES_MIN; entries < 6; entries++)
		for (size_t n = 0; n <= 3 * entries; n++) {
			uint64_t after = 0;
			size_t seen = 0, pages = 0;
			struct pal_page page;
			struct pal p;

			fill(&p, n);
			do {
				char place[PAL_PLACE_SIZE], uri[40];
				int64_t since;

				pal_page(&p, after, entries, &page);
				assert_true(page.n > 0 || n == 0);
				assert_true(page.n + page.has_next <= entries);
				assert_true(!page.has_next || page.n == entries - 1);
				for (size_t i = 0; i < page.n; i++) {
					snprintf(uri, sizeof(uri), "https://a/%zu", ++seen);
					assert_string_equal(page.entry[i].text, uri);
				}
				if (page.has_next) {
					assert_true(pal_place_read(pal_place(&p, &page, place),
					    &since, &after));
					assert_int_equal(since, p.since);
				}
				assert_true(++pages < 50);
			} while (page.has_next);
			assert_int_equal(seen, n);
			pal_clear(&p);
		}
}

/* As many packages as one client may have: all of its pages, each made from all entries anew. */
static void
X016_pages__of_ten_thousand(void **state)
{
	size_t n = 10000, seen = 0;
	uint64_t after = 0;
	struct pal_page page;
	struct pal p;

	(void)state;
	fill(&p, n);
	do {
		pal_page(&p, after, 32, &page);
		seen += page.n;
		after = page.entry[page.n - 1].rank;
	} while (page.has_next);
	assert_int_equal(seen, n);
	pal_clear(&p);
}

static void
X016_place__what_is_none(void **state)
{
	static const char *const bad[] = {"", "-", "1", "1-", "-1", "1-2-3", "x-1", "1-x", "1-A",
	    " 1-1", "1-1 ", "0x1-1", "12345678123456781-1", "ffffffffffffffff-1"};
	uint64_t after;
	int64_t since;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pal_place_read(bad[i], &since, &after));
	assert_true(pal_place_read("7fffffffffffffff-ffffffffffffffff", &since, &after));
}

static void
X017_rank__order(void **state)
{
	const uint64_t order[] = {pal_rank(PAL_CA, false, 0, false),
	    pal_rank(PAL_CA, false, 9, false), pal_rank(PAL_CA, true, 1, false),
	    pal_rank(PAL_ATTRIBUTES, false, 0, false), pal_rank(PAL_ENROLL, false, 0, false),
	    pal_rank(PAL_ENROLL, true, 0, false), pal_rank(PAL_PACKAGE, false, 7, false),
	    pal_rank(PAL_PACKAGE, false, 7, true),
	    pal_rank(PAL_PACKAGE, false, (UINT64_C(1) << 48) - 1, true),
	    pal_rank(PAL_PACKAGE, true, 1, false)};

	(void)state;
	assert_true(order[0] > 0);
	for (size_t i = 1; i < sizeof(order) / sizeof(order[0]); i++)
		assert_true(order[i - 1] < order[i]);
}

static void
check_text(const struct pal_entry *e, const char *next, const char *xml, const char *json)
{
	struct pal_page page;
	struct pal p = {0};
	struct gh_buf out;

	add(&p, e);
	pal_page(&p, 0, 10, &page);
	gh_buf_init(&out, 10000);
	pal_put_xml(&page, next, &out);
	assert_non_null(strstr((char *)out.data, xml));
	gh_buf_free(&out);
	gh_buf_init(&out, 10000);
	pal_put_json(&page, next, &out);
	assert_string_equal((char *)out.data, json);
	gh_buf_free(&out);
	pal_clear(&p);
}

static void
X010_X012_X014_texts(void **state)
{
	(void)state;
	check_text(&(struct pal_entry){.rank = 1,
		       .type = 5,
		       .date = 1369267200,
		       .size = 7,
		       .text = "https://a/?x&y"},
	    NULL,
	    "<pal xmlns=\"urn:ietf:params:xml:ns:pal\">\n<message><type>0005</type><date>2013-05-23T00:00:00Z</date><size>7</size>"
	    "<info><uri>https://a/?x&amp;y</uri></info></message>\n</pal>\n",
	    "[{\"type\":\"0005\",\"date\":\"2013-05-23T00:00:00Z\",\"size\":7,\"info\":{\"uri\":\"https://a/?x&y\"}}]\n");
	/* a date before the protocol is none; 20 octets of a serial number; a name that would end
	 * what it is in */
	check_text(&(struct pal_entry){.rank = 1,
		       .type = 10,
		       .date = 1369267199,
		       .info = PAL_CERTIFICATE,
		       .text = "CN=</issuer>\"\\\\,O=a\tb",
		       .serial = "1461501637330902918203684832716283019655932542975"},
	    "https://a/pal/1-1",
	    "<message><type>0010</type><size>0</size><info><iasn><issuer>CN=&lt;/issuer&gt;\"\\\\,O=a?b</issuer>"
	    "<serial>1461501637330902918203684832716283019655932542975</serial></iasn></info></message>\n"
	    "<message><type>0001</type><size>0</size><info><uri>https://a/pal/1-1</uri></info></message>\n</pal>",
	    "[{\"type\":\"0010\",\"size\":0,\"info\":{\"iasn\":{\"issuer\":\"CN=</issuer>\\\"\\\\\\\\,O=a\\u0009b\","
	    "\"serial\":1461501637330902918203684832716283019655932542975}}},\n"
	    "{\"type\":\"0001\",\"size\":0,\"info\":{\"uri\":\"https://a/pal/1-1\"}}]\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(X016_pages__each_entry_once),
	    cmocka_unit_test(X016_pages__of_ten_thousand),
	    cmocka_unit_test(X016_place__what_is_none),
	    cmocka_unit_test(X017_rank__order),
	    cmocka_unit_test(X010_X012_X014_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
