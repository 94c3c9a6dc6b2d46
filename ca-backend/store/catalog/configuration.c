/* Configuration objects are written here: templates, applications, metadata fields; CAs in
 * ca_row.c. Each change is one transaction with its audit rows and seals (grant.h). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/grant/grant.h"

/* A copy of the member, or null. */
static int
copy(gh_json *to, const char *name, gh_json *v)
{
	return gh_json_set(to, name, v != NULL ? gh_json_ref(v) : gh_json_new_string(NULL));
}

/* An absent list is an empty one. */
static int
copy_list(gh_json *to, const char *name, gh_json *v)
{
	return gh_json_set(to, name,
	    gh_json_type(v) == GH_JSON_ARRAY ? gh_json_ref(v) : gh_json_new_array());
}

/* row with its id, put, and audited. Takes over row; bad: it could not be made. */
static int
put_new(struct store *s, struct grants *g, enum grant_table t, gh_json *row, bool bad,
    const char *taken, int64_t *id, struct gh_error *err)
{
	int rc = bad ? gh_fail(err, GH_E_NOMEM, "row") : grant_new_id(s, t, id, err);

	if (rc == 0 && gh_json_set_int(row, "id", *id) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "row");
	if (rc == 0)
		return grant_put(s, g, t, row, taken, err);
	gh_json_free(row);
	return rc;
}

/* --- templates -------------------------------------------------------------------------------- */

/* The same content in other spelling is no new version. */
static int
is_same(const struct store *s, const gh_json *a, const gh_json *b, bool *out, struct gh_error *err)
{
	unsigned char of_a[ROW_SEAL_SIZE], of_b[ROW_SEAL_SIZE] = {0};
	int rc = row_seal_row(s->grant_key, "body", 0, a, of_a, err);

	if (rc == 0)
		rc = row_seal_row(s->grant_key, "body", 0, b, of_b, err);
	*out = rc == 0 && memcmp(of_a, of_b, sizeof(of_a)) == 0;
	return rc;
}

