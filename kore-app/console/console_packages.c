/* Packages for EST clients in the console. See console_admin.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "package/package_kind.h"
#include "rest/rest_list.h"
#include "rest/rest_package.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_page.h"

#define PACKAGES "/console/packages"
#define FILE_FIELD "file" /* of the form */
#define PATH_SIZE 60

/* Fields of the form, and the parameters of the API that they are. */
static const struct {
	const char *name, *parameter;
} fields[] = {{"kind", "type"}, {"audience", "for"}, {"package", "name"}, {"until", "until"},
    {"reference", "id"}, {"answer", "answer"}};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const struct console_choice answers[] = {{"", "packages.as_the_file_says"},
    {"yes", "packages.always"}, {NULL, NULL}};

enum { AFTER, LANGUAGE, PARAMS };

static bool
is_officer(const struct call *call)
{
	return (call->requester->roles & REQUESTER_ROLE_OFFICER) != 0;
}

/* A page of a list, the newest first. after: NULL: from the start. */
static int
ask_newest(struct worker_env *env, const struct call *call,
    void (*handler)(struct worker_env *env, const struct call *call, struct gh_http_reply *rep),
    const char *after, gh_json **out, struct gh_error *err)
{
	struct gh_buf q;
	int rc;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "order", "newest");
	console_query_put(&q, "limit", "100");
	console_query_put(&q, "after", after);
	if ((rc = gh_buf_check(&q, err)) == 0)
		rc = console_get(env, call, handler, (const char *)q.data, out, err);
	gh_buf_free(&q);
	return rc;
}

/* The rows of such a page, and the way to the next at path. 0 or -1. */
static int
put_rows(gh_json *data, const gh_json *page, const char *path)
{
	gh_json *entries = gh_json_get(page, "entries");

	return gh_json_set(data, "entries", gh_json_ref(entries)) |
	    gh_json_set_bool(data, "has_rows", gh_json_size(entries) > 0) |
	    console_set_next(data, path, gh_json_get(page, "next"), NULL, 0);
}

/* --- list, and a form for a new one ----------------------------------------------------------- */

