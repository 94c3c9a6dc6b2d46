/* Lists of the console. See console_list.h. */
#include <inttypes.h>
#include <stdio.h>

#include "buf.h"
#include "rest/rest_list.h"

#include "pages/page.h"

#include "console_list.h"

#define CURSOR_SIZE 24 /* of one that is a number */

/* What is asked for: the filters, then the cursor, if the list has one. */
struct asked {
	struct rest_param p[CONSOLE_LIST_FILTERS + 2]; /* behind them the language */
	size_t filters, n;
};

/* --- the question ----------------------------------------------------------------------------- */

/* A page that answers a form shows the list from its beginning. */
static int
read_address(const struct console_list *l, const struct call *call, struct asked *a,
    struct gh_error *err)
{
	const struct console_list_filter *f = l->filters;
	struct rest_fields wrong = {0};
	int rc;

	for (; f != NULL && f->name != NULL && a->filters < CONSOLE_LIST_FILTERS; f++)
		a->p[a->filters++].name = f->name;
	a->n = a->filters;
	if (l->cursor != NULL)
		a->p[a->n++].name = l->cursor;
	if (a->n == 0 || call->http->method == GH_HTTP_POST)
		return 0;
	a->p[a->n].name = "lang";
	if ((rc = rest_params_read(call, a->p, a->n + 1, &wrong, err)) == 0)
		rc = rest_fields_check(&wrong, err);
	rest_fields_clear(&wrong);
	return rc;
}

/* Fields that a form has sent empty are not asked. */
static int
ask(const struct console_list *l, struct worker_env *env, const struct call *call,
    const struct asked *a, gh_json **answer, struct gh_error *err)
{
	struct gh_buf q;
	int rc;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	if (l->query != NULL)
		gh_buf_puts(&q, l->query);
	for (size_t i = 0; i < a->n; i++)
		console_query_put(&q, a->p[i].name, a->p[i].value);
	if ((rc = gh_buf_check(&q, err)) == 0)
		rc = console_get(env, call, l->api, (const char *)q.data, answer, err);
	gh_buf_free(&q);
	return rc;
}

/* --- the page --------------------------------------------------------------------------------- */

static int
put_rows(gh_json *data, const struct console_list *l, const struct worker_env *env,
    const struct call *call, gh_json *entries)
{
	int bad = 0;

	for (size_t i = 0; l->row != NULL && i < gh_json_size(entries); i++)
		bad |= l->row(env, call, gh_json_at(entries, i));
	return bad | gh_json_set(data, "entries", gh_json_ref(entries)) |
	    gh_json_set_bool(data, "has_rows", gh_json_size(entries) > 0);
}

/* The form with what was asked in it. */
static int
put_form(gh_json *data, const struct console_list *l, const struct call *call,
    const struct asked *a)
{
	gh_json *values = gh_json_new_object(), *options = gh_json_new_object();
	int bad = 0;

	for (size_t i = 0; i < a->filters; i++)
		bad |= l->filters[i].choices == NULL
		    ? gh_json_set_string(values, a->p[i].name, a->p[i].value)
		    : console_set(options, a->p[i].name,
			  console_options(l->filters[i].choices, a->p[i].value,
			      page_words(call->http)));
	return bad | console_set(data, "values", values) | console_set(data, "options", options);
}

/* The page of the list at a cursor, with the same filters; a cursor that is null is the end. */
static int
put_way(gh_json *data, const char *name, const struct console_list *l, const struct asked *a,
    const gh_json *cursor)
{
	char number[CURSOR_SIZE];
	const char *at = gh_json_string(cursor);
	struct gh_buf q;
	int64_t id;
	int bad;

	if (at == NULL && !gh_json_int(cursor, &id))
		return 0;
	if (at == NULL) {
		snprintf(number, sizeof(number), "%" PRId64, id);
		at = number;
	}
	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, l->cursor, at);
	for (size_t i = 0; i < a->filters; i++)
		console_query_put(&q, a->p[i].name, a->p[i].value);
	bad = console_set_link(data, name, l->path, &q);
	gh_buf_free(&q);
	return bad;
}

static int
put_answer(gh_json *data, const struct console_list *l, const struct worker_env *env,
    const struct call *call, const struct asked *a, const gh_json *answer)
{
	int bad = put_rows(data, l, env, call, gh_json_get(answer, "entries"));

	if (l->filters != NULL)
		bad |= put_form(data, l, call, a);
	if (l->cursor != NULL)
		bad |= put_way(data, "next", l, a, gh_json_get(answer, "next")) |
		    put_way(data, "previous", l, a, gh_json_get(answer, "previous"));
	return bad;
}

int
console_list_put(const struct console_list *l, struct worker_env *env, const struct call *call,
    gh_json *data, struct gh_error *err)
{
	struct asked a = {0};
	gh_json *answer = NULL;
	int rc = read_address(l, call, &a, err);

	if (rc == 0)
		rc = ask(l, env, call, &a, &answer, err);
	if (rc == 0 && put_answer(data, l, env, call, &a, answer) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "list of the console");
	if (rc == 0 && l->more != NULL)
		rc = l->more(env, call, data, err);
	gh_json_free(answer);
	rest_params_clear(a.p, a.n + 1);
	return rc;
}

/* errors: NULL: there are none. */
static void
show(const struct console_list *l, struct worker_env *env, const struct call *call, int status,
    gh_json *errors, struct gh_http_reply *rep)
{
	gh_json *data = gh_json_new_object();
	struct gh_error err = {0};
	int rc = console_list_put(l, env, call, data, &err);

	if (rc == 0 && errors != NULL && gh_json_set(data, "errors", gh_json_ref(errors)) != 0)
		rc = gh_fail(&err, GH_E_NOMEM, "list of the console");
	if (rc == 0) {
		console_reply(env, call, status, l->page, data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
}

void
console_list_reply(const struct console_list *l, struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	show(l, env, call, 200, NULL, rep);
}

void
console_list_refuse(const struct console_list *l, struct worker_env *env, const struct call *call,
    const struct gh_error *cause, gh_json *errors, struct gh_http_reply *rep)
{
	show(l, env, call, gh_error_info(cause->code)->http_status, errors, rep);
	gh_http_reply_cause(rep, cause);
	gh_json_free(errors);
}
