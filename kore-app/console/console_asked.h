/* What the page of the inventory is asked for: a query, its order and columns, from the address,
 * from a form or from a saved search. */
#ifndef CONSOLE_ASKED_H
#define CONSOLE_ASKED_H

#include "call.h"
#include "json.h"
#include "rest/rest_list.h"

#include "console_fields.h"
#include "console_filter.h"

/* Its parameters. SAVED: name of a saved search that is shown; VERSION: its ETag when that began.
 */
enum {
	ASKED_AT,
	ASKED_ORDER_BY,
	ASKED_ORDER,
	ASKED_QUERY,
	ASKED_WRITE,
	ASKED_LANGUAGE,
	ASKED_SAVED,
	ASKED_VERSION,
	ASKED_FILTERS
};
/* Columns that are shown where it is asked for, and the members of the API that they have. */
#define ASKED_COLUMNS 5
#define ASKED_FIRST_COLUMN (ASKED_FILTERS + CONSOLE_FILTERS)
#define ASKED_PARAMS (ASKED_FIRST_COLUMN + ASKED_COLUMNS) /* behind them those of metadata */
struct console_column {
	const char *name, *member;
};
extern const struct console_column console_columns[ASKED_COLUMNS];

struct console_asked {
	struct rest_param *p; /* owned, n of them */
	size_t n;
	char (*names)[CONSOLE_FIELD_NAME_SIZE]; /* of those of metadata, owned */
	const struct catalog *catalog;          /* borrowed */
	char *written; /* the query that the filters make, owned; NULL: that of the form counts */
	const char *query;    /* "" = all */
	bool is_said;         /* the query is that of the form, also where it is empty */
	gh_json *searches;    /* of the API, owned */
	const gh_json *shown; /* one of them, or NULL */
};

/* Into *a, zeroed but for its query "". By the address; what is wrong with it goes into f. */
int console_asked_read(const struct worker_env *env, const struct call *call,
    struct console_asked *a, struct rest_fields *f, struct gh_error *err) GH_MUSTCHECK;
/* The same of a form that was sent to save it. */
int console_asked_form(const struct worker_env *env, const struct call *call,
    struct console_asked *a, struct gh_error *err) GH_MUSTCHECK;
/* Then the saved searches; the one that is named says what was not said. GH_E_NOT_FOUND. */
int console_asked_saved(struct worker_env *env, const struct call *call, struct console_asked *a,
    struct gh_error *err) GH_MUSTCHECK;
void console_asked_clear(struct console_asked *a);

/* A parameter, or what counts otherwise. Borrowed. */
const char *console_asked_text(const struct console_asked *a, int param, const char *otherwise);
/* Query and order, as GET /pki/certificates has them. */
void console_asked_put(struct gh_buf *q, const struct console_asked *a);
/* "id,subject,...": what is shown, with a NUL behind it. */
void console_asked_members(struct gh_buf *b, const struct console_asked *a);
#define CONSOLE_MEMBERS_MAX ((size_t)16 * 1024) /* bytes that they have at most */

#endif
