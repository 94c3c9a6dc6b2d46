/* What queries are in SQL: the condition itself, and what indexes find of it (cert_narrow.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inventory/cert_order.h"
#include "inventory/query_parse.h"
#include "store/inventory/cert_narrow.h"
#include "store/store_private.h"

#define SQL_MAX 65536

static struct metadata_field fields[] = {
    {.name = (char *)"Department", .type = METADATA_STRING},
    {.name = (char *)"Cost-Center", .type = METADATA_INTEGER},
    {.name = (char *)"Owner", .type = METADATA_STRING, .indexed = true},
    {.name = (char *)"Rack", .type = METADATA_INTEGER, .indexed = true},
    {.name = (char *)"Until", .type = METADATA_DATE, .indexed = true},
    {.name = (char *)"Spare", .type = METADATA_BOOLEAN, .indexed = true},
};
static const struct query_env env = {.field = fields,
    .fields = 6,
    .me = "alice",
    .now = 1796042096};
static struct gh_error err;

static struct cert_node *
parsed(const char *query)
{
	struct cert_node *n;

	if (query_parse(query, &env, &n, &err) != 0)
		fail_msg("%s: %s", query, err.message);
	return n;
}

/* "SQL <- values", where "#1" stands for the first value. */
static char *
told(const struct gh_buf *b, const struct store_params *p)
{
	const char *values = p->n > 0 ? p->value[0] : "";
	char *out = malloc(b->len + strlen(values) + 8), *to = out;

	assert_non_null(out);
	assert_false(b->failed || p->failed || p->n > 1);
	for (const char *at = (const char *)b->data; *at != '\0';) {
		if (strncmp(at, "($1::text[])[", 13) == 0) {
			*to++ = '#';
			for (at += 13; *at != ']'; at++)
				*to++ = *at;
			at++;
		} else {
			*to++ = *at++;
		}
	}
	*to = '\0';
	strcat(to, " <- ");
	strcat(to, values);
	return out;
}

static void
check(const char *query, int how, const char *expected)
{
	struct cert_node *n = parsed(query);
	struct store_params p = {0};
	struct gh_buf b;
	char *text;

	gh_buf_init(&b, SQL_MAX);
	if (how < 0) {
		cert_filter_put(&b, &p, n);
	} else if (expected == NULL) {
		assert_false(cert_is_narrow(n, (enum cert_narrow)how));
	} else {
		assert_true(cert_is_narrow(n, (enum cert_narrow)how));
		cert_narrow_put(&b, &p, n, (enum cert_narrow)how);
	}
	if (expected != NULL) {
		text = told(&b, &p);
		assert_string_equal(text, expected);
		free(text);
	}
	store_params_clear(&p);
	gh_buf_free(&b);
	cert_node_free(n);
}

