/* What is said about a certificate: read, changed, and who changed it. See console.h,
 * docs/metadata.md */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "rest/rest_cert_metadata.h"
#include "rest/rest_metadata_field.h"

#include "pages/page.h"

#include "console.h"
#include "console_ask.h"
#include "console_cert.h"
#include "console_input.h"
#include "console_list.h"
#include "console_page.h"

#define PREFIX "m-" /* of a field in the form, so that none is called as another member of it */
#define NAME_SIZE (GH_FORM_NAME_MAX + 1)
#define TAG_SIZE 128
#define PATH_SIZE 64

/* All that the page is made of, as the API gives it to who calls. */
struct metadata_seen {
	gh_json *cert;
	gh_json *page; /* of the definitions */
	gh_json *values;
	char tag[TAG_SIZE]; /* the ETag of the values */
};

static void
seen_clear(struct metadata_seen *s)
{
	gh_json_free(s->cert);
	gh_json_free(s->page);
	gh_json_free(s->values);
}

/* Where the page is. */
static void
put_path(char path[PATH_SIZE], const struct call *call)
{
	snprintf(path, PATH_SIZE, "/console/certificates/%" PRId64 "/metadata",
	    call_number(call->parts, "id"));
}

/* A form that was sent and not taken. */
struct metadata_typed {
	const struct gh_form *form;   /* NULL: none was sent */
	const gh_json *errors;        /* by fields, or NULL */
	const struct gh_error *wrong; /* of no field, or NULL */
	bool is_late;                 /* the values are others than he saw */
};

static int
read_values(struct worker_env *env, const struct call *call, struct metadata_seen *s,
    struct gh_error *err)
{
	const struct console_ask what = {.handler = rest_cert_metadata, .method = GH_HTTP_GET};
	struct gh_http_reply rep = {0};
	int rc = console_fetch(env, call, &what, &rep, err);

	if (rc == 0) {
		const char *tag = console_answer_header(&rep, "ETag");

		snprintf(s->tag, sizeof(s->tag), "%s", tag != NULL ? tag : "");
		rc = gh_json_parse((const char *)rep.body, rep.body_len, GH_JSON_STRICT, &s->values,
		    err);
	}
	gh_http_reply_clear(&rep);
	return rc;
}

static int
read_fields(struct worker_env *env, const struct call *call, gh_json **page, struct gh_error *err)
{
	return console_get(env, call, rest_metadata_fields, NULL, page, err);
}

static int
read_all(struct worker_env *env, const struct call *call, struct metadata_seen *s,
    struct gh_error *err)
{
	int rc = console_cert_get(env, call, &s->cert, err);

	if (rc == 0)
		rc = read_values(env, call, s, err);
	if (rc == 0)
		rc = read_fields(env, call, &s->page, err);
	return rc;
}

/* --- a value ---------------------------------------------------------------------------------- */

/* Forms end lines by CR LF, whatever stood there (WHATWG HTML, 4.10.21.4). */
static bool
is_same(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += *a == '\r' && a[1] == '\n';
		b += *b == '\r' && b[1] == '\n';
		if (*a != *b)
			return false;
		if (*a == '\0')
			return true;
	}
}

static const char *
typed_of(const struct gh_form *form, const char *name)
{
	char member[NAME_SIZE];

	snprintf(member, sizeof(member), PREFIX "%s", name);
	return form != NULL ? gh_form_get(form, member) : NULL;
}

/* May who calls change the field? What is offered is tried by the API, which decides. */
static bool
may_set(const struct call *call, const gh_json *cert, const gh_json *field)
{
	if ((call->requester->roles & REQUESTER_ROLE_OFFICER) != 0)
		return true;
	return console_cert_is_own(call->requester, cert) &&
	    gh_json_bool(gh_json_get(field, "owner_sets"), false) &&
	    gh_json_bool(gh_json_get(field, "allow_api"), false);
}

/* --- the page --------------------------------------------------------------------------------- */

