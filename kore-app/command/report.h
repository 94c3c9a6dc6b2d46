/* What a command that makes several things did: told line by line for people, and as one JSON
 * object in the end. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>

#include "error.h"
#include "json.h"

struct report {
	gh_json *json;  /* {"LIST":[{"name","created",...}],...} */
	bool is_silent; /* no lines */
};

int report_begin(struct report *r, bool is_silent, struct gh_error *err) GH_MUSTCHECK;
void report_end(struct report *r);
/* An entry of list; NULL when out of memory. Borrowed, for further members. */
gh_json *report_item(struct report *r, const char *list, const char *name, bool created);
int report_add(struct report *r, const char *list, const char *name, bool created,
    struct gh_error *err) GH_MUSTCHECK;
/* A line below the last entry. */
void report_note(const struct report *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
