/* The query language of the inventory: what is understood, and where a mistake is shown. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inventory/query_parse.h"
#include "timestamp.h"

#define NOW 1796042096 /* 2026-11-30T12:34:56Z */

static struct metadata_field fields[] = {
    {.name = (char *)"Department", .type = METADATA_STRING},
    {.name = (char *)"Cost-Center", .type = METADATA_INTEGER},
    {.name = (char *)"Review", .type = METADATA_DATE},
    {.name = (char *)"Exportable", .type = METADATA_BOOLEAN},
    {.name = (char *)"Template", .type = METADATA_STRING},
};
static const struct query_env env = {.field = fields,
    .fields = sizeof(fields) / sizeof(fields[0]),
    .me = "CORP\\alice",
    .now = NOW};
static struct gh_error err;

/* ---- conditions as text: column[part] op value, each pair in brackets ---- */

static void
print_value(const struct cert_node *n, char *out, size_t size)
{
	char stamp[GH_TIMESTAMP_SIZE];

	if (n->op == CERT_HAS_NONE || n->op == CERT_HAS_SOME)
		snprintf(out, size, "null");
	else if (n->type == CERT_TIME)
		snprintf(out, size, "%s%s", gh_timestamp_format(n->number, stamp),
		    n->is_day ? " day" : "");
	else if (n->type == CERT_TEXT || n->type == CERT_HEX || n->type == CERT_DAY)
		snprintf(out, size, "'%s'", n->text);
	else
		snprintf(out, size, "%lld", (long long)n->number);
}

static void
print_node(const struct cert_node *n, char *out, size_t size)
{
	static const char *const columns[] = {"id", "request", "subject", "dn", "san", "ca",
	    "issuer", "serial", "thumbprint", "key", "requester", "template", "state", "keytype",
	    "keysize", "before", "after", "location", "metadata"};
	static const char *const ops[] = {"=", "<>", "<", "<=", ">", ">=", "has", "hasnot",
	    "begins", "ends", "is", "isnot"};
	char left[2048], right[2048];

	if (n->kind != CERT_TEST) {
		print_node(n->left, left, sizeof(left));
		print_node(n->right, right, sizeof(right));
		snprintf(out, size, "(%.900s %s %.900s)", left, n->kind == CERT_AND ? "and" : "or",
		    right);
		return;
	}
	print_value(n, right, sizeof(right));
	snprintf(out, size, "%s%s%s%s %s %.900s", columns[n->column], n->part != NULL ? "[" : "",
	    n->part != NULL ? n->part : "", n->part != NULL ? "]" : "", ops[n->op], right);
}

