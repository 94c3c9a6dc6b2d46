/* Packages for EST clients in the console. See console_admin.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "package/package_kind.h"
#include "rest/rest_package.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_list.h"
#include "console_page.h"

#define PACKAGES "/console/packages"
#define NEWEST "order=newest&limit=100" /* of a page */
#define FILE_FIELD "file"               /* of the form */
#define PATH_SIZE 60

/* Fields of the form, and the parameters of the API that they are. */
static const struct console_field fields[] = {{"kind", "type"}, {"audience", "for"},
    {"package", "name"}, {"until", "until"}, {"reference", "id"}, {"answer", "answer"},
    {NULL, NULL}};

static const struct console_choice answers[] = {{"", "packages.as_the_file_says"},
    {"yes", "packages.always"}, {NULL, NULL}};

static bool
is_officer(const struct call *call)
{
	return (call->requester->roles & REQUESTER_ROLE_OFFICER) != 0;
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

/* The fields as they were sent, or empty. */
static int
put_form(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	gh_json *values = gh_json_new_object(), *options = gh_json_new_object();
	int bad = gh_json_set_bool(data, "is_officer", is_officer(call));

	(void)env;
	for (const struct console_field *f = fields; f->name != NULL; f++)
		bad |= gh_json_set_string(values, f->name, gh_form_get(call->form, f->name));
	bad |= console_set(options, "kind", kinds(gh_form_get(call->form, "kind")));
	bad |= console_set(options, "answer",
	    console_options(answers, gh_form_get(call->form, "answer"), page_words(call->http)));
	bad |= console_set(data, "values", values) | console_set(data, "options", options);
	return bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "packages");
}

static const struct console_list packages = {.page = "packages",
    .path = PACKAGES,
    .api = rest_packages,
    .query = NEWEST,
    .cursor = "after",
    .more = put_form};

void
console_packages(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&packages, env, call, rep);
}

/* --- a new one -------------------------------------------------------------------------------- */

/* A package without a name is called as its file. 0, GH_E_NOMEM or too much of it. */
static int
make_query(const struct call *call, const struct gh_form_field *file, struct gh_buf *q,
    struct gh_error *err)
{
	for (const struct console_field *f = fields; f->name != NULL; f++) {
		const char *value = gh_form_get(call->form, f->name);

		if ((value == NULL || *value == '\0') && strcmp(f->name, "package") == 0)
			value = file->file_name;
		console_query_put(q, f->member, value);
	}
	return console_typed_check(q, err);
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
		console_list_refuse(&packages, env, call, &err,
		    answer != NULL ? console_field_errors(answer, fields)
				   : console_errors(FILE_FIELD, &err),
		    rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(answer);
	gh_buf_free(&q);
}

/* --- one, with who got it and what he answered ------------------------------------------------ */

static int
complete(const struct worker_env *env, const struct call *call, gh_json *delivery)
{
	(void)env;
	(void)call;
	return console_set_minute(delivery, "first",
		   gh_json_string(gh_json_get(delivery, "first_at"))) |
	    console_set_minute(delivery, "last", gh_json_string(gh_json_get(delivery, "last_at"))) |
	    console_set_minute(delivery, "answered",
		gh_json_string(gh_json_get(delivery, "answered_at")));
}

static int
put_package(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	gh_json *package = NULL;
	int rc = console_get(env, call, rest_package, NULL, &package, err);

	if (rc == 0 &&
	    (gh_json_set(data, "package", gh_json_ref(package)) != 0 ||
		gh_json_set_bool(data, "is_officer", is_officer(call)) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "package");
	gh_json_free(package);
	return rc;
}

void
console_package(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	char path[PATH_SIZE];
	const struct console_list deliveries = {.page = "package",
	    .path = path,
	    .api = rest_package_deliveries,
	    .query = NEWEST,
	    .cursor = "after",
	    .row = complete,
	    .more = put_package};

	snprintf(path, sizeof(path), PACKAGES "/%" PRId64, call_number(call->parts, "id"));
	console_list_reply(&deliveries, env, call, rep);
}

/* --- removal ---------------------------------------------------------------------------------- */

void
console_package_remove_ask(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	gh_json *data = gh_json_new_object();
	struct gh_error err = {0};

	if (put_package(env, call, data, &err) == 0) {
		console_reply(env, call, 200, "package_remove", data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
}

void
console_package_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = rest_package_remove, .method = GH_HTTP_DELETE};

	console_do(env, call, &what, PACKAGES, rep);
}
