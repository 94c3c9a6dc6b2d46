/* What the pages of the console share. See console_page.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "authority/revoke.h"
#include "form.h"
#include "rest/rest.h"
#include "timestamp.h"

#include "pages/page.h"

#include "console_ask.h"
#include "console_page.h"

#define DAY_LENGTH 10 /* of "2026-01-02T03:04:05Z" */
#define MINUTE_LENGTH 16
#define TEXT_MAX (64 * 1024)
#define VERSION_DIGITS_MAX 9
#define ANY 0 /* whoever is logged in */
#define OVERVIEW "/console"
#define KEYS "/console/keys" /* where there is a KRA, as ... */
#define ARCHIVE "/console/archive"
#define STAFF (REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR)

/* Who may go where; not shown to others. Rows of the route table decide who gets in. */
struct way {
	const char *path, *name; /* name: of the text console_way.NAME */
	unsigned roles;          /* any of them */
};
static const struct way inventory[] = {
    {OVERVIEW, "overview", ANY},
    {"/console/mine", "mine", ANY},
    {"/console/certificates", "certificates", ANY},
    {"/console/metadata-runs", "runs", STAFF},
    {"/console/endpoints", "endpoints", STAFF},
    {KEYS, "keys", ANY},
    {ARCHIVE, "archive", ANY},
    {NULL, NULL, 0},
};
static const struct way authority[] = {
    {"/console/cas", "cas", STAFF},
    {"/console/templates", "templates", STAFF},
    {"/console/applications", "applications", REQUESTER_ROLE_ADMIN},
    {"/console/labels", "labels", STAFF},
    {"/console/packages", "packages", STAFF},
    {NULL, NULL, 0},
};
static const struct way house[] = {
    {"/console/jobs", "jobs", STAFF},
    {"/console/messages", "messages", STAFF},
    {"/console/users", "users", REQUESTER_ROLE_ADMIN},
    {"/console/views", "views", REQUESTER_ROLE_ADMIN},
    {"/console/sessions", "sessions", REQUESTER_ROLE_ADMIN},
    {"/console/audit", "audit", REQUESTER_ROLE_AUDITOR},
    {NULL, NULL, 0},
};
static const struct {
	const char *name; /* of the text console_group.NAME */
	const struct way *way;
} groups[] = {{"inventory", inventory}, {"authority", authority}, {"house", house}};

bool
console_sees_all(const struct requester *who)
{
	return (who->roles & ~(unsigned)REQUESTER_ROLE_AGENT) != 0;
}

int
console_set(gh_json *o, const char *name, gh_json *v)
{
	return v == NULL ? -1 : gh_json_set(o, name, v);
}

const char *
console_value(const gh_json *v, char number[CONSOLE_VALUE_SIZE])
{
	int64_t n;

	if (gh_json_string(v) != NULL)
		return gh_json_string(v);
	if (gh_json_type(v) == GH_JSON_BOOL)
		return gh_json_bool(v, false) ? "true" : "false";
	if (!gh_json_int(v, &n))
		return "";
	snprintf(number, CONSOLE_VALUE_SIZE, "%" PRId64, n);
	return number;
}

int
console_option(gh_json *list, const char *value, const char *text, const char *selected)
{
	gh_json *o = gh_json_new_object();

	if (o != NULL && gh_json_set_string(o, "value", value) == 0 &&
	    gh_json_set_string(o, "text", text) == 0 &&
	    gh_json_set_bool(o, "is_selected", selected != NULL && strcmp(selected, value) == 0) ==
		0)
		return gh_json_append(list, o);
	gh_json_free(o);
	return -1;
}

gh_json *
console_options(const struct console_choice *list, const char *selected, const struct words *w)
{
	gh_json *options = gh_json_new_array();
	int bad = options != NULL ? 0 : -1;

	for (; bad == 0 && list->value != NULL; list++)
		bad = console_option(options, list->value, words_get(w, list->text), selected);
	if (bad == 0)
		return options;
	gh_json_free(options);
	return NULL;
}

int
console_set_link(gh_json *o, const char *name, const char *path, const struct gh_buf *query)
{
	char *link = NULL;
	int bad;

	if (gh_buf_check(query, NULL) != 0 ||
	    asprintf(&link, "%s%s%s", path, query->len > 0 ? "?" : "",
		query->len > 0 ? (const char *)query->data : "") < 0)
		return -1;
	bad = gh_json_set_string(o, name, link);
	free(link);
	return bad;
}

int
console_take(gh_json *o, const struct call *call, const char *field)
{
	const char *text = gh_form_get(call->form, field);

	return text != NULL && *text != '\0' ? gh_json_set_string(o, field, text) : 0;
}