static void
understood__table(void **state)
{
	static const struct {
		const char *query, *tree;
	} rows[] = {
	    {"Id -eq 5", "id = 5"},
	    {"Location -endswith \":8443\"", "location ends ':8443'"},
	    {"certid -EQ \"5\"", "id = 5"},
	    {"CN -eq \"web\"", "dn[CN] = 'web'"},
	    {"IssuedCN -contains 'a''b'", "dn[CN] has 'a'b'"},
	    {"CN -startswith \"say \"\"hi\"\"\"", "dn[CN] begins 'say \"hi\"'"},
	    {"Requester -eq \"DOM\\user\"", "requester = 'DOM\\user'"},
	    {"Requester -eq %ME%", "requester = 'CORP\\alice'"},
	    {"Requester -eq \"%me%\"", "requester = 'CORP\\alice'"},
	    {"CA -eq \"name \"", "ca = 'name'"},
	    {"dns -endswith \".corp.example\"", "san[dns:] ends '.corp.example'"},
	    {"SAN -notcontains \"x\"", "san hasnot 'x'"},
	    {"Template -eq NULL", "template is null"},
	    {"Template -ne null", "template isnot null"},
	    {"NotAfter -lt \"2027-01-01\"", "after < 2027-01-01T00:00:00Z day"},
	    {"NotAfter -ge \"2022-09-01T00:00:00Z\"", "after >= 2022-09-01T00:00:00Z"},
	    {"NotAfter -le %TODAY%", "after <= 2026-11-30T00:00:00Z day"},
	    {"NotAfter -le \"%TODAY+30%\"", "after <= 2026-12-30T00:00:00Z day"},
	    {"NotBefore -gt %today-7%", "before > 2026-11-23T00:00:00Z day"},
	    {"Thumbprint -eq \"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33\"",
		"thumbprint = '00112233445566778899AABBCCDDEEFF00112233'"},
	    {"Key -eq \"00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\"",
		"key = '00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF'"},
	    {"SerialNumber -startswith \"0e8\"", "serial begins '0E8'"},
	    {"State -ne \"Revoked\"", "state <> 2"},
	    {"Department -eq \"IT\"", "metadata[Department] = 'IT'"},
	    {"cost-center -gt -5", "metadata[Cost-Center] > -5"},
	    {"Cost-Center -eq \"42\"", "metadata[Cost-Center] = 42"},
	    {"Review -lt %TODAY%", "metadata[Review] < '2026-11-30'"},
	    {"Exportable -eq true", "metadata[Exportable] = 1"},
	    {"Exportable -eq \"false\"", "metadata[Exportable] = 0"},
	    {"Template -eq \"t\"", "template = 't'"},
	    {"Metadata.Template -eq \"t\"", "metadata[Template] = 't'"},
	    {"Id -eq 1 AND Id -eq 2 OR Id -eq 3 and Id -eq 4",
		"((id = 1 and id = 2) or (id = 3 and id = 4))"},
	    {"Id -eq 1 AND (Id -eq 2 OR Id -eq 3)", "(id = 1 and (id = 2 or id = 3))"},
	    {"((Id -eq 1))", "id = 1"},
	    {"\n Id\t-eq\r\n1 ", "id = 1"},
	    {"CN -eq \"x' OR 1=1 --\"", "dn[CN] = 'x' OR 1=1 --'"},
	};
	char text[2048];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cert_node *n;

		if (query_parse(rows[i].query, &env, &n, &err) != 0)
			fail_msg("%s: %s", rows[i].query, err.message);
		print_node(n, text, sizeof(text));
		assert_string_equal(text, rows[i].tree);
		cert_node_free(n);
	}
}

