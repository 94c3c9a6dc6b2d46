/* Queries and pages. See rest_list.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

#include "rest_list.h"

#define TEXT_MAX 255 /* bytes of a filter */
#define ID_DIGITS_MAX 18
#define WORDS_SIZE 160 /* of a list of words in a complaint */

/* --- parameters ------------------------------------------------------------------------------- */

int
rest_params_read(const struct call *call, struct rest_param *p, size_t n, struct rest_fields *f,
    struct gh_error *err)
{
	const char **known = calloc(n + 1, sizeof(*known));
	int rc = known != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "parameters");

	for (size_t i = 0; i < n && rc == 0; i++) {
		struct gh_error why = {0};

		known[i] = p[i].name;
		rc = rest_query(call, p[i].name, &p[i].value, &why);
		if (rc == GH_E_BAD_REQUEST) {
			rest_field_wrong(f, p[i].name, "%s", why.message);
			rc = 0;
		} else if (rc != 0) {
			*err = why;
		}
	}
	if (rc == 0)
		rest_query_only(call, known, f);
	free(known);
	return rc;
}

void
rest_params_clear(struct rest_param *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(p[i].value);
		p[i].value = NULL;
	}
}

int64_t
rest_param_number(struct rest_fields *f, const struct rest_param *p, int64_t min, int64_t max,
    int64_t fallback)
{
	const char *text = p->value;
	size_t n = text != NULL ? strspn(text, "0123456789") : 0;
	int64_t v;

	if (text == NULL)
		return fallback;
	v = n > 0 && n <= ID_DIGITS_MAX && text[n] == '\0' ? strtoll(text, NULL, 10) : -1;
	if (v >= min && v <= max)
		return v;
	if (max == INT64_MAX)
		rest_field_wrong(f, p->name, "The parameter %s must be the id of a row.", p->name);
	else
		rest_field_wrong(f, p->name, "The parameter %s must be a number from %lld to %lld.",
		    p->name, (long long)min, (long long)max);
	return fallback;
}

const char *
rest_param_text(struct rest_fields *f, const struct rest_param *p)
{
	if (p->value != NULL && (*p->value == '\0' || strlen(p->value) > TEXT_MAX)) {
		rest_field_wrong(f, p->name, "The parameter %s must be 1 to %d bytes.", p->name,
		    TEXT_MAX);
		return NULL;
	}
	return p->value;
}

char *
rest_words(const char *const *words, char *out, size_t size)
{
	size_t n = 0;

	*out = '\0';
	for (size_t i = 0; words[i] != NULL && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s",
		    i == 0                     ? ""
			: words[i + 1] != NULL ? ", "
					       : " or ",
		    words[i]);
	return out;
}

const char *
rest_param_word(struct rest_fields *f, const struct rest_param *p, const char *const *words)
{
	char list[WORDS_SIZE];

	if (p->value == NULL)
		return NULL;
	for (size_t i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], p->value) == 0)
			return words[i];
	rest_field_wrong(f, p->name, "The parameter %s must be %s.", p->name,
	    rest_words(words, list, sizeof(list)));
	return NULL;
}

int64_t
rest_param_time(struct rest_fields *f, const struct rest_param *p)
{
	int64_t t = 0;

	if (p->value != NULL && !gh_day_parse(p->value, &t) &&
	    gh_timestamp_parse(p->value, &t, NULL) != 0)
		rest_field_wrong(f, p->name,
		    "The parameter %s must be a day, or a time like 2026-01-02T03:04:05Z.",
		    p->name);
	return t;
}

struct rest_paging
rest_param_paging(struct rest_fields *f, const struct rest_param *p)
{
	static const char *const orders[] = {"oldest", "newest", NULL};
	const char *order = rest_param_word(f, &p[REST_ORDER], orders);

	return (
	    struct rest_paging){.after_id = rest_param_number(f, &p[REST_AFTER], 0, INT64_MAX, 0),
	    .limit =
		(int)rest_param_number(f, &p[REST_LIMIT], 1, REST_LIMIT_MAX, REST_LIMIT_DEFAULT),
	    .newest_first = order != NULL && strcmp(order, "newest") == 0};
}

/* --- pages ------------------------------------------------------------------------------------ */

static gh_json *
page_object(gh_json *entries, int64_t next)
{
	gh_json *o = gh_json_new_object();

	if (o == NULL) {
		gh_json_free(entries);
		return NULL;
	}
	if (gh_json_set(o, "entries", entries) != 0 ||
	    gh_json_set(o, "next", next != 0 ? gh_json_new_int(next) : gh_json_new_string(NULL)) !=
		0) {
		gh_json_free(o);
		return NULL;
	}
	return o;
}

void
rest_page(struct gh_http_reply *rep, gh_json *entries, int64_t next)
{
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, 200, page_object(entries, next));
}

int
rest_list_page(const struct rest_list *l, struct worker_env *env, const struct call *call,
    void *filter, gh_json **entries, int64_t *next, struct rest_fields *f, struct gh_error *err)
{
	struct rest_param p[REST_PARAMS_MAX] = {{NULL, NULL}};
	size_t n = 0;
	int rc;

	*entries = NULL;
	*next = 0;
	for (; n < REST_PARAMS_MAX && l->names[n] != NULL; n++)
		p[n].name = l->names[n];
	if ((rc = rest_params_read(call, p, n, f, err)) == 0) {
		l->read(p, f, filter);
		rc = rest_fields_check(f, err);
	}
	if (rc == 0)
		rc = l->page(env, call, filter, entries, next, err);
	rest_params_clear(p, n);
	return rc;
}

void
rest_list_reply(const struct rest_list *l, struct worker_env *env, const struct call *call,
    void *filter, struct gh_http_reply *rep)
{
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *entries;
	int64_t next;

	if (rest_list_page(l, env, call, filter, &entries, &next, &fields, &err) == 0)
		rest_page(rep, entries, next);
	else
		rest_error(&err, call->http->request_id, rest_fields_take(&fields), rep);
	rest_fields_clear(&fields);
}
