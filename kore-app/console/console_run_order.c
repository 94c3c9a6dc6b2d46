/* Orders for runs. See console_runs.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "rest/rest_list.h"
#include "rest/rest_metadata_field.h"
#include "rest/rest_metadata_run.h"

#include "pages/page.h"

#include "console_ask.h"
#include "console_input.h"
#include "console_page.h"
#include "console_runs.h"

#define NAME_SIZE (GH_FORM_NAME_MAX + 1)
#define FILE_FIELD "file"
#define PREFIX_LENGTH (sizeof(CONSOLE_RUN_SET) - 1)

static bool
is_ticked(const struct gh_form *form, const char *name)
{
	const char *text = form != NULL ? gh_form_get(form, name) : NULL;

	return text != NULL && strcmp(text, "yes") == 0;
}

/* --- the form --------------------------------------------------------------------------------- */

static gh_json *
field_json(const struct gh_form *form, const gh_json *field, const gh_json *errors)
{
	const char *name = gh_json_string(gh_json_get(field, "name")), *typed;
	char set[NAME_SIZE], take[NAME_SIZE];
	gh_json *o = gh_json_new_object(), *wrong;
	int bad;

	snprintf(set, sizeof(set), CONSOLE_RUN_SET "%s", name);
	snprintf(take, sizeof(take), CONSOLE_RUN_TAKE "%s", name);
	typed = form != NULL ? gh_form_get(form, set) : NULL;
	wrong = gh_json_get(errors, set);
	bad = gh_json_set_string(o, "id", set) | gh_json_set_string(o, "take", take) |
	    gh_json_set_string(o, "name", name) |
	    gh_json_set_string(o, "hint", gh_json_string(gh_json_get(field, "hint"))) |
	    gh_json_set_string(o, "typed", typed) |
	    gh_json_set_bool(o, "is_taken", is_ticked(form, take)) |
	    console_input_put(o, field, typed != NULL ? typed : "");
	if (wrong != NULL)
		bad |= gh_json_set(o, "wrongs", gh_json_ref(wrong));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* query: from the address, where no form was sent. */
static int
put_form(gh_json *data, const struct call *call, const gh_json *page, const char *query,
    const gh_json *errors)
{
	const gh_json *defined = gh_json_get(page, "entries");
	const struct gh_form *form = call->http->method == GH_HTTP_POST ? call->form : NULL;
	gh_json *list = gh_json_new_array(), *values = gh_json_new_object();
	int bad =
	    gh_json_set_string(values, "query", form != NULL ? gh_form_get(form, "query") : query);

	for (size_t i = 0; bad == 0 && i < gh_json_size(defined); i++) {
		gh_json *o = field_json(form, gh_json_at(defined, i), errors);

		bad = o == NULL ? -1 : gh_json_append(list, o);
	}
	return bad | console_set(data, "fields", list) | console_set(data, "values", values) |
	    gh_json_set_bool(data, "overwrites", is_ticked(form, "overwrite")) |
	    gh_json_set_bool(data, "takes_away", is_ticked(form, "remove_empty"));
}

/* errors: by the fields of the form, or NULL. */
static int
put_page(gh_json *data, struct worker_env *env, const struct call *call, const char *query,
    gh_json *errors, struct gh_error *err)
{
	gh_json *fields = NULL;
	int bad, rc = console_get(env, call, rest_metadata_fields, NULL, &fields, err);

	if (rc == 0) {
		bad = put_form(data, call, fields, query, errors);
		if (errors != NULL)
			bad |= gh_json_set(data, "errors", gh_json_ref(errors));
		rc = bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "order for a run");
	}
	gh_json_free(fields);
	return rc;
}

