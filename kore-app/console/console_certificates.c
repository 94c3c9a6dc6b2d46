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
#include "console_asked.h"
#include "console_page.h"
#include "console_runs.h"
#include "console_search.h"

#define ROWS "50" /* of a page */
#define PATH "/console/certificates"

#define NAMES_MAX 3 /* of a certificate, in its row */
#define METADATA_TEXT_MAX 4096

static int
ask(struct worker_env *env, const struct call *call, const struct console_asked *a, gh_json **out,
    struct gh_error *err)
{
	struct gh_buf q;
	int rc;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_asked_put(&q, a);
	console_query_put(&q, "page", a->p[ASKED_AT].value);
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
put_rows(gh_json *data, gh_json *entries, const struct console_asked *a)
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
		    console_fields_put(row, a->catalog, &a->p[ASKED_PARAMS]) |
		    gh_json_set_string(row, "state",
			console_state(gh_json_string(gh_json_get(row, "status")), end, now));
	}
	return bad | gh_json_set(data, "entries", gh_json_ref(entries));
}

/* Where the list goes on; the filters go along, so that they stay as they were set. at: of the API,
 * or null. */
static int
put_link(gh_json *data, const char *name, const struct console_asked *a, const gh_json *at)
{
	const char *page = gh_json_string(at);
	struct gh_buf b;
	int bad = 0;

	if (page == NULL)
		return 0;
	gh_buf_init(&b, CONSOLE_QUERY_MAX);
	console_query_put(&b, "page", page);
	console_query_put(&b, "query", a->query);
	console_query_put(&b, "order_by", a->p[ASKED_ORDER_BY].value);
	console_query_put(&b, "order", a->p[ASKED_ORDER].value);
	/* of all there is nothing to be saved */
	console_query_put(&b, "saved", *a->query != '\0' ? a->p[ASKED_SAVED].value : NULL);
	console_query_put(&b, "version", *a->query != '\0' ? a->p[ASKED_VERSION].value : NULL);
	for (size_t i = ASKED_FILTERS; i < a->n; i++)
		console_query_put(&b, a->p[i].name, a->p[i].value);
	bad = console_set_link(data, name, PATH, &b);
	gh_buf_free(&b);
	return bad;
}

/* Where all of what is searched is a file. */
static int
put_file(gh_json *data, const char *format, const struct console_asked *a)
{
	struct gh_buf b, fields;
	int bad = -1;

	gh_buf_init(&fields, CONSOLE_MEMBERS_MAX);
	gh_buf_init(&b, CONSOLE_QUERY_MAX);
	console_asked_members(&fields, a);
	if (gh_buf_check(&fields, NULL) == 0) {
		console_query_put(&b, "format", format);
		console_asked_put(&b, a);
		console_query_put(&b, "fields", (const char *)fields.data);
		bad = console_set_link(data, format, PATH "/file", &b);
	}
	gh_buf_free(&b);
	gh_buf_free(&fields);
	return bad;
}

/* Where officers change the metadata of all that is searched. Of all there are, nobody does so by a
 * click. */
static int
put_run(gh_json *data, const struct call *call, const struct console_asked *a)
{
	struct gh_buf b;
	int bad;

	if (*a->query == '\0' || (call->requester->roles & REQUESTER_ROLE_OFFICER) == 0)
		return 0;
	gh_buf_init(&b, CONSOLE_QUERY_MAX);
	console_query_put(&b, "query", a->query);
	bad = console_set_link(data, "run", CONSOLE_RUNS "/new", &b);
	gh_buf_free(&b);
	return bad;
}

/* The query as it was sent, cut at the column that the message names: characters, from 1. */
static int
put_place(gh_json *data, const struct console_asked *a, const gh_json *errors)
{
	const char *message =
	    gh_json_string(gh_json_get(gh_json_at(gh_json_get(errors, "query"), 0), "message"));
	const char *at = a->query;
	unsigned column = 0;
	gh_json *o;
	char *before;
	int bad;

	if (message == NULL || sscanf(message, "column %u:", &column) != 1 || column == 0)
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
    {"template", "certificates.by_template"},
    {NULL, NULL},
};
static const struct console_choice orders[] = {
    {"desc", "certificates.desc"},
    {"asc", "certificates.asc"},
    {NULL, NULL},
};

/* columns: those to choose from; shows: those that are. */
static int
put_columns(gh_json *data, const struct console_asked *a, const struct words *w)
{
	gh_json *list = gh_json_new_array(), *shows = gh_json_new_object();
	bool has_more = false;
	int bad = 0;

	for (size_t i = 0; i < ASKED_COLUMNS; i++) {
		gh_json *o = gh_json_new_object();
		bool is_shown = a->p[ASKED_FIRST_COLUMN + i].value != NULL;
		char text[64];

		has_more |= is_shown;
		snprintf(text, sizeof(text), "certificate_columns.%s", console_columns[i].name);
		bad |= gh_json_set_string(o, "name", console_columns[i].name) |
		    gh_json_set_string(o, "text", words_get(w, text)) |
		    gh_json_set_bool(o, "is_shown", is_shown) | gh_json_append(list, o) |
		    gh_json_set_bool(shows, console_columns[i].name, is_shown);
	}
	has_more |= console_fields_are_shown(a->catalog, &a->p[ASKED_PARAMS]);
	bad |= console_fields_columns(list, a->catalog, &a->p[ASKED_PARAMS]);
	return bad | gh_json_set_bool(data, "has_more_columns", has_more) |
	    console_set(data, "columns", list) | console_set(data, "shows", shows);
}

