/* Rows of table est_device. See est_device_row.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/grant/grant.h"

#include "est_device_row.h"

#define KEY_SIZE 200

static int
no_memory(struct gh_error *err)
{
	return gh_fail(err, GH_E_NOMEM, "devices");
}

static const char *
text_of(const gh_json *o, const char *name)
{
	const char *s = gh_json_string(gh_json_get(o, name));

	return s != NULL ? s : "";
}

static void
key_of(const gh_json *row, char key[KEY_SIZE])
{
	snprintf(key, KEY_SIZE, "%.100s\n%.90s", text_of(row, "serial"), text_of(row, "anchor"));
}

/* {"serial\nanchor": place in the table} */
static int
make_index(const struct grants *g, gh_json **out, struct gh_error *err)
{
	const struct grant_rows *rows = &g->table[GRANT_EST_DEVICE];
	char key[KEY_SIZE];

	*out = gh_json_new_object();
	for (size_t i = 0; i < rows->n; i++) {
		key_of(rows->row[i].content, key);
		if (gh_json_set_int(*out, key, (int64_t)i) != 0)
			return no_memory(err);
	}
	return *out != NULL ? 0 : no_memory(err);
}

/* ---- one row ---- */

/* The row as it is to be; members that differ go to told: "added", "subject, note". */
static int
merge(const gh_json *old, const gh_json *given, enum store_device_change how, gh_json **out,
    char *told, size_t size, struct gh_error *err)
{
	const char *name;
	int bad = 0;

	told[0] = '\0';
	*out = gh_json_new_object();
	for (size_t i = 0; (name = grant_table_column(GRANT_EST_DEVICE, i)) != NULL; i++) {
		gh_json *was = gh_json_get(old, name), *v = gh_json_get(given, name);
		size_t n = strlen(told);

		if (strcmp(name, "id") == 0 || (how == STORE_DEVICE_SET && v == NULL))
			v = was;
		if (old != NULL && !gh_json_equal(was, v) &&
		    !(gh_json_type(was) == GH_JSON_NULL && gh_json_type(v) == GH_JSON_NULL))
			snprintf(told + n, size - n, "%s%s", n > 0 ? ", " : "", name);
		bad |=
		    gh_json_set(*out, name, v != NULL ? gh_json_ref(v) : gh_json_new_string(NULL));
	}
	if (old == NULL)
		snprintf(told, size, "added");
	return bad == 0 ? 0 : no_memory(err);
}

static int
tell(gh_json *changes, const gh_json *row, const char *what, struct gh_error *err)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_string(o, "serial", text_of(row, "serial")) |
	    gh_json_set_string(o, "anchor", text_of(row, "anchor")) |
	    gh_json_set_string(o, "change", what);

	if (bad != 0) {
		gh_json_free(o);
		return no_memory(err);
	}
	return gh_json_append(changes, o) == 0 ? 0 : no_memory(err);
}

struct change {
	struct store *s;
	const struct requester *who;
	struct grants g;
	gh_json *index, *changes;
	enum store_device_change how;
};

static int
find(const struct change *c, const gh_json *given, const gh_json **old, struct gh_error *err)
{
	const struct grant_rows *rows = &c->g.table[GRANT_EST_DEVICE];
	char key[KEY_SIZE];
	int64_t at = 0;
	bool found;

	key_of(given, key);
	found = gh_json_get(c->index, key) != NULL &&
	    gh_json_int(gh_json_get(c->index, key), &at) && (size_t)at < rows->n;
	*old = found ? rows->row[at].content : NULL;
	if (found && c->how == STORE_DEVICE_ADD)
		return gh_refuse(err, GH_E_CONFLICT, "there is a device \"%s\" already",
		    text_of(given, "serial"));
	if (!found && c->how == STORE_DEVICE_SET)
		return gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no device \"%s\"%s: see `gatehouse est device list`",
		    text_of(given, "serial"),
		    *text_of(given, "anchor") != '\0' ? " of this manufacturer"
						      : " without a manufacturer");
	return 0;
}

