/* See status_show.h. The form of a check: https://nagios-plugins.org/doc/guidelines.html */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "health/findings_view.h"
#include "output.h"

#include "doctor/finding_print.h"

#include "status_show.h"

#define LINE_MAX 8192

/* Of which those that are well are counted, not listed. */
static const struct {
	const char *code; /* or the beginning of it */
	const char *well;
} brief[] = {
    {"directory", "steps of the look-up work"},
    {"job", "run when they are due"},
};
#define BRIEFS (sizeof(brief) / sizeof(brief[0]))

static const char *
member(const gh_json *o, const char *name)
{
	const char *text = gh_json_string(gh_json_get(o, name));

	return text != NULL ? text : "";
}

static size_t
brief_of(const gh_json *finding)
{
	const char *code = member(finding, "code");
	size_t i = 0;

	while (i < BRIEFS && strncmp(code, brief[i].code, strlen(brief[i].code)) != 0)
		i++;
	return i;
}

/* ---- one line ---- */

/* 'NAME'=VALUEUNIT;WARN;CRIT */
static void
put_numbers(struct gh_buf *b, const gh_json *values)
{
	gh_buf_puts(b, " |");
	for (size_t i = 0; i < gh_json_size(values); i++) {
		const gh_json *v = gh_json_at(values, i);
		int64_t value = 0;

		(void)!gh_json_int(gh_json_get(v, "value"), &value);
		gh_buf_putf(b, " '%s'=%" PRId64 "%s;%s;%s", member(v, "name"), value,
		    member(v, "unit"), member(v, "warn"), member(v, "crit"));
	}
}

/* ---- the screen ---- */

static void
print_brief(const gh_json *list, size_t which)
{
	int n = 0;

	for (size_t i = 0; i < gh_json_size(list); i++) {
		const gh_json *f = gh_json_at(list, i);

		n += brief_of(f) == which && finding_state_of(f) == FINDING_OK;
	}
	printf("%-8s %-22s %d %s\n", "ok", brief[which].code, n, brief[which].well);
}

static void
print_all(const gh_json *list)
{
	bool is_told[BRIEFS] = {false};

	for (size_t i = 0; i < gh_json_size(list); i++) {
		const gh_json *f = gh_json_at(list, i);
		size_t which = brief_of(f);

		if (which == BRIEFS || finding_state_of(f) != FINDING_OK) {
			finding_print(f);
		} else if (!is_told[which]) {
			print_brief(list, which);
			is_told[which] = true;
		}
	}
}

static void
print_wrong(const gh_json *list)
{
	for (size_t i = 0; i < gh_json_size(list); i++) {
		const gh_json *f = gh_json_at(list, i);
		struct gh_buf b;

		if (finding_state_of(f) == FINDING_OK)
			continue;
		gh_buf_init(&b, LINE_MAX);
		gh_buf_putf(&b, "%s %s: ", finding_names[finding_state_of(f)], member(f, "code"));
		finding_put_plain(&b, member(f, "what"));
		gh_buf_puts(&b, " -> ");
		finding_put_plain(&b, member(f, "todo"));
		output_safe(stdout, b.data != NULL ? (const char *)b.data : "");
		printf("\n");
		gh_buf_free(&b);
	}
}

static void
print_json(const char *state, const char *summary, const gh_json *list, const gh_json *values)
{
	gh_json *o = findings_view(state, summary, list, values);

	(void)!output_json(o);
	gh_json_free(o);
}

enum status_exit
status_show(const gh_json *list, const gh_json *values, enum status_form form)
{
	struct gh_buf line;
	enum finding_state worst = findings_summary(list, &line);
	const char *text;

	if (form == STATUS_CHECK)
		put_numbers(&line, values);
	text = line.data != NULL ? (const char *)line.data : "GATEHOUSE";
	if (form == STATUS_JSON) {
		print_json(finding_names[worst], text, list, values);
	} else {
		output_safe(stdout, text);
		printf("\n");
		if (form == STATUS_CHECK)
			print_wrong(list);
		else
			print_all(list);
	}
	gh_buf_free(&line);
	return output_finish() == 0 ? (enum status_exit)worst : STATUS_UNKNOWN;
}

enum status_exit
status_show_unknown(const char *why, enum status_form form)
{
	struct gh_buf line;
	const char *text;

	gh_buf_init(&line, LINE_MAX);
	gh_buf_puts(&line, "GATEHOUSE UNKNOWN - ");
	finding_put_plain(&line, why);
	text = line.data != NULL ? (const char *)line.data : "GATEHOUSE UNKNOWN";
	if (form == STATUS_JSON) {
		print_json("UNKNOWN", text, NULL, NULL);
	} else {
		output_safe(stdout, text);
		printf("\n");
	}
	gh_buf_free(&line);
	(void)output_finish();
	return STATUS_UNKNOWN;
}
