/*
 * The console as a client of the REST API, within the process: a page asks the very handler that
 * clients of the API ask, as the same caller. So it shows and does nothing that the API would not,
 * and there is no second way to the database.
 */
#ifndef CONSOLE_ASK_H
#define CONSOLE_ASK_H

#include "buf.h"
#include "call.h"
#include "form.h"
#include "json.h"

/* That of a route of the API. */
typedef void (
    *console_handler)(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* What would be sent. Borrowed. */
struct console_ask {
	console_handler handler;
	enum gh_http_method method;
	const struct call_parts *parts;   /* of the path; NULL: those of the page's */
	const char *query;                /* as console_query_put makes it; NULL: none */
	const gh_json *body;              /* NULL: none */
	const struct gh_form_field *file; /* in place of a body, its bytes as they are; NULL: none
					   */
	const char *if_match;             /* header value; NULL: none */
};

/*
 * 0: the answer was a success, *out its JSON, or NULL where it has none (204). Else *err is the
 * error that was answered, and *out, where the answer names members that are wrong, an object of
 * them, as page_reply wants its "errors"; NULL: it names none.
 */
int console_ask(struct worker_env *env, const struct call *call, const struct console_ask *a,
    gh_json **out, struct gh_error *err) GH_MUSTCHECK;

/* GET of a route; query: as console_query_put makes it, NULL: none. */
int console_get(struct worker_env *env, const struct call *call, console_handler handler,
    const char *query, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

/* What a form is for, when there is nothing to say after it: asks, and goes on at a path. What the
 * API refuses is a page with its error. */
void console_do(struct worker_env *env, const struct call *call, const struct console_ask *a,
    const char *path, struct gh_http_reply *rep);

/* As console_ask, of an answer that is no JSON: *rep is it, and empty after an error. */
int console_fetch(struct worker_env *env, const struct call *call, const struct console_ask *a,
    struct gh_http_reply *rep, struct gh_error *err) GH_MUSTCHECK;

/* What a line of its header says; NULL: it has none. Borrowed. */
const char *console_answer_header(const struct gh_http_reply *rep, const char *name);

/* "name=value", percent-encoded, behind "&" where something stands before it. A value that is NULL
 * or "" is left out. */
void console_query_put(struct gh_buf *query, const char *name, const char *value);

/* 0, or GH_E_TOO_LARGE: what people have typed is more than the buffer takes, and that is theirs to
 * mend. Also where there is no memory. */
int console_typed_check(const struct gh_buf *typed, struct gh_error *err) GH_MUSTCHECK;

#define CONSOLE_QUERY_MAX (64 * 1024) /* bytes of a query */

#endif
