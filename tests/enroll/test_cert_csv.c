/* Certificates as CSV: quoting, and cells that a spreadsheet would run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "inventory/cert_csv.h"

static struct gh_error err;

static const struct metadata_field defined[] = {{.name = (char *)"Stage"}, {.name = (char *)"Cost"},
    {.name = (char *)"On"}, {.name = (char *)"None"}};
#define DEFINED (sizeof(defined) / sizeof(defined[0]))

static void
line__table(void **state)
{
	static const struct {
		const char *entry, *line;
	} rows[] = {
	    {"{\"id\":1,\"subject\":\"CN=a, O=b\",\"sans\":[\"dns:a\",\"dns:b\"]}",
		"1,\"CN=a, O=b\",\"dns:a; dns:b\""},
	    {"{\"id\":2,\"subject\":\"say \\\"hi\\\"\",\"sans\":[]}", "2,\"say \"\"hi\"\"\",\"\""},
	    {"{\"id\":3,\"subject\":null}", "3,,"},
	    {"{\"id\":4,\"subject\":\"=cmd|'/c calc'!A1\"}", "4,\"'=cmd|'/c calc'!A1\","},
	    {"{\"id\":5,\"subject\":\"+1\"}", "5,\"'+1\","},
	    {"{\"id\":6,\"subject\":\"-1\"}", "6,\"'-1\","},
	    {"{\"id\":7,\"subject\":\"@x\"}", "7,\"'@x\","},
	    {"{\"id\":8,\"subject\":\"\\tx\"}", "8,\"'\tx\","},
	    {"{\"id\":9,\"subject\":\"a\\nb\"}", "9,\"a\nb\","},
	    {"{\"id\":10,\"subject\":{\"Cost\":\"-3\"}}", "10,\"{\"\"Cost\"\":\"\"-3\"\"}\","},
	    {"{\"id\":-11}", "-11,,"},
	    /* where ";", TAB or the end of a line separates cells */
	    {"{\"id\":12,\"subject\":\"CN=a;=cmd()\"}", "12,\"CN=a;'=cmd()\","},
	    {"{\"id\":13,\"subject\":\"a\\t+1\\n@x\\r-1\"}", "13,\"a\t'+1\n'@x\r'-1\","},
	    {"{\"id\":14,\"subject\":\"a; \\\"=1\"}", "14,\"a; \"\"'=1\","},
	    {"{\"id\":15,\"sans\":[\"dns:a\",\"=1\"]}", "15,,\"dns:a; '=1\""},
	    {"{\"id\":16,\"subject\":\"a=b; c-d\"}", "16,\"a=b; c-d\","},
	};
	struct cert_members m;

	(void)state;
	assert_true(cert_members_read("id,subject,sans", NULL, 0, &m, &err));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char expected[256];
		gh_json *entry;
		struct gh_buf b;

		gh_buf_init(&b, 4096);
		assert_int_equal(gh_json_parse(rows[i].entry, strlen(rows[i].entry), GH_JSON_STRICT,
				     &entry, &err),
		    0);
		cert_csv_line(&b, &m, entry);
		snprintf(expected, sizeof(expected), "%s\r\n", rows[i].line);
		assert_string_equal((const char *)b.data, expected);
		gh_json_free(entry);
		gh_buf_free(&b);
	}
}

static void
head__names_in_their_order(void **state)
{
	struct cert_members m;
	struct gh_buf b;

	(void)state;
	gh_buf_init(&b, 4096);
	assert_true(cert_members_read("sans,id", NULL, 0, &m, &err));
	cert_csv_head(&b, &m);
	assert_string_equal((const char *)b.data, "sans,id\r\n");
	gh_buf_free(&b);
	gh_buf_init(&b, 4096);
	assert_true(cert_members_read(NULL, NULL, 0, &m, &err));
	cert_csv_head(&b, &m);
	assert_int_equal(strncmp((const char *)b.data, "id,serial,subject,", 18), 0);
	gh_buf_free(&b);
}

static void
members__wrong_ones_are_refused(void **state)
{
	static const char *const lists[] = {"", ",", "id,", ",id", "id,id", "what", "ID",
	    "id, subject", "Metadata.", "Metadata.Stag", "metadata.stage,Metadata.Stage",
	    "Metadata.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
	struct cert_members m;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		assert_false(cert_members_read(lists[i], defined, DEFINED, &m, &err));
}

/* Single fields, as they are defined; of the member metadata, whose name stays its own. */
static void
members__of_metadata(void **state)
{
	const char *text = "{\"id\":1,\"metadata\":{\"Stage\":\"=1\",\"Cost\":-3,\"On\":true}}";
	struct cert_members m;
	gh_json *list = gh_json_new_array(), *entry;
	struct gh_buf b;

	(void)state;
	gh_buf_init(&b, 4096);
	assert_true(cert_members_read("metadata.STAGE,id,Metadata.Cost,Metadata.On,Metadata.None",
	    defined, DEFINED, &m, &err));
	cert_csv_head(&b, &m);
	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &entry, &err), 0);
	cert_csv_line(&b, &m, entry);
	gh_buf_putc(&b, '\0');
	assert_string_equal((const char *)b.data,
	    "Metadata.Stage,id,Metadata.Cost,Metadata.On,Metadata.None\r\n\"'=1\",1,-3,\"true\",\r\n");
	gh_buf_free(&b);
	assert_int_equal(gh_json_append(list, entry), 0);
	assert_int_equal(cert_members_choose(&m, &list, &err), 0);
	entry = gh_json_at(list, 0);
	assert_string_equal(gh_json_string(gh_json_get(entry, "Metadata.Stage")), "=1");
	assert_int_equal(gh_json_type(gh_json_get(entry, "Metadata.None")), GH_JSON_NULL);
	assert_null(gh_json_get(entry, "metadata"));
	gh_json_free(list);
	/* where the definitions are not known yet, any name may be one */
	assert_true(cert_members_read("id,Metadata.What", NULL, 0, &m, &err));
}

static void
members__no_more_than_fit(void **state)
{
	struct cert_members m;
	struct gh_buf b;

	(void)state;
	gh_buf_init(&b, 65536);
	for (int i = 0; i < CERT_MEMBERS_MAX; i++)
		gh_buf_putf(&b, "%sMetadata.f%d", i > 0 ? "," : "", i);
	assert_true(cert_members_read((const char *)b.data, NULL, 0, &m, &err));
	assert_int_equal(m.n, CERT_MEMBERS_MAX);
	gh_buf_puts(&b, ",id");
	assert_false(cert_members_read((const char *)b.data, NULL, 0, &m, &err));
	gh_buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(line__table),
	    cmocka_unit_test(head__names_in_their_order),
	    cmocka_unit_test(members__wrong_ones_are_refused),
	    cmocka_unit_test(members__of_metadata),
	    cmocka_unit_test(members__no_more_than_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