static void
conditions__table(void **state)
{
	static const struct {
		const char *query, *sql;
	} rows[] = {
	    {"Id -eq 5", "(id = #1::bigint) <- {\"5\"}"},
	    {"Requester -eq \"A\"", "(lower(requester) = lower(#1)) <- {\"A\"}"},
	    {"Requester -ne \"A\"", "((lower(requester) = lower(#1)) IS NOT TRUE) <- {\"A\"}"},
	    {"Subject -contains \"100%_\"",
		"(lower(subject) LIKE lower(#1)) <- {\"%100\\\\%\\\\_%\"}"},
	    {"Template -eq NULL", "(NOT (coalesce((template)::text, '') <> '')) <- "},
	    {"Id -eq 1 AND (Id -eq 2 OR State -eq \"active\")",
		"((id = #1::bigint) AND ((id = #2::bigint) OR (status <> 21 AND not_after >= now()))) <- {\"1\",\"2\"}"},
	    {"Department -eq \"x' OR 1=1\"",
		"(lower((metadata->>#1)) = lower(#2)) <- {\"Department\",\"x' OR 1=1\"}"},
	    {"KeyType -eq \"rsa\" AND KeySize -lt 3072",
		"((lower(split_part(certificate_key(der), ' ', 1)) = lower(#1)) AND "
		"(substring(certificate_key(der) FROM ' (?:P-)?([0-9]+)$')::bigint < #2::bigint)) <- {\"rsa\",\"3072\"}"},
	    /* what costs less first */
	    {"KeySize -lt 3072 AND (CN -eq \"a\" OR Requester -eq \"b\")",
		"(((lower(requester) = lower(#1)) OR (EXISTS (SELECT FROM dn_values(subject, #2) AS v(v) WHERE lower(v) = lower(#3)))) AND "
		"(substring(certificate_key(der) FROM ' (?:P-)?([0-9]+)$')::bigint < #4::bigint)) <- {\"b\",\"CN\",\"a\",\"3072\"}"},
	    {"NotAfter -le \"2026-12-01\"",
		"(not_after < to_timestamp(#1::bigint)) <- {\"1796169600\"}"},
	    {"DNS -eq \"a\"",
		"(EXISTS (SELECT FROM (SELECT substr(n, strpos(n, ':') + 1) FROM unnest(sans) n WHERE starts_with(n, #1)) AS v(v) "
		"WHERE lower(v) = lower(#2))) <- {\"dns:\",\"a\"}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(rows[i].query, -1, rows[i].sql);
}

#define SUBJECT "lower(left(subject, 200)) COLLATE \"C\""
#define OR_IN_MILLIONS " OR id >> 20 = ANY ((SELECT certificate_millions())::bigint[]) AND "
#define INNER "dn_inner_cn(subject) COLLATE \"C\""
#define FURTHER "dn_further_cn(subject) COLLATE \"C\""
#define LIKE " LIKE lower(#1)"
/* It begins the subject, is the first or the second of further ones, or there are more. */
#define CN_LIKE \
	"(" SUBJECT LIKE OR_IN_MILLIONS INNER LIKE OR_IN_MILLIONS FURTHER LIKE OR_IN_MILLIONS \
	    FURTHER " = '')"
#define IS(name) name " >= lower(#1) AND " name " < lower(#1) || '-'"
#define CN_IS \
	"(" IS(SUBJECT) OR_IN_MILLIONS IS(INNER) \
	OR_IN_MILLIONS IS(FURTHER) \
	OR_IN_MILLIONS FURTHER " = '')"
#define TEXT_60 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define TEMPLATE "lower(coalesce(template, ''))"
#define SHA1 "0123456789ABCDEF0123456789ABCDEF01234567"
#define SHA256 SHA1 "0123456789ABCDEF01234567"
#define DNS_OF(v) \
	"(sans[1] IS NOT NULL AND certificate_mark(id, lower(sans[1])) = ANY ((SELECT certificate_marks('dns:' || lower(" v \
	")))::bigint[]) " \
	"OR sans[2] IS NOT NULL AND certificate_mark(id, lower(sans[2])) = ANY ((SELECT certificate_marks('dns:' || lower(" v \
	")))::bigint[]) " \
	"OR sans[3] IS NOT NULL AND lower_texts(sans) && ARRAY['dns:' || lower(" v ")])"

/* NULL: no index finds them. */
static void
what_indexes_find__table(void **state)
{
	static const struct {
		const char *query;
		enum cert_narrow how;
		const char *sql;
	} rows[] = {
	    {"Id -eq 5", CERT_NARROW_ANY, "((id = #1::bigint)) <- {\"5\"}"},
	    {"Id -ne 5", CERT_NARROW_ANY, NULL},
	    {"CN -eq \"web1.example.com\"", CERT_NARROW_ANY, CN_IS " <- {\"CN=web1.example.com\"}"},
	    {"CN -eq \"J\xc3\xb6rg M. (R&D)\"", CERT_NARROW_ANY,
		CN_IS " <- {\"CN=J\xc3\xb6rg M. (R&D)\"}"},
	    {"CN -eq \"" TEXT_60 "\"", CERT_NARROW_ANY, CN_IS " <- {\"CN=" TEXT_60 "\"}"},
	    {"CN -eq \"" TEXT_60 "x\"", CERT_NARROW_ANY, CN_LIKE " <- {\"CN=" TEXT_60 "%\"}"},
	    {"CN -startswith \"a_b, c\"", CERT_NARROW_ANY, CN_LIKE " <- {\"CN=a\\\\_b%\"}"},
	    {"CN -eq \"a +b\"", CERT_NARROW_ANY, CN_LIKE " <- {\"CN=a%\"}"},
	    {"CN -eq \"bc\xc4\xb0\"", CERT_NARROW_ANY, CN_LIKE " <- {\"CN=b%\"}"},
	    {"CN -eq \"b\xc3\xb6I\xcc\x87\"", CERT_NARROW_ANY, CN_LIKE " <- {\"CN=b\xc3\xb6%\"}"},
	    {"CN -startswith \"b\xc3\xb6\xd1\x8f\"", CERT_NARROW_ANY, CN_LIKE " <- {\"CN=b%\"}"},
	    {"CN -eq \"I\xcc\x87\"", CERT_NARROW_ANY, NULL},
	    {"Subject -eq \"CN=I\xcc\x87\"", CERT_NARROW_ANY, "(" SUBJECT LIKE ") <- {\"CN=%\"}"},
	    {"CN -startswith \"\xce\xa3\"", CERT_NARROW_ANY, NULL},
	    {"CN -eq \"\"", CERT_NARROW_ANY, NULL},
	    {"CN -contains \"web\"", CERT_NARROW_ANY, NULL},
	    {"OU -eq \"web\"", CERT_NARROW_ANY, NULL},
	    {"Subject -eq \"CN=a, O=b\"", CERT_NARROW_ANY,
		"(" SUBJECT " = lower(#1)) <- {\"CN=a, O=b\"}"},
	    {"Subject -startswith \"CN=a+\"", CERT_NARROW_ANY,
		"(" SUBJECT LIKE ") <- {\"CN=a+%\"}"},
	    {"DNS -eq \"a\"", CERT_NARROW_ANY, DNS_OF("#1") " <- {\"a\"}"},
	    {"DNS -ne \"a\"", CERT_NARROW_ANY, NULL},
	    {"Thumbprint -eq \"" SHA1 "\"", CERT_NARROW_ANY,
		"(certificate_mark(id, encode(sha1, 'hex')) = ANY ((SELECT certificate_marks(lower(#1)))::bigint[])) <- "
		"{\"" SHA1 "\"}"},
	    {"Thumbprint -eq \"" SHA256 "\"", CERT_NARROW_ANY,
		"(certificate_mark(id, encode(sha256, 'hex')) = ANY ((SELECT certificate_marks(lower(#1)))::bigint[])) <- "
		"{\"" SHA256 "\"}"},
	    {"Key -eq \"" SHA256 "\"", CERT_NARROW_ANY,
		"(certificate_mark(id, encode(spki_sha256, 'hex')) = ANY ((SELECT certificate_marks(lower(#1)))::bigint[])) <- "
		"{\"" SHA256 "\"}"},
	    {"Thumbprint -ne \"" SHA1 "\"", CERT_NARROW_ANY, NULL},
	    {"State -eq \"revoked\"", CERT_NARROW_ANY, "(status = 21) <- "},
	    {"State -eq \"hold\"", CERT_NARROW_ANY,
		"(id IN (SELECT h.certificate_id FROM revocation h WHERE h.reason = 6 AND h.removed_at IS NULL)) <- "},
	    {"State -eq \"hold\"", CERT_NARROW_BY_NOT_AFTER, NULL},
	    {"State -eq \"active\"", CERT_NARROW_BY_NOT_AFTER,
		"((status <> 21 AND not_after >= now())) <- "},
	    {"Department -eq \"IT\"", CERT_NARROW_ANY, NULL},
	    {"Department -eq \"IT\" AND Template -eq \"t\"", CERT_NARROW_ANY,
		"((" TEMPLATE " = lower(#1))) <- {\"t\"}"},
	    {"Department -eq \"IT\" OR Template -eq \"t\"", CERT_NARROW_ANY, NULL},
	    {"Id -eq 5 OR Template -eq \"t\" AND State -eq \"revoked\"", CERT_NARROW_ANY,
		"(((id = #1::bigint)) OR ((" TEMPLATE " = lower(#2)))) <- {\"5\",\"t\"}"},
	    {"NotAfter -gt %TODAY% AND Template -eq \"t\" AND CN -eq \"x\"", CERT_NARROW_ANY,
		"(" CN_IS ") <- {\"CN=x\"}"},
	    {"NotAfter -ge \"2026-12-01\" AND NotAfter -lt \"2026-12-02\"", CERT_NARROW_ANY,
		"(((not_after >= to_timestamp(#1::bigint))) AND ((not_after < to_timestamp(#2::bigint)))) <- "
		"{\"1796083200\",\"1796169600\"}"},
	    {"Id -eq 5", CERT_NARROW_BY_ID, NULL},
	    {"Template -eq \"t\" AND CN -eq \"a\"", CERT_NARROW_BY_ID,
		"((" TEMPLATE " = lower(#1))) <- {\"t\"}"},
	    {"Template -eq \"t\" OR Template -eq \"u\"", CERT_NARROW_BY_ID, NULL},
	    {"Template -eq \"t\" AND Id -eq 5", CERT_NARROW_BY_TEMPLATE,
		"((" TEMPLATE " = lower(#1))) <- {\"t\"}"},
	    {"Template -startswith \"t\"", CERT_NARROW_BY_TEMPLATE, NULL},
	    {"NotAfter -lt \"2026-12-01\" AND Template -eq \"t\"", CERT_NARROW_BY_NOT_AFTER,
		"(((not_after < to_timestamp(#1::bigint)))) <- {\"1796083200\"}"},
	    {"NotAfter -ne \"2026-12-01\"", CERT_NARROW_BY_NOT_AFTER, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(rows[i].query, (int)rows[i].how, rows[i].sql);
}

#define TEXT_OF(n) "(coalesce(lower(left(metadata->>" n ", 200)), '') COLLATE \"C\")"
#define LIMITED_OF(n) "least(greatest((metadata->>" n ")::numeric, -1e19), 1e19)"
#define NUMBER_OF(n) \
	"(coalesce(CASE WHEN jsonb_typeof(metadata->" n ") = 'number' THEN (floor(" LIMITED_OF( \
	    n) ") + ceil(" LIMITED_OF(n) ")) * 0.5 " \
					 "WHEN metadata->>" n " <> '' THEN -2e19 END, -1e20))"
#define LETTERS_96 \
	"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqr"

/* Of fields that have an index: the same expression as in it. */
static void
indexed_metadata__table(void **state)
{
	static const struct {
		const char *query;
		enum cert_narrow how;
		const char *sql;
	} rows[] = {
	    {"Owner -eq \"x' OR 1=1\"", CERT_NARROW_BY_ID,
		"(" TEXT_OF("#1") " = lower(#2)) <- {\"Owner\",\"x' OR 1=1\"}"},
	    {"Owner -eq NULL", CERT_NARROW_BY_ID, "(" TEXT_OF("#1") " = '') <- {\"Owner\"}"},
	    {"Owner -ne NULL", CERT_NARROW_BY_ID, NULL},
	    {"Owner -ne NULL", CERT_NARROW_ANY, "(" TEXT_OF("#1") " > '') <- {\"Owner\"}"},
	    {"Owner -ne \"a\"", CERT_NARROW_ANY, NULL},
	    {"Owner -contains \"a\"", CERT_NARROW_ANY, NULL},
	    {"Owner -startswith \"\"", CERT_NARROW_ANY, NULL},
	    {"Owner -startswith \"50%_\"", CERT_NARROW_ANY,
		"(" TEXT_OF("#1") " LIKE lower(#2)) <- {\"Owner\",\"50\\\\%\\\\_%\"}"},
	    {"Owner -eq \"" LETTERS_96 "\"", CERT_NARROW_BY_ID,
		"(" TEXT_OF("#1") " = lower(#2)) <- {\"Owner\",\"" LETTERS_96 "\"}"},
	    {"Owner -eq \"" LETTERS_96 "x\"", CERT_NARROW_BY_ID, NULL},
	    {"Owner -eq \"" LETTERS_96 "x\"", CERT_NARROW_ANY,
		"(" TEXT_OF("#1") " LIKE lower(#2)) <- {\"Owner\",\"" LETTERS_96 "%\"}"},
	    {"Owner -eq \"\xc3\xbc" LETTERS_96 "\"", CERT_NARROW_ANY, NULL},
	    {"Rack -eq 7", CERT_NARROW_BY_ID,
		"(" NUMBER_OF("#1") " = #2::numeric) <- {\"Rack\",\"7\"}"},
	    {"Rack -lt 7", CERT_NARROW_ANY,
		"(" NUMBER_OF("#1") " < #2::numeric AND " NUMBER_OF(
		    "#1") " > -2e19) <- {\"Rack\",\"7\"}"},
	    {"Rack -gt 7", CERT_NARROW_BY_ID, NULL},
	    {"Rack -gt 7 AND Rack -lt 9 AND NotAfter -lt %TODAY%", CERT_NARROW_ANY,
		"(((" NUMBER_OF("#1") " > #2::numeric) AND (" NUMBER_OF(
		    "#3") " < #4::numeric AND " NUMBER_OF("#3") " > -2e19))) <- "
								"{\"Rack\",\"7\",\"Rack\",\"9\"}"},
	    {"Rack -gt 7 AND Until -gt \"2027-01-01\"", CERT_NARROW_ANY,
		"((" NUMBER_OF("#1") " > #2::numeric)) <- {\"Rack\",\"7\"}"},
	    {"Rack -eq 7 AND Template -eq \"t\"", CERT_NARROW_BY_ID,
		"((" NUMBER_OF("#1") " = #2::numeric)) <- {\"Rack\",\"7\"}"},
	    {"Until -le \"2027-01-01\"", CERT_NARROW_ANY,
		"(" TEXT_OF("#1") " <= lower(#2) AND " TEXT_OF(
		    "#1") " > '') <- {\"Until\",\"2027-01-01\"}"},
	    {"Spare -eq true", CERT_NARROW_BY_ID, "(" TEXT_OF("#1") " = 'true') <- {\"Spare\"}"},
	    {"Department -eq \"a\"", CERT_NARROW_BY_ID, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(rows[i].query, (int)rows[i].how, rows[i].sql);
}

static void
orders__of_indexed_metadata(void **state)
{
	static const struct {
		const char *query, *word;
		enum cert_sort sort;
		const char *field;
	} rows[] = {
	    {"Owner -eq \"a\"", NULL, CERT_BY_ID, NULL},
	    {"Owner -eq \"a\"", "owner", CERT_BY_ID, NULL},
	    {"Owner -eq \"a\"", "rack", CERT_BY_NUMBER_FIELD, "Rack"},
	    {"Owner -startswith \"a\"", NULL, CERT_BY_TEXT_FIELD, "Owner"},
	    {"Owner -startswith \"a\"", "id", CERT_BY_ID, NULL},
	    {"Rack -gt 7 AND Until -gt \"2027-01-01\"", NULL, CERT_BY_NUMBER_FIELD, "Rack"},
	    {"Rack -gt 7 AND NotAfter -gt %TODAY%", NULL, CERT_BY_NOT_AFTER, NULL},
	    {"Rack -gt 7 AND Owner -eq \"a\"", NULL, CERT_BY_ID, NULL},
	    {"Rack -gt 7 OR Rack -lt 3", NULL, CERT_BY_ID, NULL},
	    {"Id -gt 7", "Metadata.UNTIL", CERT_BY_TEXT_FIELD, "Until"},
	};
	struct cert_order order;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cert_node *n = parsed(rows[i].query);

		assert_true(cert_order_find(&env, rows[i].word, n, &order));
		if (order.sort != rows[i].sort ||
		    strcmp(order.field != NULL ? order.field : "",
			rows[i].field != NULL ? rows[i].field : "") != 0)
			fail_msg("%s", rows[i].query);
		cert_node_free(n);
	}
	assert_false(cert_order_find(&env, "Department", NULL, &order));
	assert_false(cert_order_find(&env, "Metadata.id", NULL, &order));
}

/* More than what is along the order: whether all that is found is sorted. */
static void
beside_the_order__table(void **state)
{
	static const struct {
		const char *query;
		enum cert_narrow how;
		bool is;
	} rows[] = {
	    {"Template -eq \"t\"", CERT_NARROW_BY_ID, false},
	    {"Template -eq \"t\"", CERT_NARROW_BY_NOT_AFTER, true},
	    {"Template -eq \"t\" AND CN -eq \"a\"", CERT_NARROW_BY_ID, true},
	    {"Template -eq \"t\" AND CN -contains \"a\"", CERT_NARROW_BY_ID, false},
	    {"Template -eq \"t\" OR CN -eq \"a\"", CERT_NARROW_BY_ID, true},
	    {"NotAfter -lt %TODAY% AND State -eq \"expired\"", CERT_NARROW_BY_NOT_AFTER, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cert_node *n = parsed(rows[i].query);

		if (cert_is_narrow_beside(n, rows[i].how) != rows[i].is)
			fail_msg("%s", rows[i].query);
		cert_node_free(n);
	}
}

static void
by_one__table(void **state)
{
	static const struct {
		const char *query;
		bool is;
	} rows[] = {
	    {"State -eq \"active\" AND CN -eq \"a\"", true},
	    {"DNS -eq \"a\" OR Thumbprint -eq \"" SHA1 "\"", true},
	    {"DNS -eq \"a\" OR Template -eq \"t\"", false},
	    {"NotAfter -gt %TODAY% AND Owner -eq \"a\"", false},
	    {"CN -contains \"a\"", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cert_node *n = parsed(rows[i].query);

		if (cert_is_narrow_by_one(n) != rows[i].is)
			fail_msg("%s", rows[i].query);
		cert_node_free(n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(conditions__table),
	    cmocka_unit_test(what_indexes_find__table),
	    cmocka_unit_test(indexed_metadata__table),
	    cmocka_unit_test(orders__of_indexed_metadata),
	    cmocka_unit_test(beside_the_order__table),
	    cmocka_unit_test(by_one__table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
