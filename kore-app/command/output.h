/* How results are shown: aligned columns or fields for people, JSON on one line for scripts. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdio.h>

#include "json.h"

struct output_column {
	const char *title;
	const char *member; /* of each object; NULL ends the table */
};

/* One line of JSON. Returns an exit code (COMMAND_FAILED when it cannot be written). */
int output_json(const gh_json *v);
/* Rows of an array of objects; a note when it is empty. */
int output_table(const gh_json *rows, const struct output_column *columns);
/* All members of one object, "name: value" each; nested values as JSON. hide: member left out, or
 * NULL. */
int output_object(const gh_json *obj, const char *hide);
/* Value as text for a cell: lists joined with ", ", null as "-"; control characters as "?".
 * malloc'd. */
char *output_text(const gh_json *v);
/* Print text from outside with control characters replaced: a terminal must not be steered by a
 * name. */
void output_safe(FILE *f, const char *text);
/* Flush stdout: a full disk is a failure. */
int output_finish(void);

#endif