/* Types of packages, to be chosen. NULL: out of memory. */
static gh_json *
kinds(const char *chosen)
{
	gh_json *list = gh_json_new_array();
	int bad = console_option(list, "", "–", chosen);

	for (int i = 0; i < PACKAGE_KINDS && bad == 0; i++) {
		const char *word = package_kind_info(i)->word;

		bad = console_option(list, word, word, chosen);
	}
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

/* The fields as they were sent, or empty. 0 or -1. */
static int
put_form(gh_json *data, const struct call *call)
{
	gh_json *values = gh_json_new_object(), *options = gh_json_new_object();
	int bad = 0;

	for (size_t i = 0; i < FIELDS; i++)
		bad |= gh_json_set_string(values, fields[i].name,
		    gh_form_get(call->form, fields[i].name));
	bad |= console_set(options, "kind", kinds(gh_form_get(call->form, "kind")));
	bad |= console_set(options, "answer",
	    console_options(answers, gh_form_get(call->form, "answer"), page_words(call->http)));
	return bad | console_set(data, "values", values) | console_set(data, "options", options);
}

/* errors: of the form that was sent, taken over; NULL: none was. */
static void
show(struct worker_env *env, const struct call *call, const char *after, int status,
    gh_json *errors, struct gh_http_reply *rep)
{
	gh_json *data = gh_json_new_object(), *page = NULL;
	struct gh_error err = {0};
	int rc = ask_newest(env, call, rest_packages, after, &page, &err), bad = 0;

	if (rc == 0)
		bad = put_rows(data, page, PACKAGES) | put_form(data, call) |
		    gh_json_set_bool(data, "is_officer", is_officer(call));
	if (rc == 0 && errors != NULL)
		bad |= gh_json_set(data, "errors", gh_json_ref(errors));
	if (rc == 0 && bad != 0)
		rc = gh_fail(&err, GH_E_NOMEM, "packages");
	if (rc == 0) {
		console_reply(env, call, status, "packages", data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
	gh_json_free(page);
	gh_json_free(errors);
}

void
console_packages(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[PARAMS] = {{"after", NULL}, {"lang", NULL}};
	struct rest_fields wrong = {0};
	struct gh_error err = {0};
	int rc = rest_params_read(call, p, PARAMS, &wrong, &err);

	if (rc == 0 && (rc = rest_fields_check(&wrong, &err)) == 0)
		show(env, call, p[AFTER].value, 200, NULL, rep);
	else
		page_refuse(call, &err, rep);
	rest_fields_clear(&wrong);
	rest_params_clear(p, PARAMS);
}

/* --- a new one -------------------------------------------------------------------------------- */

/* A package without a name is called as its file. 0, GH_E_NOMEM or too much of it. */
static int
make_query(const struct call *call, const struct gh_form_field *file, struct gh_buf *q,
    struct gh_error *err)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const char *value = gh_form_get(call->form, fields[i].name);

		if ((value == NULL || *value == '\0') && strcmp(fields[i].name, "package") == 0)
			value = file->file_name;
		console_query_put(q, fields[i].parameter, value);
	}
	return gh_buf_check(q, err);
}

/* What is wrong, by the fields of the form. NULL: out of memory. */
static gh_json *
errors_of(const gh_json *answer)
{
	gh_json *o = gh_json_new_object();
	int bad = 0;

	for (void *it = gh_json_iter(answer); it != NULL; it = gh_json_next(answer, it)) {
		const char *name = gh_json_iter_name(it);

		for (size_t i = 0; i < FIELDS; i++)
			if (strcmp(fields[i].parameter, name) == 0)
				name = fields[i].name;
		bad |= gh_json_set(o, name, gh_json_ref(gh_json_iter_value(it)));
	}
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static void
reply_added(const gh_json *answer, struct gh_http_reply *rep)
{
	char path[PATH_SIZE];
	int64_t id = 0;

	(void)gh_json_int(gh_json_get(answer, "id"), &id);
	snprintf(path, sizeof(path), PACKAGES "/%" PRId64, id);
	page_redirect(rep, path);
}

void
console_package_add(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct gh_form_field *file = gh_form_next(call->form, FILE_FIELD, NULL);
	struct console_ask what = {.handler = rest_package_add,
	    .method = GH_HTTP_POST,
	    .file = file};
	struct gh_error err = {0};
	gh_json *answer = NULL;
	struct gh_buf q;
	int rc = file == NULL || file->len == 0
	    ? gh_refuse(&err, GH_E_BAD_REQUEST, "A file is needed, and it must not be empty.")
	    : 0;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	if (rc == 0 && (rc = make_query(call, file, &q, &err)) == 0) {
		what.query = (const char *)q.data;
		rc = console_ask(env, call, &what, &answer, &err);
	}
	if (rc == 0)
		reply_added(answer, rep);
	else if (rc == GH_E_VALIDATION || rc == GH_E_BAD_REQUEST || rc == GH_E_CONFLICT)
		show(env, call, NULL, gh_error_info(rc)->http_status,
		    answer != NULL ? errors_of(answer) : console_errors(FILE_FIELD, &err), rep);
	else
		page_refuse(call, &err, rep);
	if (rc != 0)
		gh_http_reply_cause(rep, &err);
	gh_json_free(answer);
	gh_buf_free(&q);
}

/* --- one, with who got it and what he answered ------------------------------------------------ */

static int
complete(gh_json *delivery)
{
	return console_set_minute(delivery, "first",
		   gh_json_string(gh_json_get(delivery, "first_at"))) |
	    console_set_minute(delivery, "last", gh_json_string(gh_json_get(delivery, "last_at"))) |
	    console_set_minute(delivery, "answered",
		gh_json_string(gh_json_get(delivery, "answered_at")));
}

/* deliveries: a page of them; NULL: they are not shown. */
static gh_json *
data_of_one(const struct call *call, gh_json *package, const gh_json *deliveries)
{
	gh_json *data = gh_json_new_object(), *entries = gh_json_get(deliveries, "entries");
	char path[PATH_SIZE];
	int bad = gh_json_set(data, "package", gh_json_ref(package)) |
	    gh_json_set_bool(data, "is_officer", is_officer(call));

	snprintf(path, sizeof(path), PACKAGES "/%" PRId64, call_number(call->parts, "id"));
	for (size_t i = 0; i < gh_json_size(entries); i++)
		bad |= complete(gh_json_at(entries, i));
	if (deliveries != NULL)
		bad |= put_rows(data, deliveries, path);
	if (bad == 0)
		return data;
	gh_json_free(data);
	return NULL;
}

void
console_package(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[PARAMS] = {{"after", NULL}, {"lang", NULL}};
	struct rest_fields wrong = {0};
	struct gh_error err = {0};
	gh_json *package = NULL, *deliveries = NULL;
	int rc = rest_params_read(call, p, PARAMS, &wrong, &err);

	if (rc == 0 && (rc = rest_fields_check(&wrong, &err)) == 0 &&
	    (rc = console_get(env, call, rest_package, NULL, &package, &err)) == 0)
		rc = ask_newest(env, call, rest_package_deliveries, p[AFTER].value, &deliveries,
		    &err);
	if (rc == 0)
		console_reply(env, call, 200, "package", data_of_one(call, package, deliveries),
		    rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(deliveries);
	gh_json_free(package);
	rest_fields_clear(&wrong);
	rest_params_clear(p, PARAMS);
}

/* --- removal ---------------------------------------------------------------------------------- */

void
console_package_remove_ask(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *package = NULL;

	if (console_get(env, call, rest_package, NULL, &package, &err) == 0)
		console_reply(env, call, 200, "package_remove", data_of_one(call, package, NULL),
		    rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(package);
}

void
console_package_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = rest_package_remove, .method = GH_HTTP_DELETE};

	console_do(env, call, &what, PACKAGES, rep);
}
