/* Which other certificates have to do with one: what it was renewed from and what was renewed from
 * it, and those of the same key, or of the same subject and requester. See console_cert.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rest/rest_certificate.h"
#include "timestamp.h"

#include "console_ask.h"
#include "console_cert.h"
#include "console_query_test.h"
#include "console_page.h"

#define SAME_MAX 1000     /* bytes of a name that is searched for */
#define SUCCESSORS_MAX 10 /* the last ones, that are asked for; a query has 40 tests at most */
#define ROWS "20"

/* ---- the query ---- */

static void
put_or(struct gh_buf *b, const char *test)
{
	gh_buf_putf(b, "%s%s", b->len > 0 ? " OR " : "", test);
}

static void
put_number(struct gh_buf *b, const gh_json *id)
{
	char test[48];
	int64_t n;

	if (!gh_json_int(id, &n))
		return;
	snprintf(test, sizeof(test), "Id -eq %" PRId64, n);
	put_or(b, test);
}

/* FIELD -eq "value" AND ... in brackets; nothing where one of them is not there. */
static void
put_same(struct gh_buf *b, const char *const field[2], const char *const value[2])
{
	struct gh_buf tests;

	for (int i = 0; i < 2 && field[i] != NULL; i++)
		if (value[i] == NULL || *value[i] == '\0' || strlen(value[i]) > SAME_MAX)
			return;
	gh_buf_init(&tests, CONSOLE_QUERY_MAX);
	for (int i = 0; i < 2 && field[i] != NULL; i++)
		console_query_test(&tests, field[i], "-eq", value[i]);
	gh_buf_putf(b, "%s(%s)", b->len > 0 ? " OR " : "",
	    tests.data != NULL ? (const char *)tests.data : "");
	gh_buf_free(&tests);
}

static const char *
text_of(const gh_json *cert, const char *name)
{
	return gh_json_string(gh_json_get(cert, name));
}

/* What it was renewed from, and what was renewed from it; "": nothing. */
static void
write_renewals(struct gh_buf *b, const gh_json *cert)
{
	const gh_json *after = gh_json_get(cert, "replaced_by");
	size_t n = gh_json_size(after);

	put_number(b, gh_json_get(cert, "replaces"));
	for (size_t i = n > SUCCESSORS_MAX ? n - SUCCESSORS_MAX : 0; i < n; i++)
		put_number(b, gh_json_at(after, i));
}

/* All others: renewals are found here once more, and left out of the answer. */
static void
write_same(struct gh_buf *b, const gh_json *cert)
{
	const char *const key[] = {"Key", NULL}, *const name[] = {"Subject", "Requester"};
	const char *const of_key[] = {text_of(cert, "spki_sha256"), NULL};
	const char *const of_name[] = {text_of(cert, "subject"), text_of(cert, "requester")};

	put_same(b, key, of_key);
	put_same(b, name, of_name);
}

/* ---- the answer ---- */

static bool
has_number(const gh_json *list, int64_t wanted)
{
	int64_t n;

	for (size_t i = 0; i < gh_json_size(list); i++)
		if (gh_json_int(gh_json_at(list, i), &n) && n == wanted)
			return true;
	return false;
}

static int64_t
number_of(const gh_json *cert, const char *name)
{
	int64_t n = 0;

	return gh_json_int(gh_json_get(cert, name), &n) ? n : 0;
}

/* What it is to the certificate: a text relation.NAME; NULL: it is the certificate itself. */
static const char *
relation_of(const gh_json *cert, const gh_json *row)
{
	const char *subject = text_of(row, "subject"), *own = text_of(cert, "subject");
	int64_t id = number_of(row, "id");

	if (id == number_of(cert, "id"))
		return NULL;
	if (id == number_of(cert, "replaces"))
		return "before";
	if (has_number(gh_json_get(cert, "replaced_by"), id))
		return "after";
	return subject != NULL && own != NULL && strcmp(subject, own) == 0 ? "subject" : "key";
}

static int
append(gh_json *list, gh_json *row, const char *relation)
{
	const char *end = text_of(row, "not_after");

	return gh_json_set_string(row, "relation", relation) |
	    gh_json_set_string(row, "called", console_called(row)) |
	    gh_json_set_string(row, "state", console_state(text_of(row, "status"), end, gh_now())) |
	    console_set_day(row, "begins", text_of(row, "not_before")) |
	    console_set_day(row, "ends", end) | gh_json_append(list, gh_json_ref(row));
}

static bool
is_renewal(const char *relation)
{
	return strcmp(relation, "before") == 0 || strcmp(relation, "after") == 0;
}

static int
put_all(gh_json *data, const struct gh_buf *query)
{
	struct gh_buf q;
	int bad;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "query", (const char *)query->data);
	bad = console_set_link(data, "all_relatives", "/console/certificates", &q);
	gh_buf_free(&q);
	return bad;
}

/* What a query finds, the first page of it: data has a link to all where there are more. A database
 * that is busy keeps nobody from the certificate itself. */
static int
append_found(struct worker_env *env, const struct call *call, const gh_json *cert,
    const struct gh_buf *query, bool renewals, gh_json *list, gh_json *data)
{
	struct gh_error err = {0};
	gh_json *page = NULL, *rows = NULL;
	struct gh_buf q;
	int bad = 0;

	if (query->len == 0)
		return 0;
	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "query", (const char *)query->data);
	console_query_put(&q, "order", "newest");
	console_query_put(&q, "limit", ROWS);
	console_query_put(&q, "fields", "id,subject,sans,status,not_before,not_after");
	if (gh_buf_check(query, &err) == 0 && gh_buf_check(&q, &err) == 0 &&
	    console_get(env, call, rest_certificate_list, (const char *)q.data, &page, &err) == 0)
		rows = gh_json_get(page, "entries");
	if (gh_json_type(gh_json_get(page, "next")) != GH_JSON_NULL)
		bad |= put_all(data, query);
	for (size_t i = 0; i < gh_json_size(rows); i++) {
		gh_json *row = gh_json_at(rows, i);
		const char *relation = relation_of(cert, row);

		if (relation != NULL && is_renewal(relation) == renewals)
			bad |= append(list, row, relation);
	}
	gh_json_free(page);
	gh_buf_free(&q);
	return bad;
}

int
console_cert_put_related(struct worker_env *env, const struct call *call, const gh_json *cert,
    gh_json *data)
{
	gh_json *list = gh_json_new_array();
	struct gh_buf query;
	int bad;

	gh_buf_init(&query, CONSOLE_QUERY_MAX);
	write_renewals(&query, cert);
	bad = append_found(env, call, cert, &query, true, list, data);
	gh_buf_free(&query);
	gh_buf_init(&query, CONSOLE_QUERY_MAX);
	write_same(&query, cert);
	bad |= append_found(env, call, cert, &query, false, list, data);
	gh_buf_free(&query);
	if (gh_json_size(gh_json_get(cert, "replaced_by")) > SUCCESSORS_MAX)
		bad |= gh_json_set_bool(data, "more_renewals", true);
	return bad | gh_json_set_bool(data, "has_relatives", gh_json_size(list) > 0) |
	    gh_json_set(data, "relatives", list);
}