static int
put(struct change *c, const gh_json *given, struct gh_error *err)
{
	const gh_json *old;
	gh_json *row = NULL;
	char told[200], key[KEY_SIZE];
	int64_t id;
	int rc = find(c, given, &old, err);

	if (rc == 0)
		rc = merge(old, given, c->how, &row, told, sizeof(told), err);
	if (rc != 0 || *told == '\0') {
		gh_json_free(row);
		return rc;
	}
	if (old == NULL && (rc = grant_new_id(c->s, GRANT_EST_DEVICE, &id, err)) == 0 &&
	    gh_json_set_int(row, "id", id) != 0)
		rc = no_memory(err);
	if (rc == 0 && (rc = tell(c->changes, row, told, err)) == 0)
		rc = store_audit_change(c->s, c->who,
		    old == NULL ? "est.device.added" : "est.device.changed", text_of(row, "serial"),
		    told, err);
	if (rc != 0) {
		gh_json_free(row);
		return rc;
	}
	key_of(row, key);
	rc = grant_put(c->s, &c->g, GRANT_EST_DEVICE, row,
	    "an EST user enrolls for one device only, and this one does for another", err);
	/* ids ascend: a new one is the last */
	if (rc == 0 && old == NULL &&
	    gh_json_set_int(c->index, key, (int64_t)c->g.table[GRANT_EST_DEVICE].n - 1) != 0)
		rc = no_memory(err);
	return rc;
}

/* ---- all of them ---- */

static int
check_number(const struct change *c, size_t max, struct gh_error *err)
{
	size_t n = c->g.table[GRANT_EST_DEVICE].n;

	return n <= max ? 0
			: gh_refuse(err, GH_E_VALIDATION,
			      "there would be %zu devices, and no more than %zu are taken", n, max);
}

int
store_put_est_devices(struct store *s, const struct requester *who, const gh_json *devices,
    enum store_device_change how, size_t max, bool is_trial, gh_json **changes,
    struct gh_error *err)
{
	struct change c = {.s = s, .who = who, .how = how};
	int rc;

	*changes = NULL;
	if ((rc = grant_open(s, &c.g, err)) != 0)
		return rc;
	rc = make_index(&c.g, &c.index, err);
	if (rc == 0 && (c.changes = gh_json_new_array()) == NULL)
		rc = no_memory(err);
	for (size_t i = 0; rc == 0 && i < gh_json_size(devices); i++)
		rc = put(&c, gh_json_at(devices, i), err);
	if (rc == 0)
		rc = check_number(&c, max, err);
	gh_json_free(c.index);
	if (rc == 0 && (is_trial || gh_json_size(c.changes) == 0))
		grant_cancel(s, &c.g);
	else
		rc = grant_close(s, &c.g, rc, who, err);
	if (rc == 0)
		*changes = c.changes;
	else
		gh_json_free(c.changes);
	return rc;
}

int
store_remove_est_device(struct store *s, const struct requester *who, const char *serial,
    const char *anchor, struct gh_error *err)
{
	static const struct store_statement gone = {"est_device_delete",
	    "DELETE FROM est_device WHERE id = $1"};
	const struct grant_rows *rows;
	const struct grant_row *found = NULL;
	struct grants g;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	rows = &g.table[GRANT_EST_DEVICE];
	for (size_t i = 0; found == NULL && i < rows->n; i++)
		if (strcmp(text_of(rows->row[i].content, "serial"), serial) == 0 &&
		    strcmp(text_of(rows->row[i].content, "anchor"), anchor) == 0)
			found = &rows->row[i];
	if (found == NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no device \"%s\"%s: see `gatehouse est device list`", serial,
		    *anchor != '\0' ? " of this manufacturer" : " without a manufacturer");
	if (rc == 0)
		rc = store_audit_change(s, who, "est.device.removed", serial,
		    text_of(found->content, "subject"), err);
	if (rc == 0)
		rc = grant_remove(s, &g, GRANT_EST_DEVICE, found->seal.key, &gone, err);
	return grant_close(s, &g, rc, who, err);
}

int
store_load_est_devices(struct store *s, gh_json **out, struct gh_error *err)
{
	const struct grant_rows *rows;
	struct grants g;
	int rc = grant_load(s, GRANT_EST_DEVICE, &g, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	rows = &g.table[GRANT_EST_DEVICE];
	*out = gh_json_new_array();
	for (size_t i = 0; rc == 0 && i < rows->n; i++)
		if (gh_json_append(*out, gh_json_ref(rows->row[i].content)) != 0)
			rc = no_memory(err);
	grant_clear(&g);
	if (rc == 0 && *out == NULL)
		rc = no_memory(err);
	if (rc != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}
