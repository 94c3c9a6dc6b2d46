/* Labels of EST are written here. */
#include <stdio.h>
#include <stdlib.h>

#include "named_row.h"

/* {"template":"Device","auth":"cert"}, disabled */
static void
describe(const gh_json *label, char *out, size_t size)
{
	char *text = gh_json_print(gh_json_get(label, "settings"), false);

	snprintf(out, size, "%s%s", text != NULL ? text : "?",
	    gh_json_bool(gh_json_get(label, "enabled"), false) ? "" : ", disabled");
	free(text);
}

static const struct named_row_kind kind = {
    .table = GRANT_EST_LABEL,
    .added = "est.label.added",
    .changed = "est.label.changed",
    .removed = "est.label.removed",
    .taken = "There is a label of this name already.",
    .what = "label",
    .list = "gatehouse est label list",
    .remove = {"est_label_delete", "DELETE FROM est_label WHERE id = $1"},
    .describe = describe,
};

int
store_add_est_label(struct store *s, const struct requester *who, const gh_json *label,
    struct gh_error *err)
{
	return named_row_add(s, who, &kind, label, err);
}

int
store_change_est_label(struct store *s, const struct requester *who, const char *name,
    const gh_json *changes, int (*check)(const gh_json *label, struct gh_error *err),
    struct gh_error *err)
{
	return named_row_change(s, who, &kind, name, changes, check, err);
}

/* Its pending requests could neither be approved nor be understood without it. */
static int
refuse_if_pending(struct store *s, const char *name, struct gh_error *err)
{
	static const struct store_statement st = {"est_label_pending",
	    "SELECT count(*) FROM request WHERE disposition = 9 AND lower(label) = lower($1)"};
	struct store_params p = {0};
	PGresult *res;
	long long n;
	int rc;

	store_put_text(&p, name);
	rc = store_read(s, &st, &p, &res, err);
	n = rc == 0 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	if (n > 0)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "The label has %lld pending requests: approve or deny them first.", n);
	return rc;
}

int
store_delete_est_label(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err)
{
	int rc = refuse_if_pending(s, name, err);

	return rc == 0 ? named_row_remove(s, who, &kind, name, err) : rc;
}
