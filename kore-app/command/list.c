/* Keyset paging over store_list. */
#include <strings.h>

#include "timestamp.h"

#include "list.h"

#define LIST_PAGE 1000 /* rows of one query, the most that the store gives */

/* Append the rows of page to all; where the last one stands goes to the filter. */
static int
append_page(gh_json *all, const gh_json *page, struct store_filter *filter)
{
	for (size_t i = 0; i < gh_json_size(page); i++) {
		gh_json *row = gh_json_at(page, i);
		const char *ends = gh_json_string(gh_json_get(row, "not_after"));

		if (!gh_json_int(gh_json_get(row, "id"), &filter->after_id) ||
		    (ends != NULL && gh_timestamp_parse(ends, &filter->after_expiry, NULL) != 0))
			filter->after_id = 0;
		if (gh_json_append(all, gh_json_ref(row)) != 0)
			return -1;
	}
	return 0;
}

int
list_load(struct store *store, enum store_list what, struct store_filter filter, int limit,
    gh_json **out, struct gh_error *err)
{
	gh_json *all = gh_json_new_array(), *page;
	size_t got;
	int rc = all != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "list");

	*out = NULL;
	filter.after_id = 0;
	while (rc == 0) {
		size_t left = limit > 0 ? (size_t)limit - gh_json_size(all) : LIST_PAGE;

		filter.limit = (int)(left < LIST_PAGE ? left : LIST_PAGE);
		if (filter.limit == 0)
			break;
		rc = store_list(store, what, &filter, &page, err);
		if (rc != 0)
			break;
		got = gh_json_size(page);
		if (append_page(all, page, &filter) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "list");
		gh_json_free(page);
		if (got < (size_t)filter.limit || filter.after_id == 0)
			break;
	}
	if (rc != 0)
		gh_json_free(all);
	else
		*out = all;
	return rc;
}

int
list_rows(struct verb_call *c, struct gh_error *err)
{
	const struct list_query *q = c->verb->arg;

	return list_load(c->env.store, q->what, q->filter, q->limit, &c->out, err);
}

/* Member "name" without case; borrowed, NULL when there is none. */
static gh_json *
row_by_name(const gh_json *rows, const char *name)
{
	for (size_t i = 0; i < gh_json_size(rows); i++) {
		const char *n = gh_json_string(gh_json_get(gh_json_at(rows, i), "name"));

		if (n != NULL && strcasecmp(n, name) == 0)
			return gh_json_at(rows, i);
	}
	return NULL;
}

/* What a list holds, and the command that shows it. */
static const struct {
	enum store_list what;
	const char *noun, *command;
} nouns[] = {
    {STORE_LIST_CAS, "CA", "ca"},
    {STORE_LIST_TEMPLATES, "template", "template"},
    {STORE_LIST_APPS, "application", "app"},
    {STORE_LIST_METADATA_FIELDS, "metadata field", "metadata"},
    {STORE_LIST_CA_RULES, "rule", "ca rule"},
    {STORE_LIST_VIEW_RULES, "rule", "view"},
    {STORE_LIST_EST_LABELS, "label", "est label"},
};

static int
refuse_missing(enum store_list what, const char *name, struct gh_error *err)
{
	for (size_t i = 0; i < sizeof(nouns) / sizeof(nouns[0]); i++)
		if (nouns[i].what == what)
			return gh_refuse(err, GH_E_NOT_FOUND,
			    "there is no %s \"%.100s\": see `gatehouse %s list`", nouns[i].noun,
			    name, nouns[i].command);
	return gh_refuse(err, GH_E_NOT_FOUND, "there is no \"%.100s\"", name);
}

static int
take_row(gh_json *row, enum store_list what, const char *name, gh_json **out, struct gh_error *err)
{
	if (row == NULL)
		return refuse_missing(what, name, err);
	*out = gh_json_ref(row);
	return 0;
}

int
list_find_active(struct store *store, enum store_list what, const char *name, gh_json **out,
    struct gh_error *err)
{
	const char *member = what == STORE_LIST_CAS ? "cas" : "templates";
	gh_json *catalog;
	int rc = store_load_catalog(store, &catalog, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	rc = take_row(row_by_name(gh_json_get(catalog, member), name), what, name, out, err);
	gh_json_free(catalog);
	return rc;
}

int
list_find(struct store *store, enum store_list what, const char *name, gh_json **out,
    struct gh_error *err)
{
	struct store_filter filter = {.name = name};
	gh_json *rows;
	int rc = list_load(store, what, filter, 0, &rows, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	rc = take_row(row_by_name(rows, name), what, name, out, err);
	gh_json_free(rows);
	return rc;
}

int
list_tidy_secrets(gh_json *rows, struct gh_error *err)
{
	for (size_t i = 0; i < gh_json_size(rows); i++) {
		gh_json *row = gh_json_at(rows, i);
		char text[GH_TIMESTAMP_SIZE];
		int64_t at;
		bool ends = gh_json_int(gh_json_get(row, "expires"), &at);

		if (gh_json_set_string(row, "secret_sealed", NULL) != 0 ||
		    (ends &&
			gh_json_set_string(row, "expires", gh_timestamp_format(at, text)) != 0))
			return gh_fail(err, GH_E_NOMEM, "list");
	}
	return 0;
}
