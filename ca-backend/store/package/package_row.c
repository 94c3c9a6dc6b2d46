/* Rows of tables package and package_content. See package_row.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "digest.h"
#include "hex.h"
#include "store/grant/grant.h"

#include "package_row.h"

#define SHA256_SIZE 32

int
store_load_packages(struct store *s, gh_json **out, struct gh_error *err)
{
	gh_json *list = NULL;
	struct grants g;
	int rc = grant_load(s, GRANT_PACKAGE, &g, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	if ((list = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "packages");
	for (size_t i = 0; rc == 0 && i < g.table[GRANT_PACKAGE].n; i++)
		if (gh_json_append(list, gh_json_ref(g.table[GRANT_PACKAGE].row[i].content)) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "packages");
	grant_clear(&g);
	if (rc == 0)
		*out = list;
	else
		gh_json_free(list);
	return rc;
}

/*
 * What changes with each row and each MAC that is written, however it was: its transaction.
 * Somebody who owns the database could hide a change from this; what is kept was checked, so that
 * he would gain nothing but that we go on with what was true before.
 */
static int
read_state(struct store *s, char out[STORE_PACKAGES_STATE_SIZE], struct gh_error *err)
{
	static const struct store_statement st = {"package_state",
	    "SELECT concat_ws('-', (SELECT encode(mac, 'hex') FROM grant_head), "
	    "(SELECT concat_ws('-', count(*), sum(xmin::text::bigint), max(id)) FROM package), "
	    "(SELECT concat_ws('-', count(*), sum(xmin::text::bigint)) FROM row_seal WHERE tbl = 'package'))"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_read(s, &st, &p, &res, err);

	if (rc == 0)
		snprintf(out, STORE_PACKAGES_STATE_SIZE, "%s", PQgetvalue(res, 0, 0));
	PQclear(res);
	return rc;
}

int
store_share_packages(struct store *s, gh_json **out, struct gh_error *err)
{
	char state[STORE_PACKAGES_STATE_SIZE];
	int rc = read_state(s, state, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	if (s->packages == NULL || strcmp(state, s->packages_state) != 0) {
		gh_json_free(s->packages);
		s->packages = NULL;
		if ((rc = store_load_packages(s, &s->packages, err)) != 0)
			return rc;
		memcpy(s->packages_state, state, sizeof(state));
	}
	*out = gh_json_ref(s->packages);
	return 0;
}

static int
no_package(int64_t id, struct gh_error *err)
{
	return gh_refuse(err, GH_E_NOT_FOUND,
	    "there is no package %lld: see `gatehouse package list`", (long long)id);
}

/* --- adding ----------------------------------------------------------------------------------- */

static int
make_row(const gh_json *package, const struct gh_buf *content, int64_t id, gh_json **out,
    struct gh_error *err)
{
	unsigned char sum[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	gh_json *row = gh_json_new_object();
	int bad = !gh_digest(GH_SHA256, content->data, content->len, sum);

	for (void *it = gh_json_iter(package); it != NULL; it = gh_json_next(package, it))
		bad |= gh_json_set(row, gh_json_iter_name(it), gh_json_ref(gh_json_iter_value(it)));
	bad |= gh_json_set_int(row, "id", id);
	bad |= gh_json_set_string(row, "sha256", gh_hex_upper(sum, sizeof(sum), hex));
	*out = row;
	return bad ? gh_fail(err, GH_E_NOMEM, "package") : 0;
}

static int
put_content(struct store *s, int64_t id, const struct gh_buf *content, struct gh_error *err)
{
	static const struct store_statement st = {"package_put_content",
	    "INSERT INTO package_content (package_id, content) VALUES ($1, $2)"};
	struct store_params p = {0};

	store_put_int(&p, id);
	store_put_bytes(&p, content->data, content->len);
	return store_do_once(s, &st, &p, "Conflict.", err);
}

/* "firmware for group:Routers" */
static int
audit(struct store *s, const struct requester *who, const char *event, const gh_json *package,
    int64_t id, struct gh_error *err)
{
	char object[32], detail[500];

	snprintf(object, sizeof(object), "package/%lld", (long long)id);
	snprintf(detail, sizeof(detail), "%s \"%.150s\" for %.250s",
	    gh_json_string(gh_json_get(package, "kind")),
	    gh_json_string(gh_json_get(package, "name")),
	    gh_json_string(gh_json_get(package, "audience")));
	return store_audit_change(s, who, event, object, detail, err);
}

int
store_add_package(struct store *s, const struct requester *who, const gh_json *package,
    const struct gh_buf *content, int64_t *id, struct gh_error *err)
{
	struct grants g;
	gh_json *row;
	int rc;

	*id = 0;
	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if (g.table[GRANT_PACKAGE].n >= STORE_PACKAGES_MAX)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "there are %d packages already: remove what is done", STORE_PACKAGES_MAX);
	if (rc == 0 && (rc = grant_new_id(s, GRANT_PACKAGE, id, err)) == 0) {
		rc = make_row(package, content, *id, &row, err);
		if (rc == 0)
			rc = grant_put(s, &g, GRANT_PACKAGE, row,
			    "there is a package of this kind with this identifier already: answers "
			    "to the two could not be told apart",
			    err);
		else
			gh_json_free(row);
	}
	if (rc == 0 && (rc = put_content(s, *id, content, err)) == 0)
		rc = audit(s, who, "package.added", package, *id, err);
	rc = grant_close(s, &g, rc, who, err);
	if (rc != 0)
		*id = 0;
	return rc;
}

/* --- changing --------------------------------------------------------------------------------- */

int
store_address_package(struct store *s, const struct requester *who, int64_t id,
    const char *audience, struct gh_error *err)
{
	struct grant_row *row;
	struct grants g;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((row = grant_find_id(&g, GRANT_PACKAGE, id)) == NULL)
		rc = no_package(id, err);
	else if (gh_json_set_string(row->content, "audience", audience) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "package");
	if (rc == 0 && (rc = audit(s, who, "package.changed", row->content, id, err)) == 0)
		rc = grant_put(s, &g, GRANT_PACKAGE, gh_json_ref(row->content), "Conflict.", err);
	return grant_close(s, &g, rc, who, err);
}

/* --- removing --------------------------------------------------------------------------------- */

int
store_remove_package(struct store *s, const struct requester *who, int64_t id, struct gh_error *err)
{
	static const struct store_statement st = {"package_delete",
	    "DELETE FROM package WHERE id = $1"};
	struct grant_row *row;
	struct grants g;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((row = grant_find_id(&g, GRANT_PACKAGE, id)) == NULL)
		rc = no_package(id, err);
	if (rc == 0)
		rc = audit(s, who, "package.removed", row->content, id, err);
	if (rc == 0)
		rc = grant_remove(s, &g, GRANT_PACKAGE, id, &st, err);
	return grant_close(s, &g, rc, who, err);
}

/* --- the content ------------------------------------------------------------------------------ */

int
store_get_package_content(struct store *s, int64_t id, const char *sha256, struct gh_buf *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"package_content",
	    "SELECT content FROM package_content WHERE package_id = $1"};
	unsigned char sum[SHA256_SIZE], *content = NULL;
	char hex[2 * SHA256_SIZE + 1];
	struct store_params p = {0};
	size_t len = 0;
	PGresult *res;
	int rc;

	store_put_int(&p, id);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 0)
		rc = gh_fail(err, GH_E_NOT_FOUND, "package %lld has no content", (long long)id);
	else if ((rc = store_bytes(res, 0, 0, &content, &len, err)) == 0 &&
	    (!gh_digest(GH_SHA256, content, len, sum) ||
		strcasecmp(gh_hex_upper(sum, sizeof(sum), hex), sha256) != 0))
		rc = gh_fail(err, GH_E_SEAL,
		    "the content of package %lld was changed past the program: remove it and add it "
		    "again",
		    (long long)id);
	if (rc == 0)
		gh_buf_put(out, content, len);
	PQclear(res);
	free(content);
	return rc == 0 ? gh_buf_check(out, err) : rc;
}
