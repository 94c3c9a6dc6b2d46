/* Rows of table webhook. See webhook_row.h. */
#include <stdio.h>
#include <string.h>

#include "store/grant/grant.h"

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

static int
copy_members(gh_json *row, const gh_json *from)
{
	int bad = 0;

	for (void *it = gh_json_iter(from); it != NULL; it = gh_json_next(from, it))
		bad |= gh_json_set(row, gh_json_iter_name(it), gh_json_ref(gh_json_iter_value(it)));
	return bad;
}

int
store_create_webhook(struct store *s, const struct requester *who, const gh_json *webhook,
    struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(webhook, "name"));
	const char *url = gh_json_string(gh_json_get(webhook, "url"));
	struct grants g;
	gh_json *row;
	int64_t id;
	int rc;

	if (name == NULL || url == NULL)
		return gh_fail(err, GH_E_INTERNAL, "webhook without name or URL");
	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	row = gh_json_new_object();
	if ((rc = grant_new_id(s, GRANT_WEBHOOK, &id, err)) == 0 &&
	    (copy_members(row, webhook) != 0 || gh_json_set_int(row, "id", id) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "webhook");
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_WEBHOOK, row,
		    "There is a webhook of this name already.", err);
	else
		gh_json_free(row);
	if (rc == 0)
		rc = store_audit_change(s, who, "webhook.created", name, url, err);
	return grant_close(s, &g, rc, who, err);
}

static int
find(const struct grants *g, const char *name, struct grant_row **out, struct gh_error *err)
{
	*out = grant_find(g, GRANT_WEBHOOK, "name", name);
	return *out != NULL
	    ? 0
	    : gh_refuse(err, GH_E_NOT_FOUND,
		  "there is no webhook \"%.100s\": see `gatehouse notify webhook list`", name);
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
	struct grant_row *webhook;
	char detail[1200];
	struct grants g;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	rc = find(&g, name, &webhook, err);
	if (rc == 0 && copy_members(webhook->content, changes) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "webhook");
	if (rc == 0) {
		name_changes(changes, detail, sizeof(detail));
		rc = store_audit_change(s, who, "webhook.changed",
		    gh_json_string(gh_json_get(webhook->content, "name")), detail, err);
	}
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_WEBHOOK, gh_json_ref(webhook->content), "Conflict.",
		    err);
	return grant_close(s, &g, rc, who, err);
}

int
store_delete_webhook(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err)
{
	static const struct store_statement st = {"webhook_delete",
	    "DELETE FROM webhook WHERE id = $1"};
	struct grant_row *webhook;
	struct grants g;
	int64_t id = 0;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((rc = find(&g, name, &webhook, err)) == 0) {
		id = webhook->seal.key;
		rc = store_audit_change(s, who, "webhook.deleted",
		    gh_json_string(gh_json_get(webhook->content, "name")), NULL, err);
	}
	if (rc == 0)
		rc = grant_remove(s, &g, GRANT_WEBHOOK, id, &st, err);
	return grant_close(s, &g, rc, who, err);
}
