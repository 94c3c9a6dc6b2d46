/* GET /console/certificates. See console.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rest/rest_certificate.h"
#include "rest/rest_list.h"
#include "timestamp.h"

#include "pages/page.h"

#include "console.h"
#include "console_ask.h"
#include "console_filter.h"
#include "console_page.h"

#define ROWS "50" /* of a page */
#define PATH "/console/certificates"

enum { AT, ORDER_BY, ORDER, QUERY, WRITE, LANGUAGE, FILTERS };
/* Members of the API that are always shown, and what is shown where it is asked for. */
#define ALWAYS "id,subject,status,template,not_after,ca,requester"
static const struct {
	const char *name, *member;
} columns[] = {{"show_names", "sans"}, {"show_serial", "serial"}, {"show_begins", "not_before"},
    {"show_issuer", "issuer"}, {"show_metadata", "metadata"}};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define FIRST_COLUMN (FILTERS + CONSOLE_FILTERS)
#define PARAMS (FIRST_COLUMN + COLUMNS)
#define NAMES_MAX 3 /* of a certificate, in its row */
#define METADATA_TEXT_MAX 4096

/* What is asked for. */
struct asked {
	struct rest_param p[PARAMS];
	char *written; /* the query that the filters make, owned; NULL: that of the form counts */
	const char *query; /* "" = all */
};

/* A form sends fields that are empty. */
static void
drop_empty(struct rest_param *p)
{
	if (p->value != NULL && *p->value == '\0') {
		free(p->value);
		p->value = NULL;
	}
}

static int
read_query(const struct call *call, struct asked *a, struct rest_fields *f, struct gh_error *err)
{
	static const char *const names[FILTERS] = {"page", "order_by", "order", "query", "write",
	    "lang"};
	int rc;

	for (size_t i = 0; i < PARAMS; i++)
		a->p[i].name = i < FILTERS ? names[i]
		    : i < FIRST_COLUMN     ? console_filter_names[i - FILTERS]
					   : columns[i - FIRST_COLUMN].name;
	if ((rc = rest_params_read(call, a->p, PARAMS, f, err)) != 0)
		return rc;
	for (size_t i = 0; i < PARAMS; i++)
		drop_empty(&a->p[i]);
	if ((rc = rest_fields_check(f, err)) == 0 && a->p[WRITE].value != NULL)
		rc = console_filter_write(&a->p[FILTERS], &a->written, err);
	a->query = a->written != NULL   ? a->written
	    : a->p[QUERY].value != NULL ? a->p[QUERY].value
					: "";
	return rc;
}

static const char *
chosen(const struct asked *a, int param, const char *otherwise)
{
	return a->p[param].value != NULL ? a->p[param].value : otherwise;
}

/* What the API is asked for. */
static void
put_search(struct gh_buf *q, const struct asked *a)
{
	console_query_put(q, "query", a->query);
	console_query_put(q, "order_by", chosen(a, ORDER_BY, "id"));
	console_query_put(q, "order", chosen(a, ORDER, "desc"));
}

static int
ask(struct worker_env *env, const struct call *call, const struct asked *a, gh_json **out,
    struct gh_error *err)
{
	struct gh_buf q;
	int rc;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	put_search(&q, a);
	console_query_put(&q, "page", a->p[AT].value);
	console_query_put(&q, "limit", ROWS);
	if ((rc = gh_buf_check(&q, err)) == 0) {
		const struct console_ask what = {.handler = rest_certificate_list,
		    .method = GH_HTTP_GET,
		    .query = (char *)q.data};

		rc = console_ask(env, call, &what, out, err);
	}
	gh_buf_free(&q);
	return rc;
}

/* --- what the page shows ---------------------------------------------------------------------- */

/* "Department: IT, Stage: test"; "…" where there is too much for a row. */
static int
put_metadata(gh_json *row)
{
	const gh_json *o = gh_json_get(row, "metadata");
	struct gh_buf b;
	int bad;

	gh_buf_init(&b, METADATA_TEXT_MAX);
	for (void *it = gh_json_iter(o); it != NULL; it = gh_json_next(o, it)) {
		char number[CONSOLE_VALUE_SIZE];

		gh_buf_putf(&b, "%s%s: %s", b.len > 0 ? ", " : "", gh_json_iter_name(it),
		    console_value(gh_json_iter_value(it), number));
	}
	gh_buf_puts(&b, "");
	bad = gh_json_set_string(row, "metadata_text",
	    gh_buf_check(&b, NULL) == 0 && b.data != NULL ? (const char *)b.data : "…");
	gh_buf_free(&b);
	return bad;
}

/* The first of its names, and whether there are more. */
static int
put_names(gh_json *row)
{
	const gh_json *sans = gh_json_get(row, "sans");
	gh_json *list = gh_json_new_array();
	int bad = 0;

	for (size_t i = 0; i < gh_json_size(sans) && i < NAMES_MAX; i++)
		bad |= gh_json_append(list, gh_json_ref(gh_json_at(sans, i)));
	return bad | console_set(row, "names", list) |
	    gh_json_set_bool(row, "has_more_names", gh_json_size(sans) > NAMES_MAX);
}

