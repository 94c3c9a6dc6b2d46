/* Filters of the inventory as fields of a form, and the query (docs/inventory.md) that they mean.
 */
#ifndef CONSOLE_FILTER_H
#define CONSOLE_FILTER_H

#include "buf.h"
#include "env.h"
#include "json.h"
#include "rest/rest_list.h"
#include "words.h"

#define CONSOLE_FILTERS 8
extern const char *const console_filter_names[CONSOLE_FILTERS];

/* p: the filters, each NULL when it is not set; fields: those of metadata (console_fields.h). *out:
 * malloc'd, "" when none is. What a filter does not know stays in the query, whose reader refuses
 * it. GH_E_TOO_LARGE: more than a query takes. */
int console_filter_write(const struct rest_param *p, const struct rest_param *fields,
    const struct catalog *c, char **out, struct gh_error *err) GH_MUSTCHECK;

/* What the form shows: values of the fields for text, options of those to choose from. 0 or -1. */
int console_filter_put(const struct rest_param *p, const struct worker_env *env,
    const struct words *w, gh_json *values, gh_json *options);

#endif
