/* Filters as a query. See console_filter.h. */
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "catalog/catalog.h"

#include "console_filter.h"
#include "console_page.h"

enum { TEMPLATE, CA, STATE, EXPIRES, REQUESTER };
const char *const console_filter_names[CONSOLE_FILTERS] = {"template", "ca", "state", "expires",
    "requester"};

/* As the query has them, but for the state, for which it is a text. */
static const char *const fields[CONSOLE_FILTERS] = {"Template", "CA", "State", NULL, "Requester"};
static const struct console_choice states[] = {
    {"", "certificates.any"},
    {"active", "certificate_state.active"},
    {"expired", "certificate_state.expired"},
    {"hold", "certificate_state.hold"},
    {"revoked", "certificate_state.revoked"},
    {NULL, NULL},
};
static const struct console_choice days[] = {
    {"", "certificates.any"},
    {"7", "certificate_expires.7"},
    {"30", "certificate_expires.30"},
    {"90", "certificate_expires.90"},
    {"365", "certificate_expires.365"},
    {NULL, NULL},
};

#define QUERY_MAX (8 * 1024)

/* A quote inside is written twice. */
static void
put_text(struct gh_buf *b, const char *text)
{
	gh_buf_putc(b, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			gh_buf_putc(b, '"');
		gh_buf_putc(b, *text);
	}
	gh_buf_putc(b, '"');
}

void
console_filter_test(struct gh_buf *b, const char *field, const char *op, const char *value)
{
	gh_buf_putf(b, "%s%s %s ", b->len > 0 ? " AND " : "", field, op);
	put_text(b, value);
}

static bool
is_one_of(const char *value, const struct console_choice *list)
{
	while (list->value != NULL && strcmp(list->value, value) != 0)
		list++;
	return list->value != NULL;
}

/* From today on, for so many days; a number that the form does not have is nobody's choice. */
static void
put_expiry(struct gh_buf *b, const char *n)
{
	char day[24];

	if (!is_one_of(n, days))
		return;
	snprintf(day, sizeof(day), "%%TODAY+%s%%", n);
	console_filter_test(b, "NotAfter", "-ge", "%TODAY%");
	console_filter_test(b, "NotAfter", "-le", day);
}

int
console_filter_write(const struct rest_param *p, char **out, struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	*out = NULL;
	gh_buf_init(&b, QUERY_MAX);
	gh_buf_puts(&b, "");
	for (size_t i = 0; i < CONSOLE_FILTERS; i++)
		if (p[i].value != NULL && fields[i] != NULL)
			console_filter_test(&b, fields[i], "-eq", p[i].value);
		else if (p[i].value != NULL)
			put_expiry(&b, p[i].value);
	if ((rc = gh_buf_check(&b, err)) == 0)
		*out = b.data != NULL ? (char *)b.data : strdup("");
	else
		gh_buf_free(&b);
	return rc == 0 && *out == NULL ? gh_fail(err, GH_E_NOMEM, "query") : rc;
}

static gh_json *
cas_of(const struct ca_set *cas, const char *selected, const struct words *w)
{
	gh_json *options = gh_json_new_array();
	int bad = console_option(options, "", words_get(w, "certificates.any"), selected);

	for (size_t i = 0; i < cas->n; i++)
		bad |= console_option(options, cas->ca[i]->name, cas->ca[i]->name, selected);
	if (bad == 0)
		return options;
	gh_json_free(options);
	return NULL;
}

int
console_filter_put(const struct rest_param *p, const struct worker_env *env, const struct words *w,
    gh_json *values, gh_json *options)
{
	return gh_json_set_string(values, "template", p[TEMPLATE].value) |
	    gh_json_set_string(values, "requester", p[REQUESTER].value) |
	    console_set(options, "ca", cas_of(&env->catalog->cas, p[CA].value, w)) |
	    console_set(options, "state", console_options(states, p[STATE].value, w)) |
	    console_set(options, "expires", console_options(days, p[EXPIRES].value, w));
}
