/* Sealing what is there, on a person's word. See reseal.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "store/grant/grant_private.h"
#include "store/request/request_seal.h"
#include "reseal.h"

#define REVISION_LIMIT (INT64_C(1) << 61) /* a stored number beyond it is no revision of ours */

void
store_grant_macs_clear(struct store_grant_macs *seals)
{
	gh_json_free(seals->differences);
	memset(seals, 0, sizeof(*seals));
}

static int
add_difference(gh_json *list, enum grant_table t, int64_t key, const gh_json *content,
    const char *what, struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(content, "name"));
	gh_json *item = gh_json_new_object();

	if (gh_json_set_string(item, "table", grant_table_name(t)) != 0 ||
	    gh_json_set_int(item, "key", key) != 0 || gh_json_set_string(item, "name", name) != 0 ||
	    gh_json_set_string(item, "what", what) != 0) {
		gh_json_free(item);
		return gh_fail(err, GH_E_NOMEM, "differences");
	}
	return gh_json_append(list, item) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "differences");
}

static int
compare_table(const struct grants *g, enum grant_table t, const gh_json *seals, gh_json *list,
    struct gh_error *err)
{
	const gh_json *mine = gh_json_get(seals, grant_table_name(t));
	const struct grant_rows *rows = &g->table[t];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < rows->n; i++) {
		enum grant_fit fit = grant_row_fits(&rows->row[i], mine);

		if (fit != GRANT_FITS)
			rc = add_difference(list, t, rows->row[i].seal.key, rows->row[i].content,
			    fit == GRANT_ADDED ? "added" : "changed", err);
	}
	for (void *it = gh_json_iter(mine); rc == 0 && it != NULL; it = gh_json_next(mine, it)) {
		int64_t id = strtoll(gh_json_iter_name(it), NULL, 10);

		if (grant_find_id(g, t, id) == NULL)
			rc = add_difference(list, t, id, NULL, "removed", err);
	}
	return rc;
}

/* MACs of tables and head over what is there, at this revision. */
static int
seal_all(const struct store *s, struct grants *g, int64_t revision, struct gh_error *err)
{
	int rc = 0;

	g->revision = revision;
	for (int t = 0; rc == 0 && t < GRANT_TABLES; t++) {
		g->table[t].is_new = false;
		rc = grant_seal_table(s, g, (enum grant_table)t, err);
	}
	return rc == 0 ? grant_seal_head(s, g, err) : rc;
}

/* Pending requests that are not as they were recorded. */
static int
compare_requests(const struct row_seal *seals, const bool *fits, size_t n,
    struct store_grant_macs *out, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		gh_json *item;

		if (fits[i])
			continue;
		item = gh_json_new_object();
		if (gh_json_set_string(item, "table", "request") != 0 ||
		    gh_json_set_int(item, "key", seals[i].key) != 0 ||
		    gh_json_set_string(item, "name", NULL) != 0 ||
		    gh_json_set_string(item, "what", "changed") != 0) {
			gh_json_free(item);
			rc = gh_fail(err, GH_E_NOMEM, "differences");
		} else if (gh_json_append(out->differences, item) != 0) {
			rc = gh_fail(err, GH_E_NOMEM, "differences");
		}
		if (out->is_whole)
			snprintf(out->problem, sizeof(out->problem),
			    "request %lld was changed without Gatehouse: it is not "
			    "approved",
			    (long long)seals[i].key);
		out->is_whole = false;
	}
	return rc;
}

/* Of all that is sealed: rows that grant rights, and pending requests. */
static int
digest_of(const struct store *s, const struct grants *g, const struct row_seal *seals, size_t n,
    unsigned char out[STORE_RESEAL_DIGEST_SIZE], struct gh_error *err)
{
	unsigned char both[2 * ROW_SEAL_SIZE];
	int rc = row_seal_table(s->grant_key, "request", seals, n, both + ROW_SEAL_SIZE, err);

	memcpy(both, g->mac, ROW_SEAL_SIZE);
	if (rc == 0 && !gh_digest(GH_SHA256, both, sizeof(both), out))
		rc = gh_fail(err, GH_E_NOMEM, "digest");
	return rc;
}