static int
next_version(struct store *s, const char *name, int *version, struct gh_error *err)
{
	static const struct store_statement st = {"template_next",
	    "SELECT 1 + COALESCE(max(version), 0) FROM template WHERE lower(name) = lower($1)"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_text(&p, name);
	rc = store_read(s, &st, &p, &res, err);
	*version = rc == 0 ? (int)store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

static int
retire(struct store *s, struct grants *g, int64_t id, struct gh_error *err)
{
	static const struct store_statement st = {"template_retire",
	    "UPDATE template SET active = false WHERE id = $1"};
	struct store_params p = {0};
	int rc;

	store_put_int(&p, id);
	rc = store_do_once(s, &st, &p, "Conflict.", err);
	return rc == 0 ? grant_drop(s, g, GRANT_TEMPLATE, id, err) : rc;
}

static int
put_version(struct store *s, struct grants *g, const struct requester *who, const char *name,
    gh_json *body, int version, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	bool bad = gh_json_set_string(row, "name", name) != 0 ||
	    gh_json_set_int(row, "version", version) != 0 || copy(row, "body", body) != 0 ||
	    gh_json_set_bool(row, "active", true) != 0 ||
	    gh_json_set_string(row, "created_by", who->name) != 0;
	struct grant_row *old;
	char detail[32];
	int64_t id;
	int rc = 0;

	while (rc == 0 && (old = grant_find(g, GRANT_TEMPLATE, "name", name)) != NULL)
		rc = retire(s, g, old->seal.key, err);
	if (rc != 0) {
		gh_json_free(row);
		return rc;
	}
	snprintf(detail, sizeof(detail), "version %d", version);
	rc = put_new(s, g, GRANT_TEMPLATE, row, bad,
	    "The template is being imported by somebody else.", &id, err);
	return rc == 0 ? store_audit_change(s, who, "template.imported", name, detail, err) : rc;
}

int
store_get_template(struct store *s, const char *name, gh_json **out, struct gh_error *err)
{
	const struct grant_row *row;
	struct grants g;
	int rc = grant_load(s, GRANT_TEMPLATE, &g, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	if ((row = grant_find(&g, GRANT_TEMPLATE, "name", name)) != NULL)
		*out = gh_json_ref(row->content);
	else
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no template \"%.100s\".", name);
	grant_clear(&g);
	return rc;
}

int
store_import_template(struct store *s, const struct requester *who, const char *name,
    const char *body_json, int *version, bool *is_new, struct gh_error *err)
{
	gh_json *body = NULL;
	struct grant_row *old;
	struct grants g;
	int64_t v = 0;
	bool same = false;
	int rc;

	*version = 0;
	*is_new = false;
	if ((rc = gh_json_parse(body_json, strlen(body_json), GH_JSON_STRICT, &body, err)) != 0)
		return rc;
	if ((rc = grant_open(s, &g, err)) != 0) {
		gh_json_free(body);
		return rc;
	}
	if ((old = grant_find(&g, GRANT_TEMPLATE, "name", name)) != NULL)
		rc = is_same(s, gh_json_get(old->content, "body"), body, &same, err);
	if (rc == 0 && same) {
		(void)gh_json_int(gh_json_get(old->content, "version"), &v);
		*version = (int)v;
		grant_cancel(s, &g);
	} else {
		if (rc == 0 && (rc = next_version(s, name, version, err)) == 0)
			rc = put_version(s, &g, who, name, body, *version, err);
		rc = grant_close(s, &g, rc, who, err);
		*is_new = rc == 0;
	}
	gh_json_free(body);
	return rc;
}

/* --- applications ----------------------------------------------------------------------------- */

/* As the database writes it. */
static int
set_upper(gh_json *row, const char *name, const char *hex)
{
	char *upper = strdup(hex);
	int bad;

	for (char *c = upper; c != NULL && *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	bad = upper == NULL || gh_json_set_string(row, name, upper) != 0;
	free(upper);
	return bad ? -1 : 0;
}

static gh_json *
app_row(const gh_json *app, bool *bad)
{
	static const char *const texts[] = {"name", "secret_sealed", "ca", "service_identity"};
	static const char *const lists[] = {"templates", "groups"};
	const char *min_hash = gh_json_string(gh_json_get(app, "min_hash"));
	gh_json *row = gh_json_new_object();

	*bad = set_upper(row, "key_index", gh_json_string(gh_json_get(app, "key_index"))) != 0 ||
	    gh_json_set_string(row, "min_hash", min_hash != NULL ? min_hash : "SHA256") != 0 ||
	    gh_json_set_bool(row, "signature_required",
		gh_json_bool(gh_json_get(app, "signature_required"), true)) != 0 ||
	    gh_json_set_bool(row, "enabled", gh_json_bool(gh_json_get(app, "enabled"), true)) != 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*bad |= gh_json_set_string(row, texts[i],
			    gh_json_string(gh_json_get(app, texts[i]))) != 0;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		*bad |= copy_list(row, lists[i], gh_json_get(app, lists[i])) != 0;
	return row;
}

/* Whoever has the secret of an application enrolls as its service identity, who may be anybody of
 * the directory. That is more than any role gives: it is decided at the machine. */
static int
check_identity(const struct requester *who, const gh_json *app, struct gh_error *err)
{
	return who->kind == REQUESTER_COMMAND ||
		gh_json_string(gh_json_get(app, "service_identity")) == NULL
	    ? 0
	    : gh_refuse(err, GH_E_FORBIDDEN,
		  "An application with a service identity gets its secrets from the command "
		  "`gatehouse app`: who has them enrolls as that person.");
}

int
store_create_app(struct store *s, const struct requester *who, const gh_json *app, int64_t *id,
    struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(app, "name"));
	struct grants g;
	gh_json *row;
	bool bad;
	int rc;

	*id = 0;
	if (name == NULL || gh_json_string(gh_json_get(app, "key_index")) == NULL)
		return gh_fail(err, GH_E_INTERNAL, "application without name or key_index");
	if ((rc = check_identity(who, app, err)) != 0 || (rc = grant_open(s, &g, err)) != 0)
		return rc;
	row = app_row(app, &bad);
	rc = put_new(s, &g, GRANT_APPLICATION, row, bad,
	    "There is an application of this name or key already.", id, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "app.created", name, NULL, err);
	if ((rc = grant_close(s, &g, rc, who, err)) != 0)
		*id = 0;
	return rc;
}

static int
find_app(const struct grants *g, const char *name, struct grant_row **out, struct gh_error *err)
{
	*out = grant_find(g, GRANT_APPLICATION, "name", name);
	return *out != NULL
	    ? 0
	    : gh_refuse(err, GH_E_NOT_FOUND,
		  "there is no application \"%.100s\": see `gatehouse app list`", name);
}

int
store_set_app_enabled(struct store *s, const struct requester *who, const char *name, bool enabled,
    struct gh_error *err)
{
	struct grant_row *app;
	struct grants g;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((rc = find_app(&g, name, &app, err)) == 0 &&
	    gh_json_set_bool(app->content, "enabled", enabled) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "application");
	if (rc == 0)
		rc = store_audit_change(s, who, enabled ? "app.enabled" : "app.disabled",
		    gh_json_string(gh_json_get(app->content, "name")), NULL, err);
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_APPLICATION, gh_json_ref(app->content), "Conflict.",
		    err);
	return grant_close(s, &g, rc, who, err);
}

int
store_change_app(struct store *s, const struct requester *who, const char *name,
    const gh_json *changes, struct gh_error *err)
{
	char detail[160] = "";
	struct grant_row *app;
	struct grants g;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((rc = find_app(&g, name, &app, err)) == 0)
		rc = check_identity(who, app->content, err);
	for (void *it = gh_json_iter(changes); rc == 0 && it != NULL;
	     it = gh_json_next(changes, it)) {
		size_t n = strlen(detail);

		snprintf(detail + n, sizeof(detail) - n, "%s%s", n > 0 ? ", " : "",
		    gh_json_iter_name(it));
		if (copy(app->content, gh_json_iter_name(it), gh_json_iter_value(it)) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "application");
	}
	if (rc == 0)
		rc = store_audit_change(s, who, "app.changed",
		    gh_json_string(gh_json_get(app->content, "name")), detail, err);
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_APPLICATION, gh_json_ref(app->content),
		    "There is an application of this key already.", err);
	return grant_close(s, &g, rc, who, err);
}

/* Its pending requests could neither be approved nor be understood without it. */
static int
refuse_if_pending(struct store *s, int64_t app_id, struct gh_error *err)
{
	static const struct store_statement st = {"app_pending",
	    "SELECT count(*) FROM request WHERE disposition = 9 AND app_id = $1"};
	struct store_params p = {0};
	PGresult *res;
	long long n;
	int rc;

	store_put_int(&p, app_id);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	n = rc == 0 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	if (n > 0)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "The application has %lld pending requests: approve or deny them first.", n);
	return rc;
}

int
store_delete_app(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err)
{
	static const struct store_statement st = {"app_delete",
	    "DELETE FROM application WHERE id = $1"};
	struct grant_row *app;
	struct grants g;
	int64_t id = 0;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((rc = find_app(&g, name, &app, err)) == 0)
		rc = refuse_if_pending(s, id = app->seal.key, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "app.deleted",
		    gh_json_string(gh_json_get(app->content, "name")), NULL, err);
	if (rc == 0)
		rc = grant_remove(s, &g, GRANT_APPLICATION, id, &st, err);
	return grant_close(s, &g, rc, who, err);
}
