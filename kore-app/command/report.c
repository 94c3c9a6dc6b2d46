/* See report.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

int
report_begin(struct report *r, bool is_silent, struct gh_error *err)
{
	r->is_silent = is_silent;
	r->json = gh_json_new_object();
	return r->json != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "report");
}

void
report_end(struct report *r)
{
	gh_json_free(r->json);
	memset(r, 0, sizeof(*r));
}

gh_json *
report_item(struct report *r, const char *list, const char *name, bool created)
{
	gh_json *array = gh_json_get(r->json, list), *item = gh_json_new_object();

	if (array == NULL) {
		array = gh_json_new_array();
		if (gh_json_set(r->json, list, array) != 0) {
			gh_json_free(item);
			return NULL;
		}
	}
	if (gh_json_append(array, item) != 0 || gh_json_set_string(item, "name", name) != 0 ||
	    gh_json_set_bool(item, "created", created) != 0)
		return NULL;
	if (!r->is_silent)
		printf("%-11s %-24s %s\n", list, name, created ? "created" : "is there already");
	return item;
}

int
report_add(struct report *r, const char *list, const char *name, bool created, struct gh_error *err)
{
	return report_item(r, list, name, created) != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "report");
}

void
report_note(const struct report *r, const char *fmt, ...)
{
	va_list ap;

	if (r->is_silent)
		return;
	va_start(ap, fmt);
	printf("            ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
}
