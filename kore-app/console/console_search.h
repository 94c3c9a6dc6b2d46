/* Searches that people keep by name, on the page that searches. docs/console.md */
#ifndef CONSOLE_SEARCH_H
#define CONSOLE_SEARCH_H

#include "call.h"
#include "json.h"

/* The one that a name finds in an answer of GET /pki/searches, as the API would: one's own before a
 * shared one. Borrowed; NULL: there is none. */
const gh_json *console_search_find(const gh_json *searches, const char *name);

/* For the page, which has "values": the searches with what may be done to them, and what the form
 * to save one holds. shown: one of them, or NULL. 0 or -1. */
int console_search_put(gh_json *data, const struct call *call, const gh_json *searches,
    const gh_json *shown);

/* The page that searches for what the form holds, which was sent to save it and was not taken.
 * errors: as page_reply wants them. */
void console_certificates_again(struct worker_env *env, const struct call *call, int status,
    gh_json *errors, struct gh_http_reply *rep);

/* POST /console/searches: search_name, description, shared, and query, order_by, order and fields
 * of what is searched; saved and version: of the one that it replaces if it still has that name. */
void console_search_save(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* POST /console/searches/{name}/remove: version (which was seen). */
void console_search_remove(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
