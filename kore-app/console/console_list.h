/*
 * A list in the console. What its address asks for is asked of a route of the API, as who calls;
 * its page shows the rows, the form that asked, and the way to the next rows. So a list is this
 * table, what it adds to a row, and what else stands on its page.
 */
#ifndef CONSOLE_LIST_H
#define CONSOLE_LIST_H

#include "call.h"
#include "error.h"
#include "json.h"

#include "console_ask.h"
#include "console_page.h"

#define CONSOLE_LIST_FILTERS 10 /* of a list */

/* A parameter of the page, and of the API by the same name. */
struct console_list_filter {
	const char *name;
	const struct console_choice *choices; /* NULL: it is typed */
};

/* What is 0 or NULL, a list does not have. */
struct console_list {
	const char *page, *path; /* how it is called, and where it is */
	console_handler api;
	const char *query;  /* asked whatever the address says: order and rows of a page */
	const char *cursor; /* parameter that says where a page begins */
	const struct console_list_filter *filters; /* NULL at the end */
	/* Adds to a row what people see. 0 or -1 */
	int (*row)(const struct worker_env *env, const struct call *call, gh_json *row);
	/* Adds to data what else is on the page. 0 or a code */
	int (*more)(struct worker_env *env, const struct call *call, gh_json *data,
	    struct gh_error *err);
};

/*
 * The list as a part of a page. Puts into data "entries", "has_rows", with filters "values" and
 * "options", with a cursor "next" and "previous" where there are such; then calls more. A parameter
 * that neither the list nor the API knows is refused; a list without cursor and filters does not
 * look at the address.
 */
int console_list_put(const struct console_list *l, struct worker_env *env, const struct call *call,
    gh_json *data, struct gh_error *err) GH_MUSTCHECK;

/* The page. */
void console_list_reply(const struct console_list *l, struct worker_env *env,
    const struct call *call, struct gh_http_reply *rep);

/* The page again, after a form on it that was refused. errors: {field: [reason]}, taken over. */
void console_list_refuse(const struct console_list *l, struct worker_env *env,
    const struct call *call, const struct gh_error *cause, gh_json *errors,
    struct gh_http_reply *rep);

#endif