/* The orders of every certificate, then those of metadata. NULL: out of memory. */
static gh_json *
sorts_of(const struct console_asked *a, const struct words *w)
{
	const char *chosen = console_asked_text(a, ASKED_ORDER_BY, "id");
	gh_json *list = console_options(sorts, chosen, w);

	if (list != NULL && console_fields_orders(list, a->catalog, chosen) == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

/* What the form to save it holds. */
static int
put_search_form(gh_json *data, const struct call *call, const struct console_asked *a)
{
	struct gh_buf fields;
	int bad;

	gh_buf_init(&fields, CONSOLE_MEMBERS_MAX);
	console_asked_members(&fields, a);
	bad = gh_buf_check(&fields, NULL) != 0 ||
	    gh_json_set_string(data, "fields", (const char *)fields.data) != 0;
	gh_buf_free(&fields);
	return bad | gh_json_set_bool(data, "may_save", *a->query != '\0') |
	    gh_json_set_string(data, "saved", a->p[ASKED_SAVED].value) |
	    gh_json_set_string(data, "version", a->p[ASKED_VERSION].value) |
	    gh_json_set_string(data, "order_by", console_asked_text(a, ASKED_ORDER_BY, "id")) |
	    gh_json_set_string(data, "order", console_asked_text(a, ASKED_ORDER, "desc")) |
	    console_search_put(data, call, a->searches, a->shown);
}

static int
put_form(gh_json *data, const struct worker_env *env, const struct call *call,
    const struct console_asked *a)
{
	const struct words *w = page_words(call->http);
	gh_json *values = gh_json_new_object(), *options = gh_json_new_object();
	int bad = gh_json_set_string(values, "query", a->query) |
	    console_set(options, "order_by", sorts_of(a, w)) |
	    console_set(options, "order",
		console_options(orders, console_asked_text(a, ASKED_ORDER, "desc"), w));

	bad |= console_filter_put(&a->p[ASKED_FILTERS], env, w, values, options) |
	    put_columns(data, a, w) |
	    console_set(data, "fields_form",
		console_fields_form(a->catalog, &a->p[ASKED_PARAMS], w));
	bad |= console_set(data, "values", values) | console_set(data, "options", options);
	return bad | put_search_form(data, call, a) |
	    gh_json_set_bool(data, "sees_all", console_sees_all(call->requester)) |
	    gh_json_set_bool(data, "is_filtered", a->written != NULL);
}

/* page: of the API; NULL: the query is wrong, as errors says. */
static void
show(const struct worker_env *env, const struct call *call, const struct console_asked *a,
    int status, const gh_json *page, gh_json *errors, struct gh_http_reply *rep)
{
	gh_json *data = gh_json_new_object();
	int bad = data == NULL ? -1 : put_form(data, env, call, a);

	if (bad == 0 && page != NULL)
		bad = put_rows(data, gh_json_get(page, "entries"), a) |
		    put_link(data, "next", a, gh_json_get(page, "next")) |
		    put_link(data, "previous", a, gh_json_get(page, "previous")) |
		    put_file(data, "csv", a) | put_file(data, "jsonl", a) | put_run(data, call, a) |
		    gh_json_set_bool(data, "has_page", true);
	if (bad == 0 && errors != NULL)
		bad = gh_json_set(data, "errors", gh_json_ref(errors)) | put_place(data, a, errors);
	if (bad != 0) {
		gh_json_free(data);
		data = NULL;
	}
	console_reply(env, call, status, "certificates", data, rep);
}

/* What the form can show beside its fields: a wrong query; an order that is none, or none any more,
 * as its index was dropped. answer: of the API. */
static bool
is_of_form(const gh_json *answer)
{
	return gh_json_size(answer) == 1 &&
	    (gh_json_get(answer, "query") != NULL || gh_json_get(answer, "order_by") != NULL);
}

void
console_certificates(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	struct console_asked a = {.query = ""};
	gh_json *answer = NULL, *errors = NULL;
	int rc = console_asked_read(env, call, &a, &fields, &err);

	if (rc == 0)
		rc = console_asked_saved(env, call, &a, &err);
	if (rc == 0 && (rc = ask(env, call, &a, &answer, &err)) != 0)
		errors = is_of_form(answer) ? gh_json_ref(answer) : NULL;
	if (rc == 0 || errors != NULL)
		show(env, call, &a, rc == 0 ? 200 : gh_error_info(err.code)->http_status,
		    errors == NULL ? answer : NULL, errors, rep);
	else
		page_refuse(call, &err, rep);
	if (errors != NULL)
		gh_http_reply_cause(rep, &err);
	gh_json_free(errors);
	gh_json_free(answer);
	rest_fields_clear(&fields);
	console_asked_clear(&a);
}

void
console_certificates_again(struct worker_env *env, const struct call *call, int status,
    gh_json *errors, struct gh_http_reply *rep)
{
	struct gh_error err = {0}, unread = {0};
	struct console_asked a = {.query = ""};
	gh_json *answer = NULL;
	int rc = console_asked_form(env, call, &a, &err);

	if (rc == 0 && (rc = console_asked_saved(env, call, &a, &err)) == 0) {
		/* what cannot be searched for is among the errors */
		(void)!ask(env, call, &a, &answer, &unread);
		show(env, call, &a, status, unread.code == GH_OK ? answer : NULL, errors, rep);
	} else {
		page_refuse(call, &err, rep);
	}
	gh_json_free(answer);
	console_asked_clear(&a);
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
