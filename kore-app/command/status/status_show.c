/* See status_show.h. The form of a check: https://nagios-plugins.org/doc/guidelines.html */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "doctor/findings.h"
#include "output.h"

#include "status_show.h"

#define SUMMARY_MAX 2048

static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

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

static enum status_exit
state_of(const gh_json *finding)
{
	const char *state = member(finding, "state");

	return strcmp(state, "error") == 0  ? STATUS_CRITICAL
	    : strcmp(state, "warning") == 0 ? STATUS_WARNING
					    : STATUS_OK;
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

/* In a check "|" begins the numbers, and a line is a line. */
static void
put_plain(struct gh_buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		gh_buf_putc(b, *text == '|' ? '/' : *text == '\n' ? ' ' : *text);
}

/* "GATEHOUSE CRITICAL - CODE: WHAT; CODE: WHAT", the worst first; malloc'd as out->data. */
static enum status_exit
summarize(const gh_json *list, struct gh_buf *out)
{
	enum status_exit worst = STATUS_OK;
	size_t n = gh_json_size(list);
	int told = 0;

	for (size_t i = 0; i < n; i++)
		if (state_of(gh_json_at(list, i)) > worst)
			worst = state_of(gh_json_at(list, i));
	gh_buf_init(out, SUMMARY_MAX * 64);
	gh_buf_putf(out, "GATEHOUSE %s - ", names[worst]);
	for (int state = STATUS_CRITICAL; state > STATUS_OK; state--)
		for (size_t i = 0; i < n; i++) {
			const gh_json *f = gh_json_at(list, i);

			if ((int)state_of(f) != state || out->len > SUMMARY_MAX)
				continue;
			gh_buf_puts(out, told++ > 0 ? "; " : "");
			put_plain(out, member(f, "code"));
			gh_buf_puts(out, ": ");
			put_plain(out, member(f, "what"));
		}
	if (worst == STATUS_OK)
		gh_buf_putf(out, "%zu things looked at, all well", n);
	return worst;
}

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

		n += brief_of(f) == which && state_of(f) == STATUS_OK;
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

		if (which == BRIEFS || state_of(f) != STATUS_OK) {
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

		if (state_of(f) == STATUS_OK)
			continue;
		gh_buf_init(&b, SUMMARY_MAX * 4);
		gh_buf_putf(&b, "%s %s: ", names[state_of(f)], member(f, "code"));
		put_plain(&b, member(f, "what"));
		gh_buf_puts(&b, " -> ");
		put_plain(&b, member(f, "todo"));
		output_safe(stdout, b.data != NULL ? (const char *)b.data : "");
		printf("\n");
		gh_buf_free(&b);
	}
}

static void
print_json(const char *summary, enum status_exit worst, const gh_json *list, const gh_json *values)
{
	gh_json *o = gh_json_new_object(), *numbers = gh_json_new_object();
	int64_t value = 0;

	for (size_t i = 0; i < gh_json_size(values); i++) {
		const gh_json *v = gh_json_at(values, i);

		if (gh_json_int(gh_json_get(v, "value"), &value))
			(void)!gh_json_set_int(numbers, member(v, "name"), value);
	}
	(void)!gh_json_set_string(o, "state", names[worst]);
	(void)!gh_json_set_string(o, "summary", summary);
	(void)!gh_json_set(o, "findings", gh_json_ref((gh_json *)list));
	(void)!gh_json_set(o, "values", numbers);
	(void)!output_json(o);
	gh_json_free(o);
}

enum status_exit
status_show(const gh_json *list, const gh_json *values, enum status_form form)
{
	struct gh_buf line;
	enum status_exit worst = summarize(list, &line);
	const char *text;

	if (form == STATUS_CHECK)
		put_numbers(&line, values);
	text = line.data != NULL ? (const char *)line.data : "GATEHOUSE";
	if (form == STATUS_JSON) {
		print_json(text, worst, list, values);
	} else {
		output_safe(stdout, text);
		printf("\n");
		if (form == STATUS_CHECK)
			print_wrong(list);
		else
			print_all(list);
	}
	gh_buf_free(&line);
	return output_finish() == 0 ? worst : STATUS_UNKNOWN;
}

enum status_exit
status_show_unknown(const char *why, enum status_form form)
{
	struct gh_buf line;
	const char *text;

	gh_buf_init(&line, SUMMARY_MAX * 4);
	gh_buf_puts(&line, "GATEHOUSE UNKNOWN - ");
	put_plain(&line, why);
	text = line.data != NULL ? (const char *)line.data : "GATEHOUSE UNKNOWN";
	if (form == STATUS_JSON) {
		print_json(text, STATUS_UNKNOWN, NULL, NULL);
	} else {
		output_safe(stdout, text);
		printf("\n");
	}
	gh_buf_free(&line);
	(void)output_finish();
	return STATUS_UNKNOWN;
}