static void
show(struct worker_env *env, const struct call *call, const char *query, int status,
    gh_json *errors, struct gh_http_reply *rep)
{
	gh_json *data = gh_json_new_object();
	struct gh_error err = {0};

	if (put_page(data, env, call, query, errors, &err) == 0) {
		console_reply(env, call, status, "metadata_run_new", data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
}

void
console_run_new(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[] = {{"query", NULL}, {"lang", NULL}};
	struct rest_fields wrong = {0};
	struct gh_error err = {0};
	int rc = rest_params_read(call, p, 2, &wrong, &err);

	if (rc == 0 && (rc = rest_fields_check(&wrong, &err)) == 0)
		show(env, call, p[0].value, 200, NULL, rep);
	else
		page_refuse(call, &err, rep);
	rest_fields_clear(&wrong);
	rest_params_clear(p, 2);
}

/* --- an order --------------------------------------------------------------------------------- */

/* What is wrong, by the fields of the form. NULL: out of memory. */
static gh_json *
errors_of(const gh_json *answer)
{
	gh_json *o = gh_json_new_object();
	int bad = 0;

	for (void *it = gh_json_iter(answer); it != NULL; it = gh_json_next(answer, it)) {
		const char *name = gh_json_iter_name(it);
		char set[NAME_SIZE];

		snprintf(set, sizeof(set), CONSOLE_RUN_SET "%s", name);
		bad |= gh_json_set(o, strcmp(name, "query") == 0 ? name : set,
		    gh_json_ref(gh_json_iter_value(it)));
	}
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* field: that a refusal without one is about. answer: taken over. */
static void
finish(struct worker_env *env, const struct call *call, const char *field, gh_json *answer,
    const struct gh_error *err, struct gh_http_reply *rep)
{
	char path[64];
	int64_t id = 0;

	if (err->code == GH_OK && gh_json_int(gh_json_get(answer, "id"), &id)) {
		snprintf(path, sizeof(path), CONSOLE_RUNS "/%" PRId64, id);
		page_redirect(rep, path);
	} else if (err->code == GH_E_BAD_REQUEST || err->code == GH_E_VALIDATION ||
	    err->code == GH_E_METADATA) {
		gh_json *errors = answer != NULL ? errors_of(answer) : console_errors(field, err);

		show(env, call, NULL, gh_error_info(err->code)->http_status, errors, rep);
		gh_json_free(errors);
		gh_http_reply_cause(rep, err);
	} else {
		page_refuse(call, err, rep);
	}
	gh_json_free(answer);
}

/* One of m-NAME and x-NAME. 0, GH_E_METADATA or GH_E_NOMEM. */
static int
put_value(gh_json *values, const struct gh_form_field *f, struct gh_error *err)
{
	const char *name = f->name + PREFIX_LENGTH;
	bool is_set = strncmp(f->name, CONSOLE_RUN_SET, PREFIX_LENGTH) == 0,
	     is_taken = strncmp(f->name, CONSOLE_RUN_TAKE, PREFIX_LENGTH) == 0;

	if ((!is_set && !is_taken) || f->len == 0)
		return 0;
	if (!f->is_text || *name == '\0')
		return gh_refuse(err, GH_E_METADATA, "A field of the form is no text.");
	if (gh_json_get(values, name) != NULL)
		return gh_refuse(err, GH_E_METADATA,
		    "\"%.64s\" cannot both get a value and lose it.", name);
	return gh_json_set_string(values, name, is_set ? f->value : NULL) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "order for a run");
}

static int
put_order(gh_json *body, const struct gh_form *form, struct gh_error *err)
{
	gh_json *values = gh_json_new_object();
	const char *query = gh_form_get(form, "query");
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < form->n; i++)
		rc = put_value(values, &form->field[i], err);
	if ((console_set(body, "values", values) |
		gh_json_set_string(body, "query", query != NULL ? query : "") |
		gh_json_set_bool(body, "overwrite", is_ticked(form, "overwrite")) |
		gh_json_set_bool(body, "dry_run", !is_ticked(form, "do"))) != 0)
		return gh_fail(err, GH_E_NOMEM, "order for a run");
	return rc;
}

void
console_run_add(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *body = gh_json_new_object(), *answer = NULL;
	const struct console_ask what = {.handler = rest_metadata_run_add,
	    .method = GH_HTTP_POST,
	    .body = body};
	struct gh_error err = {0};

	if (put_order(body, call->form, &err) == 0)
		(void)!console_ask(env, call, &what, &answer, &err);
	finish(env, call, "", answer, &err, rep);
	gh_json_free(body);
}

void
console_run_file(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct gh_form_field *file = gh_form_next(call->form, FILE_FIELD, NULL);
	struct console_ask what = {.handler = rest_metadata_run_add,
	    .method = GH_HTTP_POST,
	    .file = file};
	struct gh_error err = {0};
	gh_json *answer = NULL;
	struct gh_buf q;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "dry_run", is_ticked(call->form, "do") ? "no" : "yes");
	console_query_put(&q, "overwrite", is_ticked(call->form, "overwrite") ? "yes" : "no");
	console_query_put(&q, "remove_empty", is_ticked(call->form, "remove_empty") ? "yes" : "no");
	if (file == NULL || file->len == 0)
		(void)!gh_refuse(&err, GH_E_BAD_REQUEST,
		    "A file is needed, and it must not be empty.");
	else if (gh_buf_check(&q, &err) == 0) {
		what.query = (const char *)q.data;
		(void)!console_ask(env, call, &what, &answer, &err);
	}
	finish(env, call, FILE_FIELD, answer, &err, rep);
	gh_buf_free(&q);
}
