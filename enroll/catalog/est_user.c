/* Rows of est_user, as JSON, to users. See est_user.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json_row.h"

#include "est_user.h"

static void
clear_user(struct est_user *u)
{
	free(u->name);
	free(u->secret_sealed);
	free(u->label);
	memset(u, 0, sizeof(*u));
}

/* What is absent or of another type falls on the safe side. */
static int
load_user(const gh_json *row, struct est_user *out, struct gh_error *err)
{
	int rc;

	if (!gh_json_int(gh_json_get(row, "id"), &out->id))
		return gh_fail(err, GH_E_DB, "id is missing");
	out->is_enabled = gh_json_bool(gh_json_get(row, "enabled"), false);
	out->is_one_time = gh_json_bool(gh_json_get(row, "one_time"), true);
	if (gh_json_type(gh_json_get(row, "expires")) != GH_JSON_NULL &&
	    (!gh_json_int(gh_json_get(row, "expires"), &out->expires) || out->expires <= 0))
		return gh_fail(err, GH_E_DB, "expires is no time");
	if ((rc = gh_json_row_text(row, "name", &out->name, err)) != 0 ||
	    (rc = gh_json_row_text(row, "secret_sealed", &out->secret_sealed, err)) != 0)
		return rc;
	return gh_json_type(gh_json_get(row, "label")) != GH_JSON_NULL
	    ? gh_json_row_text(row, "label", &out->label, err)
	    : 0;
}

static int
compare(const void *a, const void *b)
{
	return strcasecmp(((const struct est_user *)a)->name, ((const struct est_user *)b)->name);
}

int
est_users_load(const gh_json *rows, struct est_users *out, struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error why;

	memset(out, 0, sizeof(*out));
	if ((out->user = calloc(n + 1, sizeof(*out->user))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "EST users");
	for (size_t i = 0; i < n; i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (load_user(row, &out->user[out->n], &why) == 0) {
			out->n++;
			continue;
		}
		clear_user(&out->user[out->n]);
		if (gh_json_row_leave_out("EST user", row, &why, err) != 0) {
			est_users_clear(out);
			return GH_E_NOMEM;
		}
	}
	qsort(out->user, out->n, sizeof(*out->user), compare);
	return 0;
}

void
est_users_clear(struct est_users *u)
{
	for (size_t i = 0; i < u->n; i++)
		clear_user(&u->user[i]);
	free(u->user);
	memset(u, 0, sizeof(*u));
}

const struct est_user *
est_users_find(const struct est_users *u, const char *name)
{
	const struct est_user probe = {.name = (char *)(uintptr_t)name};

	return u->n > 0 ? bsearch(&probe, u->user, u->n, sizeof(*u->user), compare) : NULL;
}

const struct est_user *
est_users_find_id(const struct est_users *u, int64_t id)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->user[i].id == id)
			return &u->user[i];
	return NULL;
}
