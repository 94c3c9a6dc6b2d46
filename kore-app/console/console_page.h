/* What the pages of the console share. */
#ifndef CONSOLE_PAGE_H
#define CONSOLE_PAGE_H

#include "buf.h"
#include "call.h"
#include "json.h"
#include "words.h"

#include "console_ask.h"

/* Does who calls see what is not his own? As GET /pki/certificates has it. */
bool console_sees_all(const struct requester *who);

/* Set a value that has just been made, and is taken over; NULL: out of memory. 0 or -1. */
int console_set(gh_json *o, const char *name, gh_json *v);

/* A value of metadata as a form and a list have it; "": none. number: for those that are no text.
 */
#define CONSOLE_VALUE_SIZE 32
const char *console_value(const gh_json *v, char number[CONSOLE_VALUE_SIZE]);

/* One more {value, text, is_selected} of a list for {{>select}}. 0 or -1. */
int console_option(gh_json *list, const char *value, const char *text, const char *selected);

/* What may be chosen, and its text; NULL at the end of a list. */
struct console_choice {
	const char *value, *text;
};
/* For {{>select}}. NULL: out of memory. */
gh_json *console_options(const struct console_choice *list, const char *selected,
    const struct words *w);

/* The path with a query, which console_query_put has made. 0 or -1. */
int console_set_link(gh_json *o, const char *name, const char *path, const struct gh_buf *query);

/* A field of the form as a member; one that is empty is not said. 0 or -1. */
int console_take(gh_json *o, const struct call *call, const char *field);
/* The field "version" of a form: which was seen. 0: there is none. */
int console_version(const struct call *call);
/* The lines of a text that have something in them, without blanks around. NULL: out of memory. */
gh_json *console_lines(const char *text);
/* {"enabled"}: what the field of this name says, "yes" or not. NULL: out of memory. */
gh_json *console_enabled(const struct call *call);

/* {field: [what err says]}, as page_reply wants its "errors". NULL: out of memory. */
gh_json *console_errors(const char *field, const struct gh_error *err);

/* Fields of a form that are called otherwise than the members of the API; NULL at the end. */
struct console_field {
	const char *name, *member;
};
/* What console_ask says is wrong, by the fields of the form. NULL: out of memory. */
gh_json *console_field_errors(const gh_json *answer, const struct console_field *fields);

/* What a JSON value says, as texts: of a list each item, of anything else one. Of an object the
 * values. NULL: out of memory. */
gh_json *console_texts(const gh_json *v);

/* errors = {"": [what err says]}, for {{>summary}}. 0 or -1. */
int console_set_wrong(gh_json *data, const struct gh_error *err);

/* What a certificate is called by, of its JSON: its subject, else the first of its names. NULL: it
 * has neither. Borrowed. */
const char *console_called(const gh_json *cert);

/* The day, UTC, of a time as "2026-01-02T03:04:05Z". NULL, or no such time: null. 0 or -1. */
int console_set_day(gh_json *o, const char *name, const char *time);

/* The same with hours and minutes: "2026-01-02 03:04 UTC". 0 or -1. */
int console_set_minute(gh_json *o, const char *name, const char *time);

/* The state of a certificate for people, by its status ("valid", "hold", "revoked") and end:
 * "active", "expired", "hold" or "revoked". Static. */
const char *console_state(const char *status, const char *not_after, int64_t now);

/* PUT of the status and the comment that the form has, to what it has seen: its "version". */
int console_put_status(struct worker_env *env, const struct call *call, console_handler handler,
    struct gh_error *err) GH_MUSTCHECK;

/* page_reply with the way to the other pages of the console. data: taken over; NULL: out of
 * memory. */
void console_reply(const struct worker_env *env, const struct call *call, int status,
    const char *page, gh_json *data, struct gh_http_reply *rep);

#endif