/* What a row has beside the members of the API: a state for people, and what it is called by. */
static int
put_rows(gh_json *data, gh_json *entries)
{
	int64_t now = gh_now();
	int bad = gh_json_set_bool(data, "has_rows", gh_json_size(entries) > 0);

	for (size_t i = 0; i < gh_json_size(entries); i++) {
		gh_json *row = gh_json_at(entries, i);
		const char *end = gh_json_string(gh_json_get(row, "not_after"));

		bad |= gh_json_set_string(row, "called", console_called(row)) |
		    console_set_day(row, "day", end) |
		    console_set_day(row, "begins", gh_json_string(gh_json_get(row, "not_before"))) |
		    put_names(row) | put_metadata(row) |
		    gh_json_set_string(row, "state",
			console_state(gh_json_string(gh_json_get(row, "status")), end, now));
	}
	return bad | gh_json_set(data, "entries", gh_json_ref(entries));
}

/* Where the list goes on; the filters go along, so that they stay as they were set. at: of the API,
 * or null. */
static int
put_link(gh_json *data, const char *name, const struct asked *a, const gh_json *at)
{
	const char *page = gh_json_string(at);
	struct gh_buf b;
	int bad = 0;

	if (page == NULL)
		return 0;
	gh_buf_init(&b, CONSOLE_QUERY_MAX);
	console_query_put(&b, "page", page);
	console_query_put(&b, "query", a->query);
	console_query_put(&b, "order_by", a->p[ORDER_BY].value);
	console_query_put(&b, "order", a->p[ORDER].value);
	for (size_t i = FILTERS; i < PARAMS; i++)
		console_query_put(&b, a->p[i].name, a->p[i].value);
	bad = console_set_link(data, name, PATH, &b);
	gh_buf_free(&b);
	return bad;
}

/* "id,subject,...": what is shown. Returns out. */
#define MEMBERS_SIZE 160
static const char *
members(const struct asked *a, char out[MEMBERS_SIZE])
{
	size_t n = (size_t)snprintf(out, MEMBERS_SIZE, "%s", ALWAYS);

	for (size_t i = 0; i < COLUMNS && n < MEMBERS_SIZE; i++)
		if (a->p[FIRST_COLUMN + i].value != NULL)
			n += (size_t)snprintf(out + n, MEMBERS_SIZE - n, ",%s", columns[i].member);
	return out;
}

/* Where all of what is searched is a file. */
static int
put_file(gh_json *data, const char *format, const struct asked *a)
{
	char fields[MEMBERS_SIZE];
	struct gh_buf b;
	int bad;

	gh_buf_init(&b, CONSOLE_QUERY_MAX);
	console_query_put(&b, "format", format);
	put_search(&b, a);
	console_query_put(&b, "fields", members(a, fields));
	bad = console_set_link(data, format, PATH "/file", &b);
	gh_buf_free(&b);
	return bad;
}

/* The query as it was sent, cut at the column that the message names: characters, from 1. */
static int
put_place(gh_json *data, const struct asked *a, const gh_json *errors)
{
	const char *message =
	    gh_json_string(gh_json_get(gh_json_at(gh_json_get(errors, "query"), 0), "message"));
	const char *at = a->query;
	unsigned column = 0;
	gh_json *o;
	char *before;
	int bad;

	if (message == NULL || sscanf(message, "query: column %u:", &column) != 1 || column == 0)
		return 0;
	while (*at != '\0' && column > 1) {
		at++;
		if (((unsigned char)*at & 0xc0) != 0x80) /* UTF-8: not inside a character */
			column--;
	}
	if ((before = strndup(a->query, (size_t)(at - a->query))) == NULL)
		return -1;
	o = gh_json_new_object();
	bad = o == NULL ? -1
			: gh_json_set_string(o, "before", before) |
		gh_json_set_string(o, "rest", at) | gh_json_set_bool(o, "is_end", *at == '\0');
	free(before);
	return bad | console_set(data, "place", o);
}

static const struct console_choice sorts[] = {
    {"id", "certificates.by_id"},
    {"not_after", "certificates.by_not_after"},
    {"subject", "certificates.by_subject"},
    {"requester", "certificates.by_requester"},
    {"serial", "certificates.by_serial"},
    {NULL, NULL},
};
static const struct console_choice orders[] = {
    {"desc", "certificates.desc"},
    {"asc", "certificates.asc"},
    {NULL, NULL},
};