static gh_json *
field_json(const struct call *call, const struct metadata_seen *s, const struct metadata_typed *t,
    const gh_json *field)
{
	const char *name = gh_json_string(gh_json_get(field, "name")),
		   *hint = gh_json_string(gh_json_get(field, "hint")), *typed, *stored;
	const gh_json *value = gh_json_get(s->values, name), *wrong = gh_json_get(t->errors, name);
	char id[NAME_SIZE], number[CONSOLE_VALUE_SIZE];
	gh_json *o = gh_json_new_object();
	bool is_mine = may_set(call, s->cert, field);
	int bad;

	stored = console_value(value, number);
	typed = is_mine ? typed_of(t->form, name) : NULL;
	snprintf(id, sizeof(id), PREFIX "%s", name);
	bad = gh_json_set_string(o, "id", id) | gh_json_set_string(o, "name", name) |
	    gh_json_set_string(o, "hint", hint) | gh_json_set_bool(o, "is_mine", is_mine) |
	    gh_json_set_string(o, "stored", stored) |
	    gh_json_set_string(o, "typed", typed != NULL ? typed : stored) |
	    gh_json_set_bool(o, "has_changed",
		t->is_late && typed != NULL && !is_same(typed, stored)) |
	    gh_json_set_bool(o, "is_guarded",
		*stored != '\0' && gh_json_bool(gh_json_get(field, "explicit_update"), false)) |
	    console_input_put(o, field, typed != NULL ? typed : stored);
	if (wrong != NULL)
		bad |= gh_json_set(o, "wrongs", gh_json_ref((gh_json *)wrong));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* fields: those that are defined; can_edit, is_guarded: of any of them. */
static int
put_fields(gh_json *data, const struct call *call, const struct metadata_seen *s,
    const struct metadata_typed *t)
{
	const gh_json *defined = gh_json_get(s->page, "entries");
	gh_json *list = gh_json_new_array();
	bool can_edit = false, is_guarded = false;
	int bad = 0;

	for (size_t i = 0; bad == 0 && i < gh_json_size(defined); i++) {
		gh_json *o = field_json(call, s, t, gh_json_at(defined, i));
		bool is_mine = gh_json_bool(gh_json_get(o, "is_mine"), false);

		can_edit |= is_mine;
		is_guarded |= is_mine && gh_json_bool(gh_json_get(o, "is_guarded"), false);
		bad = o == NULL ? -1 : gh_json_append(list, o);
	}
	return bad | gh_json_set_bool(data, "can_edit", can_edit) |
	    gh_json_set_bool(data, "has_guarded", is_guarded) | console_set(data, "fields", list);
}

/* Errors by the names that the fields have in the form. */
static int
put_errors(gh_json *data, const struct metadata_typed *t)
{
	gh_json *o;
	int bad = 0;

	if (t->wrong != NULL)
		return console_set_wrong(data, t->wrong);
	if (t->errors == NULL)
		return 0;
	o = gh_json_new_object();
	for (void *it = gh_json_iter(t->errors); it != NULL; it = gh_json_next(t->errors, it)) {
		char id[NAME_SIZE];

		snprintf(id, sizeof(id), PREFIX "%s", gh_json_iter_name(it));
		bad |= gh_json_set(o, id, gh_json_ref(gh_json_iter_value(it)));
	}
	return bad | console_set(data, "errors", o);
}

/* Who, when, what. */
static int
complete(const struct worker_env *env, const struct call *call, gh_json *change)
{
	char was[CONSOLE_VALUE_SIZE], is[CONSOLE_VALUE_SIZE];

	(void)env;
	(void)call;
	return gh_json_set_string(change, "before",
		   console_value(gh_json_get(change, "old"), was)) |
	    gh_json_set_string(change, "after", console_value(gh_json_get(change, "new"), is));
}

static int
put_history(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	char path[PATH_SIZE];
	const struct console_list changes = {.path = path,
	    .api = rest_cert_metadata_history,
	    .query = "order=newest&limit=20",
	    .cursor = "after",
	    .row = complete};

	put_path(path, call);
	return console_list_put(&changes, env, call, data, err);
}

/* t: what was sent and not taken. */
static void
show(struct worker_env *env, const struct call *call, const struct metadata_typed *t, int status,
    struct gh_http_reply *rep)
{
	struct metadata_seen s = {0};
	gh_json *data = gh_json_new_object();
	struct gh_error err = {0};
	int rc = read_all(env, call, &s, &err);

	if (rc == 0)
		rc = put_history(env, call, data, &err);
	if (rc == 0) {
		const char *seen =
		    t->form != NULL && !t->is_late ? gh_form_get(t->form, "version") : NULL;
		int bad = gh_json_set(data, "cert", gh_json_ref(s.cert)) |
		    gh_json_set_string(data, "version", seen != NULL ? seen : s.tag) |
		    gh_json_set_bool(data, "is_late", t->is_late) | put_fields(data, call, &s, t) |
		    put_errors(data, t);

		if (bad != 0) {
			gh_json_free(data);
			data = NULL;
		}
		console_reply(env, call, status, "certificate_metadata", data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
	seen_clear(&s);
}

void
console_metadata(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct metadata_typed none = {0};

	show(env, call, &none, 200, rep);
}

/* --- a change --------------------------------------------------------------------------------- */

/* What was typed and is not so already. A field that the form does not have stays as it is. */
static int
put_typed(gh_json *body, const gh_json *field, const gh_json *values, const struct gh_form *form)
{
	const char *name = gh_json_string(gh_json_get(field, "name")),
		   *typed = typed_of(form, name);
	char number[CONSOLE_VALUE_SIZE];

	if (typed == NULL || is_same(typed, console_value(gh_json_get(values, name), number)))
		return 0;
	return gh_json_set_string(body, name, *typed != '\0' ? typed : NULL);
}

/* NULL: out of memory. */
static gh_json *
body_of(const struct metadata_seen *s, const struct gh_form *form)
{
	const gh_json *defined = gh_json_get(s->page, "entries");
	gh_json *body = gh_json_new_object();
	int bad = body != NULL ? 0 : -1;

	for (size_t i = 0; bad == 0 && i < gh_json_size(defined); i++)
		bad = put_typed(body, gh_json_at(defined, i), s->values, form);
	if (bad == 0)
		return body;
	gh_json_free(body);
	return NULL;
}

static int
change(struct worker_env *env, const struct call *call, gh_json **answer, struct gh_error *err)
{
	const char *version = gh_form_get(call->form, "version"),
		   *overwrite = gh_form_get(call->form, "overwrite");
	bool overwrites = overwrite != NULL && strcmp(overwrite, "yes") == 0;
	struct console_ask what = {.handler = rest_cert_metadata_change,
	    .method = GH_HTTP_PUT,
	    .query = overwrites ? "merge=yes&overwrite=yes" : "merge=yes",
	    .if_match = version};
	struct metadata_seen s = {0};
	struct gh_error unread = {0};
	gh_json *body = NULL;
	int rc;

	if (version == NULL || *version == '\0')
		return gh_refuse(err, GH_E_UNCONDITIONAL,
		    "The form does not say which values it is about.");
	/* who may not read them is refused, and put on record, by what follows */
	(void)!read_values(env, call, &s, &unread);
	if ((rc = read_fields(env, call, &s.page, err)) == 0) {
		if ((body = body_of(&s, call->form)) == NULL)
			rc = gh_fail(err, GH_E_NOMEM, "metadata of a form");
		what.body = body;
	}
	if (rc == 0)
		rc = console_ask(env, call, &what, answer, err);
	gh_json_free(body);
	seen_clear(&s);
	return rc;
}

void
console_metadata_change(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *answer = NULL;
	char path[PATH_SIZE];
	int rc = change(env, call, &answer, &err);

	if (rc == 0) {
		put_path(path, call);
		page_redirect(rep, path);
	} else if (rc == GH_E_PRECONDITION || rc == GH_E_METADATA) {
		const struct metadata_typed t = {.form = call->form,
		    .errors = answer,
		    .wrong = answer == NULL ? &err : NULL,
		    .is_late = rc == GH_E_PRECONDITION};

		show(env, call, &t, gh_error_info(err.code)->http_status, rep);
		gh_http_reply_cause(rep, &err);
	} else {
		page_refuse(call, &err, rep);
	}
	gh_json_free(answer);
}