static int
was_sealed(struct store *s, bool *out, struct gh_error *err)
{
	static const struct store_statement st = {NULL,
	    "SELECT EXISTS (SELECT FROM audit WHERE event IN ('grant.sealed', 'grant.resealed'))"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_read(s, &st, &p, &res, err);

	*out = rc == 0 && store_bool(res, 0, 0);
	PQclear(res);
	return rc;
}

int
store_grant_macs_look(struct store *s, struct store_grant_macs *out, struct gh_error *err)
{
	struct gh_error problem = {0};
	struct row_seal *seals = NULL;
	struct grants g;
	gh_json *loaded;
	bool was = true, *fits = NULL;
	size_t n = 0;
	int rc = grant_fetch(s, GRANT_ALL, &g, &loaded, err);

	memset(out, 0, sizeof(*out));
	if (rc != 0)
		return rc;
	out->is_whole = grant_check(s, GRANT_ALL, loaded, &g, &problem) == 0;
	out->revision = g.revision;
	snprintf(out->problem, sizeof(out->problem), "%s", out->is_whole ? "" : problem.detail);
	if ((out->differences = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "differences");
	for (int t = 0; rc == 0 && t < GRANT_TABLES; t++) {
		out->rows += g.table[t].n;
		rc = compare_table(&g, (enum grant_table)t, gh_json_get(loaded, "seals"),
		    out->differences, err);
	}
	if (rc == 0 && !g.is_sealed)
		rc = was_sealed(s, &was, err);
	out->is_first = rc == 0 && !g.is_sealed && !was;
	if (rc == 0 && (rc = request_seal_all(s, &seals, &fits, &n, err)) == 0)
		rc = compare_requests(seals, fits, n, out, err);
	if (rc == 0 && (rc = seal_all(s, &g, 0, err)) == 0)
		rc = digest_of(s, &g, seals, n, out->digest, err);
	out->rows += n;
	free(seals);
	free(fits);
	grant_clear(&g);
	gh_json_free(loaded);
	if (rc != 0)
		store_grant_macs_clear(out);
	return rc;
}

/* The old MACs go, so that none is left of a row that is gone. */
static int
write_all(struct store *s, const struct grants *g, const struct row_seal *seals, size_t n,
    struct gh_error *err)
{
	int rc = store_script(s, "DELETE FROM row_seal", s->timeout_ms, err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = request_seal_write(s, &seals[i], err);

	for (int t = 0; rc == 0 && t < GRANT_TABLES; t++)
		for (size_t i = 0; rc == 0 && i < g->table[t].n; i++)
			rc =
			    grant_write_seal(s, (enum grant_table)t, &g->table[t].row[i].seal, err);
	return rc == 0 ? grant_write_head(s, g, err) : rc;
}

static int
reseal(struct store *s, const struct requester *who, struct grants *g, const struct row_seal *seals,
    size_t n, struct gh_error *err)
{
	char detail[64];
	const struct store_audit a = {.event = "grant.resealed",
	    .outcome = "success",
	    .who = who,
	    .object = "database",
	    .detail = detail};
	int64_t revision = g->revision > s->grant_revision ? g->revision : s->grant_revision;
	int rc;

	if (g->revision < 0 || g->revision > REVISION_LIMIT)
		revision = s->grant_revision;
	snprintf(detail, sizeof(detail), "revision %lld", (long long)revision + 1);
	if ((rc = seal_all(s, g, revision + 1, err)) == 0 &&
	    (rc = write_all(s, g, seals, n, err)) == 0)
		rc = store_audit(s, &a, err);
	return rc == 0 ? grant_audit(s, g, who, err) : rc;
}

int
store_reseal(struct store *s, const struct requester *who,
    const unsigned char digest[STORE_RESEAL_DIGEST_SIZE], struct gh_error *err)
{
	unsigned char now[STORE_RESEAL_DIGEST_SIZE];
	struct row_seal *seals = NULL;
	bool *fits = NULL;
	struct grants g;
	gh_json *loaded = NULL;
	int64_t stored = 0;
	size_t n = 0;
	int rc = store_begin_locking(s, err);

	if (rc != 0)
		return rc;
	memset(&g, 0, sizeof(g));
	if ((rc = grant_lock(s, err)) == 0)
		rc = grant_fetch(s, GRANT_ALL, &g, &loaded, err);
	(void)gh_json_int(gh_json_get(gh_json_get(loaded, "head"), "revision"), &stored);
	if (rc == 0 && (rc = request_seal_all(s, &seals, &fits, &n, err)) == 0 &&
	    (rc = seal_all(s, &g, 0, err)) == 0 &&
	    (rc = digest_of(s, &g, seals, n, now, err)) == 0 &&
	    CRYPTO_memcmp(now, digest, sizeof(now)) != 0)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "The rows have changed since they were shown: nothing was sealed. "
		    "Look at them again.");
	g.revision = stored;
	if (rc == 0)
		rc = reseal(s, who, &g, seals, n, err);
	if (rc == 0)
		rc = store_commit(s, err);
	else
		store_rollback(s);
	free(seals);
	free(fits);
	grant_clear(&g);
	gh_json_free(loaded);
	return rc;
}