int
console_version(const struct call *call)
{
	const char *text = gh_form_get(call->form, "version");
	size_t n = text != NULL ? strspn(text, "0123456789") : 0;

	return n > 0 && n <= VERSION_DIGITS_MAX && text[n] == '\0' ? atoi(text) : 0;
}

static int
append_line(gh_json *list, const char *line, size_t n)
{
	char *copy;
	int bad = 0;

	while (n > 0 && strchr(" \t\r", *line) != NULL) {
		line++;
		n--;
	}
	while (n > 0 && strchr(" \t\r", line[n - 1]) != NULL)
		n--;
	if (n == 0)
		return 0;
	if ((copy = strndup(line, n)) == NULL)
		return -1;
	bad = gh_json_append(list, gh_json_new_string(copy));
	free(copy);
	return bad;
}

gh_json *
console_lines(const char *text)
{
	gh_json *list = gh_json_new_array();
	int bad = list != NULL ? 0 : -1;

	while (bad == 0 && text != NULL && *text != '\0') {
		size_t n = strcspn(text, "\n");

		bad = append_line(list, text, n);
		text += n + (text[n] == '\n' ? 1 : 0);
	}
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

gh_json *
console_enabled(const struct call *call)
{
	const char *text = gh_form_get(call->form, "enabled");
	gh_json *o = gh_json_new_object();

	if (gh_json_set_bool(o, "enabled", text != NULL && strcmp(text, "yes") == 0) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

gh_json *
console_errors(const char *field, const struct gh_error *err)
{
	gh_json *errors = gh_json_new_object(), *list = gh_json_new_array();
	int bad = gh_json_append(list, rest_reason(err));

	bad |= console_set(errors, field, list);
	if (bad == 0)
		return errors;
	gh_json_free(errors);
	return NULL;
}

gh_json *
console_field_errors(const gh_json *answer, const struct console_field *fields)
{
	gh_json *errors = gh_json_new_object();
	int bad = 0;

	for (void *it = gh_json_iter(answer); it != NULL; it = gh_json_next(answer, it)) {
		const char *name = gh_json_iter_name(it);

		for (const struct console_field *f = fields; f->name != NULL; f++)
			if (strcmp(f->member, name) == 0)
				name = f->name;
		bad |= gh_json_set(errors, name, gh_json_ref(gh_json_iter_value(it)));
	}
	if (bad == 0)
		return errors;
	gh_json_free(errors);
	return NULL;
}

int
console_set_wrong(gh_json *data, const struct gh_error *err)
{
	return console_set(data, "errors", console_errors("", err));
}

/* {"type":"RSA","min_bits":3072} is "RSA 3072": what it is called, its reader knows. */
static void
put_values(struct gh_buf *b, const gh_json *o)
{
	for (void *it = gh_json_iter(o); it != NULL; it = gh_json_next(o, it)) {
		const gh_json *v = gh_json_iter_value(it);
		const char *text = gh_json_string(v);
		char *printed = text == NULL ? gh_json_print(v, false) : NULL;

		gh_buf_putf(b, "%s%s", b->len > 0 ? " " : "",
		    text != NULL          ? text
			: printed != NULL ? printed
					  : "?");
		free(printed);
	}
}

/* A text as it is; an object as its values; anything else as JSON writes it. 0 or -1. */
static int
append_text(gh_json *list, const gh_json *v)
{
	const char *text = gh_json_string(v);
	struct gh_buf b;
	char *printed = NULL;
	int bad;

	gh_buf_init(&b, TEXT_MAX);
	if (text != NULL)
		gh_buf_puts(&b, text);
	else if (gh_json_type(v) == GH_JSON_OBJECT)
		put_values(&b, v);
	else if ((printed = gh_json_print(v, false)) != NULL)
		gh_buf_puts(&b, printed);
	gh_buf_putc(&b, '\0');
	bad = gh_buf_check(&b, NULL) != 0 ||
	    gh_json_append(list, gh_json_new_string((const char *)b.data)) != 0;
	free(printed);
	gh_buf_free(&b);
	return bad ? -1 : 0;
}

gh_json *
console_texts(const gh_json *v)
{
	gh_json *list = gh_json_new_array();
	bool is_list = gh_json_type(v) == GH_JSON_ARRAY;
	int bad = list == NULL ? -1 : is_list ? 0 : append_text(list, v);

	for (size_t i = 0; bad == 0 && is_list && i < gh_json_size(v); i++)
		bad = append_text(list, gh_json_at(v, i));
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

const char *
console_called(const gh_json *cert)
{
	const char *subject = gh_json_string(gh_json_get(cert, "subject"));

	return subject != NULL && *subject != '\0'
	    ? subject
	    : gh_json_string(gh_json_at(gh_json_get(cert, "sans"), 0));
}

int
console_set_day(gh_json *o, const char *name, const char *time)
{
	char day[DAY_LENGTH + 1];

	if (time == NULL || strlen(time) < DAY_LENGTH)
		return gh_json_set_string(o, name, NULL);
	snprintf(day, sizeof(day), "%s", time);
	return gh_json_set_string(o, name, day);
}

int
console_set_minute(gh_json *o, const char *name, const char *time)
{
	char text[MINUTE_LENGTH + sizeof(" UTC")];

	if (time == NULL || strlen(time) < MINUTE_LENGTH)
		return gh_json_set_string(o, name, NULL);
	snprintf(text, sizeof(text), "%.*s UTC", MINUTE_LENGTH, time);
	text[DAY_LENGTH] = ' ';
	return gh_json_set_string(o, name, text);
}

const char *
console_state(const char *status, const char *not_after, int64_t now)
{
	int64_t end = 0;

	if (status != NULL && strcmp(status, "revoked") == 0)
		return "revoked";
	if (status != NULL && strcmp(status, "hold") == 0)
		return "hold";
	if (not_after != NULL && gh_timestamp_parse(not_after, &end, NULL) == 0 && end <= now)
		return "expired";
	return "active";
}

/* Is this page the way's, or of one of what its page lists? As aria-current has it; NULL: neither.
 */
static const char *
current_of(const struct way *way, const char *path)
{
	size_t n = strlen(way->path);

	if (strncasecmp(way->path, path, n) != 0)
		return NULL;
	if (path[n] == '\0' || strcmp(path + n, "/") == 0)
		return "page";
	return path[n] == '/' && strcmp(way->path, OVERVIEW) != 0 ? "true" : NULL;
}

static int
put_way(gh_json *list, const struct way *way, const char *path)
{
	gh_json *o = gh_json_new_object();

	if (o != NULL && gh_json_set_string(o, "path", way->path) == 0 &&
	    gh_json_set_string(o, "name", way->name) == 0 &&
	    gh_json_set_string(o, "current", current_of(way, path)) == 0)
		return gh_json_append(list, o);
	gh_json_free(o);
	return -1;
}

static bool
is_of_kra(const char *path)
{
	return strcmp(path, KEYS) == 0 || strcmp(path, ARCHIVE) == 0;
}

/* {group, pages}; nothing where the caller may see none of them. */
static int
put_group(gh_json *list, size_t group, const struct worker_env *env, const struct call *call)
{
	gh_json *o = gh_json_new_object(), *pages = gh_json_new_array();
	int bad = gh_json_set_string(o, "group", groups[group].name);

	for (const struct way *w = groups[group].way; w->path != NULL; w++)
		if ((env->kra != NULL || !is_of_kra(w->path)) &&
		    (w->roles == ANY || (call->requester->roles & w->roles) != 0))
			bad |= put_way(pages, w, call->http->path);
	bad |= gh_json_set(o, "pages", pages);
	if (bad == 0 && gh_json_size(gh_json_get(o, "pages")) > 0)
		return gh_json_append(list, o);
	gh_json_free(o);
	return bad;
}

static gh_json *
ways_of(const struct worker_env *env, const struct call *call)
{
	gh_json *list = gh_json_new_array();
	int bad = list != NULL ? 0 : -1;

	for (size_t i = 0; bad == 0 && i < sizeof(groups) / sizeof(groups[0]); i++)
		bad = put_group(list, i, env, call);
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

void
console_reply(const struct worker_env *env, const struct call *call, int status, const char *page,
    gh_json *data, struct gh_http_reply *rep)
{
	if (data != NULL &&
	    (console_set(data, "ways", ways_of(env, call)) != 0 ||
		gh_json_set_bool(data, "has_ways", true) != 0)) {
		gh_json_free(data);
		data = NULL;
	}
	page_reply(env, call, status, page, data, rep);
}

int
console_put_status(struct worker_env *env, const struct call *call, console_handler handler,
    struct gh_error *err)
{
	const char *status = gh_form_get(call->form, "status");
	char etag[REVOKE_ETAG_SIZE];
	int version = console_version(call), rc;
	gh_json *body = gh_json_new_object(), *answer = NULL;
	const struct console_ask what = {.handler = handler,
	    .method = GH_HTTP_PUT,
	    .body = body,
	    .if_match = version != 0 ? revoke_etag(version, etag) : NULL};

	if (gh_json_set_string(body, "status", status != NULL ? status : "") != 0 ||
	    console_take(body, call, "comment") != 0)
		rc = gh_fail(err, GH_E_NOMEM, "change of a status");
	else
		rc = console_ask(env, call, &what, &answer, err);
	gh_json_free(body);
	gh_json_free(answer);
	return rc;
}
