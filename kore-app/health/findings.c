/* See findings.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "findings.h"

#define WHAT_SIZE 640

int
findings_begin(struct findings *f, finding_tell tell, struct gh_error *err)
{
	memset(f, 0, sizeof(*f));
	f->tell = tell;
	f->list = gh_json_new_array();
	f->values = gh_json_new_array();
	if (f->list != NULL && f->values != NULL)
		return 0;
	findings_end(f);
	return gh_fail(err, GH_E_NOMEM, "findings");
}

void
findings_end(struct findings *f)
{
	gh_json_free(f->list);
	gh_json_free(f->values);
	f->list = f->values = NULL;
}

static void
add(struct findings *f, enum finding_state state, const char *code, const char *what,
    const char *todo)
{
	static const char *const names[] = {"ok", "warning", "error"};
	gh_json *o = gh_json_new_object();

	f->oks += state == FINDING_OK;
	f->warnings += state == FINDING_WARNING;
	f->errors += state == FINDING_ERROR;
	if (o == NULL || gh_json_set_string(o, "code", code) != 0 ||
	    gh_json_set_string(o, "state", names[state]) != 0 ||
	    gh_json_set_string(o, "what", what) != 0 || gh_json_set_string(o, "todo", todo) != 0) {
		gh_json_free(o);
		f->failed = true;
		return;
	}
	if (f->tell != NULL && (state != FINDING_OK || !f->only_wrong))
		f->tell(o);
	if (gh_json_append(f->list, o) != 0)
		f->failed = true;
}

void
finding_value(struct findings *f, const struct finding_value *v)
{
	gh_json *o = gh_json_new_object();
	char name[128];

	snprintf(name, sizeof(name), "%s%s%s", v->name, v->label != NULL ? "_" : "",
	    v->label != NULL ? v->label : "");
	if (o == NULL || gh_json_set_string(o, "name", name) != 0 ||
	    gh_json_set_int(o, "value", v->value) != 0 ||
	    gh_json_set_string(o, "unit", v->unit) != 0 ||
	    gh_json_set_string(o, "warn", v->warn) != 0 ||
	    gh_json_set_string(o, "crit", v->crit) != 0) {
		gh_json_free(o);
		f->failed = true;
	} else if (gh_json_append(f->values, o) != 0) {
		f->failed = true;
	}
}

const char *
finding_span(int64_t seconds, char out[FINDING_SPAN_SIZE])
{
	static const struct {
		int64_t size;
		const char *name;
	} units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}, {1, "seconds"}};
	size_t i = 0;

	while (i < 3 && seconds < 2 * units[i].size)
		i++;
	snprintf(out, FINDING_SPAN_SIZE, "%lld %s", (long long)(seconds / units[i].size),
	    units[i].name);
	return out;
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
