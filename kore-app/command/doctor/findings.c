/* See findings.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "findings.h"
#include "output.h"

#define WHAT_SIZE 640

int
findings_begin(struct findings *f, bool is_silent, struct gh_error *err)
{
	memset(f, 0, sizeof(*f));
	f->is_silent = is_silent;
	f->list = gh_json_new_array();
	return f->list != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "findings");
}

void
findings_end(struct findings *f)
{
	gh_json_free(f->list);
	f->list = NULL;
}

static void
print_finding(const struct findings *f, const char *state, const char *code, const char *what,
    const char *todo)
{
	if (f->is_silent || (todo == NULL && f->only_wrong))
		return;
	printf("%-8s %-22s ", state, code);
	output_safe(stdout, what);
	if (todo != NULL) {
		printf("\n%32s", "-> ");
		output_safe(stdout, todo);
	}
	printf("\n");
}

static void
add(struct findings *f, enum finding_state state, const char *code, const char *what,
    const char *todo)
{
	static const char *const names[] = {"ok", "warning", "ERROR"},
				 *const members[] = {"ok", "warning", "error"};
	gh_json *o = gh_json_new_object();

	f->oks += state == FINDING_OK;
	f->warnings += state == FINDING_WARNING;
	f->errors += state == FINDING_ERROR;
	print_finding(f, names[state], code, what, todo);
	if (o == NULL || gh_json_set_string(o, "code", code) != 0 ||
	    gh_json_set_string(o, "state", members[state]) != 0 ||
	    gh_json_set_string(o, "what", what) != 0 || gh_json_set_string(o, "todo", todo) != 0) {
		gh_json_free(o);
		f->failed = true;
	} else if (gh_json_append(f->list, o) != 0) {
		f->failed = true;
	}
}

void
finding_ok(struct findings *f, const char *code, const char *fmt, ...)
{
	char what[WHAT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	add(f, FINDING_OK, code, what, NULL);
}

void
finding_wrong(struct findings *f, enum finding_state state, const char *code, const char *todo,
    const char *fmt, ...)
{
	char what[WHAT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	add(f, state, code, what, todo);
}