/* columns: those to choose from; shows: those that are. */
static int
put_columns(gh_json *data, const struct asked *a, const struct words *w)
{
	gh_json *list = gh_json_new_array(), *shows = gh_json_new_object();
	bool has_more = false;
	int bad = 0;

	for (size_t i = 0; i < COLUMNS; i++) {
		gh_json *o = gh_json_new_object();
		bool is_shown = a->p[FIRST_COLUMN + i].value != NULL;
		char text[64];

		has_more |= is_shown;
		snprintf(text, sizeof(text), "certificate_columns.%s", columns[i].name);
		bad |= gh_json_set_string(o, "name", columns[i].name) |
		    gh_json_set_string(o, "text", words_get(w, text)) |
		    gh_json_set_bool(o, "is_shown", is_shown) | gh_json_append(list, o) |
		    gh_json_set_bool(shows, columns[i].name, is_shown);
	}
	return bad | gh_json_set_bool(data, "has_more_columns", has_more) |
	    console_set(data, "columns", list) | console_set(data, "shows", shows);
}

static int
put_form(gh_json *data, const struct worker_env *env, const struct call *call,
    const struct asked *a)
{
	const struct words *w = page_words(call->http);
	gh_json *values = gh_json_new_object(), *options = gh_json_new_object();
	int bad = gh_json_set_string(values, "query", a->query) |
	    console_set(options, "order_by", console_options(sorts, chosen(a, ORDER_BY, "id"), w)) |
	    console_set(options, "order", console_options(orders, chosen(a, ORDER, "desc"), w));

	bad |=
	    console_filter_put(&a->p[FILTERS], env, w, values, options) | put_columns(data, a, w);
	return bad | console_set(data, "values", values) | console_set(data, "options", options) |
	    gh_json_set_bool(data, "sees_all", console_sees_all(call->requester)) |
	    gh_json_set_bool(data, "is_filtered", a->written != NULL);
}

/* page: of the API; NULL: the query is wrong, as errors says. */
static void
show(const struct worker_env *env, const struct call *call, const struct asked *a,
    const gh_json *page, gh_json *errors, struct gh_http_reply *rep)
{
	gh_json *data = gh_json_new_object();
	int bad = data == NULL ? -1 : put_form(data, env, call, a);

	if (bad == 0 && page != NULL)
		bad = put_rows(data, gh_json_get(page, "entries")) |
		    put_link(data, "next", a, gh_json_get(page, "next")) |
		    put_link(data, "previous", a, gh_json_get(page, "previous")) |
		    put_file(data, "csv", a) | put_file(data, "jsonl", a) |
		    gh_json_set_bool(data, "has_page", true);
	if (bad == 0 && errors != NULL)
		bad = gh_json_set(data, "errors", gh_json_ref(errors)) | put_place(data, a, errors);
	if (bad != 0) {
		gh_json_free(data);
		data = NULL;
	}
	console_reply(env, call, errors != NULL ? 400 : 200, "certificates", data, rep);
}

/* The API says of a wrong query that the call is malformed. NULL: it is about something else. */
static gh_json *
query_errors(const struct gh_error *err)
{
	gh_json *errors = NULL, *list;

	if (err->code != GH_E_BAD_REQUEST || strncmp(err->message, "query:", 6) != 0)
		return NULL;
	list = gh_json_new_array();
	if (gh_json_append(list, rest_reason(err)) != 0 ||
	    (errors = gh_json_new_object()) == NULL ||
	    gh_json_set(errors, "query", gh_json_ref(list)) != 0) {
		gh_json_free(errors);
		errors = NULL;
	}
	gh_json_free(list);
	return errors;
}

void
console_certificates(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	struct asked a = {.query = ""};
	gh_json *answer = NULL, *errors = NULL;
	int rc = read_query(call, &a, &fields, &err);

	if (rc == 0 && (rc = ask(env, call, &a, &answer, &err)) != 0)
		errors = query_errors(&err);
	if (rc == 0 || errors != NULL)
		show(env, call, &a, errors == NULL ? answer : NULL, errors, rep);
	else
		page_refuse(call, &err, rep);
	if (errors != NULL)
		gh_http_reply_cause(rep, &err);
	gh_json_free(errors);
	gh_json_free(answer);
	free(a.written);
	rest_fields_clear(&fields);
	rest_params_clear(a.p, PARAMS);
}

/* --- as a file -------------------------------------------------------------------------------- */

void
console_certificates_file(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = rest_certificate_list,
	    .method = GH_HTTP_GET,
	    .query = call->http->query};
	struct gh_error err = {0};
	char *format = NULL;
	int rc = rest_query(call, "format", &format, &err);

	if (rc == 0 &&
	    (format == NULL || (strcmp(format, "csv") != 0 && strcmp(format, "jsonl") != 0)))
		rc = gh_refuse(&err, GH_E_VALIDATION, "The format is csv or jsonl.");
	free(format);
	/* the answer is the API's, with what follows of it while it is taken */
	if (rc != 0 || console_fetch(env, call, &what, rep, &err) != 0)
		page_refuse(call, &err, rep);
}
