/* See findings_view.h. */
#include <string.h>

#include "findings_view.h"

#define SUMMARY_MAX 2048

const char *const finding_names[] = {"OK", "WARNING", "CRITICAL"};

static const char *
member(const gh_json *o, const char *name)
{
	const char *text = gh_json_string(gh_json_get(o, name));

	return text != NULL ? text : "";
}

enum finding_state
finding_state_of(const gh_json *finding)
{
	const char *state = member(finding, "state");

	return strcmp(state, "error") == 0  ? FINDING_ERROR
	    : strcmp(state, "warning") == 0 ? FINDING_WARNING
					    : FINDING_OK;
}

void
finding_put_plain(struct gh_buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		gh_buf_putc(b, *text == '|' ? '/' : *text == '\n' ? ' ' : *text);
}

enum finding_state
findings_summary(const gh_json *list, struct gh_buf *out)
{
	int worst = FINDING_OK;
	size_t n = gh_json_size(list);
	int told = 0;

	for (size_t i = 0; i < n; i++)
		if ((int)finding_state_of(gh_json_at(list, i)) > worst)
			worst = (int)finding_state_of(gh_json_at(list, i));
	gh_buf_init(out, SUMMARY_MAX * 64);
	gh_buf_putf(out, "GATEHOUSE %s - ", finding_names[worst]);
	for (int state = FINDING_ERROR; state > FINDING_OK; state--)
		for (size_t i = 0; i < n; i++) {
			const gh_json *f = gh_json_at(list, i);

			if ((int)finding_state_of(f) != state || out->len > SUMMARY_MAX)
				continue;
			gh_buf_puts(out, told++ > 0 ? "; " : "");
			finding_put_plain(out, member(f, "code"));
			gh_buf_puts(out, ": ");
			finding_put_plain(out, member(f, "what"));
		}
	if (worst == FINDING_OK)
		gh_buf_putf(out, "%zu things looked at, all well", n);
	return (enum finding_state)worst;
}

gh_json *
findings_view(const char *state, const char *summary, const gh_json *list, const gh_json *values)
{
	gh_json *o = gh_json_new_object(), *numbers = gh_json_new_object();
	int64_t value = 0;
	int bad = 0;

	for (size_t i = 0; i < gh_json_size(values); i++) {
		const gh_json *v = gh_json_at(values, i);

		if (gh_json_int(gh_json_get(v, "value"), &value))
			bad |= gh_json_set_int(numbers, member(v, "name"), value);
	}
	bad |= gh_json_set_string(o, "state", state) | gh_json_set_string(o, "summary", summary);
	bad |= gh_json_set(o, "findings",
	    list != NULL ? gh_json_ref((gh_json *)list) : gh_json_new_array());
	bad |= gh_json_set(o, "values", numbers);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}
