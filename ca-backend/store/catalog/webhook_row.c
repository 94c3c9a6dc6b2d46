/* Rows of table webhook. See webhook_row.h. */
#include <stdio.h>
#include <string.h>

#include "named_row.h"
#include "webhook_row.h"

static int
append(gh_json *list, const struct grant_row *r)
{
	int bad = r->is_damaged ? gh_json_set_bool(r->content, "damaged", true) : 0;

	return bad | gh_json_append(list, gh_json_ref(r->content));
}

int
store_load_webhooks(struct store *s, gh_json **out, bool *is_damaged, struct gh_error *err)
{
	gh_json *list = NULL;
	struct grants g;
	int rc = grant_load_each(s, GRANT_WEBHOOK, &g, is_damaged, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	if ((list = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "webhooks");
	for (size_t i = 0; rc == 0 && i < g.table[GRANT_WEBHOOK].n; i++)
		if (append(list, &g.table[GRANT_WEBHOOK].row[i]) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "webhooks");
	grant_clear(&g);
	if (rc == 0)
		*out = list;
	else
		gh_json_free(list);
	return rc;
}

static void
describe(const gh_json *webhook, char *out, size_t size)
{
	const char *url = gh_json_string(gh_json_get(webhook, "url"));

	snprintf(out, size, "%s", url != NULL ? url : "");
}

static const struct named_row_kind kind = {
    .table = GRANT_WEBHOOK,
    .added = "webhook.created",
    .changed = "webhook.changed",
    .removed = "webhook.deleted",
    .taken = "There is a webhook of this name already.",
    .what = "webhook",
    .list = "gatehouse notify webhook list",
    .remove = {"webhook_delete", "DELETE FROM webhook WHERE id = $1"},
    .describe = describe,
};

int
store_create_webhook(struct store *s, const struct requester *who, const gh_json *webhook,
    struct gh_error *err)
{
	return named_row_add(s, who, &kind, webhook, err);
}

/* "url https://...; secret_sealed": the new URL is what a reader of the trail looks for. */
static void
name_changes(const gh_json *changes, char *detail, size_t size)
{
	detail[0] = '\0';
	for (void *it = gh_json_iter(changes); it != NULL; it = gh_json_next(changes, it)) {
		const char *name = gh_json_iter_name(it);
		const char *url =
		    strcmp(name, "url") == 0 ? gh_json_string(gh_json_iter_value(it)) : NULL;
		size_t n = strlen(detail);

		snprintf(detail + n, size - n, "%s%s%s%s", n > 0 ? "; " : "", name,
		    url != NULL ? " " : "", url != NULL ? url : "");
	}
}

int
store_change_webhook(struct store *s, const struct requester *who, const char *name,
    const gh_json *changes, struct gh_error *err)
{
	char detail[1200];

	name_changes(changes, detail, sizeof(detail));
	return named_row_set(s, who, &kind, name, changes, detail, err);
}

int
store_delete_webhook(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err)
{
	return named_row_remove(s, who, &kind, name, err);
}
