/* What the page of the inventory is asked for. See console_asked.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "inventory/saved_search.h"
#include "rest/rest_saved_search.h"

#include "console_asked.h"
#include "console_ask.h"
#include "console_search.h"

#define ALWAYS "id,subject,status,template,not_after,ca,requester" /* members */
const struct console_column console_columns[ASKED_COLUMNS] = {{"show_names", "sans"},
    {"show_serial", "serial"}, {"show_begins", "not_before"}, {"show_issuer", "issuer"},
    {"show_metadata", "metadata"}};

void
console_asked_clear(struct console_asked *a)
{
	free(a->written);
	gh_json_free(a->searches);
	rest_params_clear(a->p, a->n);
	free(a->p);
	free(a->names);
}

/* A form sends fields that are empty. */
static void
drop_empty(struct rest_param *p)
{
	if (p->value != NULL && *p->value == '\0') {
		free(p->value);
		p->value = NULL;
	}
}

static int
begin(struct console_asked *a, const struct catalog *c, struct gh_error *err)
{
	size_t of_fields = console_fields_count(c) * FIELD_PARAMS;

	a->catalog = c;
	a->p = calloc(ASKED_PARAMS + of_fields, sizeof(*a->p));
	a->names = calloc(of_fields + 1, sizeof(*a->names));
	if (a->p == NULL || a->names == NULL)
		return gh_fail(err, GH_E_NOMEM, "search");
	a->n = ASKED_PARAMS + of_fields;
	for (size_t i = 0; i < of_fields; i++)
		a->p[ASKED_PARAMS + i].name =
		    console_field_name(c, i / FIELD_PARAMS, (int)(i % FIELD_PARAMS), a->names[i]);
	return 0;
}

static void
name_params(struct console_asked *a)
{
	static const char *const names[ASKED_FILTERS] = {"page", "order_by", "order", "query",
	    "write", "lang", "saved", "version"};

	for (size_t i = 0; i < ASKED_PARAMS; i++)
		a->p[i].name = i < ASKED_FILTERS ? names[i]
		    : i < ASKED_FIRST_COLUMN     ? console_filter_names[i - ASKED_FILTERS]
						 : console_columns[i - ASKED_FIRST_COLUMN].name;
}

int
console_asked_read(const struct worker_env *env, const struct call *call, struct console_asked *a,
    struct rest_fields *f, struct gh_error *err)
{
	int rc = begin(a, env->catalog, err);

	if (rc != 0)
		return rc;
	name_params(a);
	if ((rc = rest_params_read(call, a->p, a->n, f, err)) != 0)
		return rc;
	a->is_said = a->p[ASKED_QUERY].value != NULL || a->p[ASKED_WRITE].value != NULL;
	for (size_t i = 0; i < a->n; i++)
		drop_empty(&a->p[i]);
	if ((rc = rest_fields_check(f, err)) == 0 && a->p[ASKED_WRITE].value != NULL)
		rc = console_filter_write(&a->p[ASKED_FILTERS], &a->p[ASKED_PARAMS], a->catalog,
		    &a->written, err);
	a->query = a->written != NULL         ? a->written
	    : a->p[ASKED_QUERY].value != NULL ? a->p[ASKED_QUERY].value
					      : "";
	return rc;
}

int
console_asked_form(const struct worker_env *env, const struct call *call, struct console_asked *a,
    struct gh_error *err)
{
	int rc = begin(a, env->catalog, err);

	if (rc != 0)
		return rc;
	name_params(a);
	a->is_said = true;
	for (size_t i = 0; i < a->n; i++) {
		const char *text = gh_form_get(call->form, a->p[i].name);

		if (text != NULL && *text != '\0' && (a->p[i].value = strdup(text)) == NULL)
			return gh_fail(err, GH_E_NOMEM, "form of a search");
	}
	a->query = a->p[ASKED_QUERY].value != NULL ? a->p[ASKED_QUERY].value : "";
	return 0;
}

/* --- a saved search --------------------------------------------------------------------------- */

/* 0 or -1 */
static int
take(struct rest_param *p, const char *text)
{
	if (text == NULL || p->value != NULL)
		return 0;
	p->value = strdup(text);
	return p->value != NULL ? 0 : -1;
}

/* What is saved, as if it had been chosen. Its order ascends where it does not say, as over REST.
 */
static int
take_saved(struct console_asked *a, const gh_json *row)
{
	const char *by = gh_json_string(gh_json_get(row, "order_by")),
		   *order = gh_json_string(gh_json_get(row, "order")),
		   *fields = gh_json_string(gh_json_get(row, "fields"));
	char etag[SAVED_SEARCH_ETAG_SIZE];
	int bad = take(&a->p[ASKED_QUERY], gh_json_string(gh_json_get(row, "query"))) |
	    take(&a->p[ASKED_ORDER_BY], by) |
	    take(&a->p[ASKED_ORDER],
		order != NULL    ? order
		    : by != NULL ? "asc"
				 : NULL) |
	    take(&a->p[ASKED_VERSION], saved_search_etag(row, etag));

	for (size_t i = 0; i < ASKED_COLUMNS; i++)
		if (console_is_member(fields, console_columns[i].member))
			bad |= take(&a->p[ASKED_FIRST_COLUMN + i], "yes");
	for (size_t i = 0; i < console_fields_count(a->catalog); i++)
		if (console_field_is_member(fields, a->catalog, i))
			bad |= take(&a->p[ASKED_PARAMS + i * FIELD_PARAMS + FIELD_SHOWN], "yes");
	a->query = a->p[ASKED_QUERY].value != NULL ? a->p[ASKED_QUERY].value : "";
	return bad;
}

int
console_asked_saved(struct worker_env *env, const struct call *call, struct console_asked *a,
    struct gh_error *err)
{
	int rc = console_get(env, call, rest_saved_searches, NULL, &a->searches, err);

	if (rc != 0 || a->p[ASKED_SAVED].value == NULL)
		return rc;
	a->shown = console_search_find(a->searches, a->p[ASKED_SAVED].value);
	if (a->is_said)
		return 0;
	if (a->shown == NULL)
		return gh_refuse(err, GH_E_NOT_FOUND, "There is no saved search of this name.");
	return take_saved(a, a->shown) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "saved search");
}

/* --- what the API is asked -------------------------------------------------------------------- */

const char *
console_asked_text(const struct console_asked *a, int param, const char *otherwise)
{
	return a->p[param].value != NULL ? a->p[param].value : otherwise;
}

void
console_asked_put(struct gh_buf *q, const struct console_asked *a)
{
	console_query_put(q, "query", a->query);
	console_query_put(q, "order_by", console_asked_text(a, ASKED_ORDER_BY, "id"));
	console_query_put(q, "order", console_asked_text(a, ASKED_ORDER, "desc"));
}

void
console_asked_members(struct gh_buf *b, const struct console_asked *a)
{
	gh_buf_puts(b, ALWAYS);
	for (size_t i = 0; i < ASKED_COLUMNS; i++)
		if (a->p[ASKED_FIRST_COLUMN + i].value != NULL)
			gh_buf_putf(b, ",%s", console_columns[i].member);
	console_fields_members(b, a->catalog, &a->p[ASKED_PARAMS]);
	gh_buf_putc(b, '\0');
}