static void
refused__with_the_column(void **state)
{
	static const struct {
		const char *query, *message;
	} rows[] = {
	    {"", "column 1: expected the name of a field, the query ends here"},
	    {"= 5", "column 1: expected the name of a field, found \"=\""},
	    {"Nme -eq \"x\"", "column 1: there is no field \"Nme\""},
	    {"NotAftr -lt %TODAY%",
		"column 1: there is no field \"NotAftr\", did you mean \"NotAfter\"?"},
	    {"Id -eq 1 AND Departmnt -eq \"IT\"",
		"column 14: there is no field \"Departmnt\", did you mean \"Department\"?"},
	    {"Metadata.Id -eq 1", "column 1: there is no field \"Metadata.Id\""},
	    {"Id = 5", "column 4: expected an operator (-eq"},
	    {"Id -like 5", "column 4: expected an operator"},
	    {"Id", "column 3: expected an operator"},
	    {"Id -contains 5", "column 4: this operator is not for this kind of field"},
	    {"CN -lt \"x\"", "column 4: this operator is not"},
	    {"Key -startswith \"AB\"", "column 5: this operator is not"},
	    {"Key -eq \"00112233445566778899AABBCCDDEEFF00112233\"",
		"column 9: expected hexadecimal digits"},
	    {"Thumbprint -startswith \"AB\"", "column 12: this operator is not"},
	    {"Id -eq", "column 7: expected a value"},
	    {"Id -eq \"five\"", "column 8: expected a whole number"},
	    {"Id -eq 99999999999999999999", "column 8: expected a whole number"},
	    {"CN -eq web", "column 8: expected a value: text in double quotes"},
	    {"CN -eq \"web", "column 8: the quote that begins here has no end"},
	    {"CN -lt NULL", "column 4: this operator"},
	    {"CN -contains NULL", "column 14: NULL goes with -eq and -ne"},
	    {"State -eq NULL", "column 11: NULL goes with"},
	    {"State -eq \"gone\"", "column 11: expected active, expired, revoked, hold or foreign"},
	    {"NotAfter -lt \"tomorrow\"", "column 14: expected a day"},
	    {"NotAfter -lt %TODAY+x%", "column 14: expected a day"},
	    {"NotAfter -lt %TODAY+99999%", "column 14: expected a day"},
	    {"NotAfter -lt \"2026-02-30\"", "column 14: expected a day"},
	    {"Thumbprint -eq \"AB\"", "column 16: expected hexadecimal digits"},
	    {"Serial -eq \"XY\"", "column 12: expected hexadecimal digits"},
	    {"Exportable -eq \"yes\"", "column 16: expected true or false"},
	    {"Id -eq 1 Id -eq 2", "column 10: expected AND, OR or the end, found \"Id\""},
	    {"Id -eq 1)", "column 9: expected AND, OR or the end"},
	    {"(Id -eq 1", "column 10: expected AND, OR or a closing bracket"},
	    {"Id -eq 1 AND", "column 13: expected the name of a field"},
	    {"OU -eq \"\xc3\xa4\xc3\xb6\" AND x", "column 17: there is no field \"x\""},
	    {"CN -eq \"\xff\"", "a query is UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cert_node *n = NULL;

		if (query_parse(rows[i].query, &env, &n, &err) != GH_E_BAD_REQUEST)
			fail_msg("%s: was taken", rows[i].query);
		assert_null(n);
		if (strncmp(err.message, rows[i].message, strlen(rows[i].message)) != 0)
			fail_msg("%s: %s", rows[i].query, err.message);
	}
}

/* What is repeated n times between two ends. */
static int
parse_repeated(const char *begin, const char *middle, size_t n, const char *end)
{
	char *text = calloc(1, strlen(begin) + n * strlen(middle) + strlen(end) + 1);
	struct cert_node *node = NULL;
	int rc;

	assert_non_null(text);
	strcpy(text, begin);
	for (size_t i = 0; i < n; i++)
		memcpy(text + strlen(begin) + i * strlen(middle), middle, strlen(middle));
	strcat(text, end);
	rc = query_parse(text, &env, &node, &err);
	assert_true((rc == 0) == (node != NULL));
	cert_node_free(node);
	free(text);
	return rc;
}

static void
limits__hold(void **state)
{
	(void)state;
	assert_int_equal(parse_repeated("Id -eq 1", " OR Id -eq 1", CERT_TESTS_MAX - 1, ""), 0);
	assert_int_equal(parse_repeated("Id -eq 1", " OR Id -eq 1", CERT_TESTS_MAX, ""),
	    GH_E_BAD_REQUEST);
	assert_non_null(strstr(err.message, "more than 40 tests"));
	assert_int_equal(parse_repeated("", "(", QUERY_MAX_DEPTH + 1, "Id -eq 1"),
	    GH_E_BAD_REQUEST);
	assert_non_null(strstr(err.message, "too many brackets"));
	assert_int_equal(parse_repeated("CN -eq \"", "x", QUERY_MAX_BYTES - 9, "\""), 0);
	assert_int_equal(parse_repeated("CN -eq \"", "x", QUERY_MAX_BYTES, "\""), GH_E_BAD_REQUEST);
	assert_int_equal(parse_repeated("", "x", 81, " -eq 1"), GH_E_BAD_REQUEST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(understood__table),
	    cmocka_unit_test(refused__with_the_column),
	    cmocka_unit_test(limits__hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
