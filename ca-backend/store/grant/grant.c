/* Rows that grant rights: loading and checking. See grant.h. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "hex.h"
#include "log.h"

#include "grant.h"
#include "grant_private.h"

#define SQL_MAX (64 * 1024)
#define NAME_MAX_SHOWN 60

int
store_use_secret(struct store *s, const unsigned char secret[GH_KEY_SIZE], struct gh_error *err)
{
	int rc = gh_derive_key(secret, ROW_SEAL_LABEL, s->grant_key, err);

	s->has_grant_key = rc == 0;
	return rc;
}

void
grant_clear(struct grants *g)
{
	for (int t = 0; t < GRANT_TABLES; t++) {
		for (size_t i = 0; i < g->table[t].n; i++)
			gh_json_free(g->table[t].row[i].content);
		free(g->table[t].row);
	}
	memset(g, 0, sizeof(*g));
}

struct grant_row *
grant_find_id(const struct grants *g, enum grant_table t, int64_t id)
{
	for (size_t i = 0; i < g->table[t].n; i++)
		if (g->table[t].row[i].seal.key == id)
			return &g->table[t].row[i];
	return NULL;
}

struct grant_row *
grant_find(const struct grants *g, enum grant_table t, const char *column, const char *value)
{
	for (size_t i = 0; i < g->table[t].n; i++) {
		const char *text = gh_json_string(gh_json_get(g->table[t].row[i].content, column));

		if (text != NULL && strcasecmp(text, value) == 0)
			return &g->table[t].row[i];
	}
	return NULL;
}

/* --- query ------------------------------------------------------------------------------------ */

/* Of one statement, so that all belongs together. */
static void
put_query(struct gh_buf *b, enum grant_table which)
{
	gh_buf_puts(b,
	    "SELECT json_build_object('generation', (SELECT n FROM catalog_generation), "
	    "'head', (SELECT json_build_object('revision', revision, 'tables', tables, 'mac', encode(mac, 'hex')) "
	    "FROM grant_head), 'seals', (SELECT json_object_agg(tbl, seals) FROM (SELECT tbl, "
	    "json_object_agg(key, encode(mac, 'hex')) AS seals FROM row_seal");
	if (which != GRANT_ALL)
		gh_buf_putf(b, " WHERE tbl = '%s'", grant_table_name(which));
	gh_buf_puts(b, " GROUP BY tbl) t)");
	for (int t = 0; t < GRANT_TABLES; t++) {
		if (which != GRANT_ALL && which != (enum grant_table)t)
			continue;
		gh_buf_putf(b, ", '%s', ", grant_table_name((enum grant_table)t));
		grant_table_put_select(b, (enum grant_table)t);
	}
	gh_buf_puts(b, ")");
}

/* One statement for each table, and one for all; made once for the process, and never freed. */
static struct store_statement statements[GRANT_TABLES + 1];
static pthread_once_t statements_once = PTHREAD_ONCE_INIT;

static void
make_statements(void)
{
	static char names[GRANT_TABLES + 1][24];

	for (int t = 0; t <= GRANT_TABLES; t++) {
		struct gh_buf b;

		gh_buf_init(&b, SQL_MAX);
		put_query(&b, (enum grant_table)t);
		snprintf(names[t], sizeof(names[t]), "grant_load_%d", t);
		statements[t].name = names[t];
		statements[t].sql =
		    gh_buf_check(&b, NULL) == 0 ? strdup((const char *)b.data) : NULL;
		gh_buf_free(&b);
	}
}

static int
query(struct store *s, enum grant_table which, gh_json **out, struct gh_error *err)
{
	struct store_params p = {0};

	*out = NULL;
	pthread_once(&statements_once, make_statements);
	if (statements[which].sql == NULL)
		return gh_fail(err, GH_E_NOMEM, "statement");
	return store_read_json(s, &statements[which], &p, out, err);
}

/* --- rows ------------------------------------------------------------------------------------- */

int
grant_seal_row(const struct store *s, enum grant_table t, struct grant_row *row,
    struct gh_error *err)
{
	if (!gh_json_int(gh_json_get(row->content, grant_table_column(t, 0)), &row->seal.key))
		return gh_fail(err, GH_E_DB, "a row of %s has no key", grant_table_name(t));
	return row_seal_row(s->grant_key, grant_table_name(t), row->seal.key, row->content,
	    row->seal.mac, err);
}

int
grant_seal_table(const struct store *s, struct grants *g, enum grant_table t, struct gh_error *err)
{
	struct grant_rows *rows = &g->table[t];
	struct row_seal *seals = calloc(rows->n + 1, sizeof(*seals));
	int rc;

	if (seals == NULL)
		return gh_fail(err, GH_E_NOMEM, "seals");
	for (size_t i = 0; i < rows->n; i++)
		seals[i] = rows->row[i].seal;
	rc = row_seal_table(s->grant_key, grant_table_name(t), seals, rows->n, rows->mac, err);
	free(seals);
	return rc;
}

int
grant_seal_head(const struct store *s, struct grants *g, struct gh_error *err)
{
	const char *names[GRANT_TABLES];
	unsigned char macs[GRANT_TABLES][ROW_SEAL_SIZE];
	size_t n = 0;

	for (int t = 0; t < GRANT_TABLES; t++) {
		if (g->table[t].is_new)
			continue;
		names[n] = grant_table_name((enum grant_table)t);
		memcpy(macs[n++], g->table[t].mac, ROW_SEAL_SIZE);
	}
	return row_seal_head(s->grant_key, g->revision, names,
	    (const unsigned char(*)[ROW_SEAL_SIZE])macs, n, g->mac, err);
}

/* Ascending keys: no key twice. */
static int
take_rows(const struct store *s, const gh_json *array, enum grant_table t, struct grants *g,
    struct gh_error *err)
{
	struct grant_rows *rows = &g->table[t];
	size_t n = gh_json_size(array);
	int rc = 0;

	if ((rows->row = calloc(n + 1, sizeof(*rows->row))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "rows");
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rows->row[i].content = gh_json_ref(gh_json_at(array, i));
		rows->n++;
		rc = grant_seal_row(s, t, &rows->row[i], err);
		if (rc == 0 && i > 0 && rows->row[i].seal.key <= rows->row[i - 1].seal.key)
			rc = gh_fail(err, GH_E_DB, "%s has a key twice", grant_table_name(t));
	}
	return rc;
}

/* --- checking --------------------------------------------------------------------------------- */

static bool
is_mac(const gh_json *hex, const unsigned char mac[ROW_SEAL_SIZE])
{
	const char *text = gh_json_string(hex);
	unsigned char *b = NULL;
	size_t n = 0;
	bool is_same = text != NULL && gh_hex_decode(text, strlen(text), &b, &n, NULL) == 0 &&
	    n == ROW_SEAL_SIZE && CRYPTO_memcmp(b, mac, n) == 0;

	free(b);
	return is_same;
}

#define WHAT_TO_DO \
	"Find out who changed the database. `gatehouse db reseal` shows what differs, and accepts it after " \
	"a restore"

static int
refuse_row(enum grant_table t, int64_t key, const gh_json *content, const char *what,
    struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(content, "name"));

	return gh_fail(err, GH_E_SEAL,
	    "%s %lld%s%.*s%s %s without Gatehouse: the table is not used. " WHAT_TO_DO,
	    grant_table_name(t), (long long)key, name != NULL ? " (" : "", NAME_MAX_SHOWN,
	    name != NULL ? name : "", name != NULL ? ")" : "", what);
}

enum grant_fit
grant_row_fits(const struct grant_row *row, const gh_json *seals)
{
	const gh_json *seal;
	char key[24];

	snprintf(key, sizeof(key), "%lld", (long long)row->seal.key);
	seal = gh_json_get(seals, key);
	return seal == NULL               ? GRANT_ADDED
	    : is_mac(seal, row->seal.mac) ? GRANT_FITS
					  : GRANT_CHANGED;
}

/* The table does not fit the head: which row is it? */
static int
name_row(const struct grants *g, enum grant_table t, const gh_json *seals, struct gh_error *err)
{
	const gh_json *mine = gh_json_get(seals, grant_table_name(t));
	const struct grant_rows *rows = &g->table[t];

	for (size_t i = 0; i < rows->n; i++) {
		const struct grant_row *r = &rows->row[i];
		enum grant_fit fit = grant_row_fits(r, mine);

		if (fit != GRANT_FITS)
			return refuse_row(t, r->seal.key, r->content,
			    fit == GRANT_ADDED ? "was added" : "was changed", err);
	}
	for (void *it = gh_json_iter(mine); it != NULL; it = gh_json_next(mine, it)) {
		int64_t id = strtoll(gh_json_iter_name(it), NULL, 10);

		if (grant_find_id(g, t, id) == NULL)
			return refuse_row(t, id, NULL, "was removed", err);
	}
	return gh_fail(err, GH_E_SEAL,
	    "rows of %s were removed, or set back to an older state, without Gatehouse: the "
	    "table is not used. " WHAT_TO_DO,
	    grant_table_name(t));
}

static bool
is_empty(const struct grants *g, const gh_json *seals)
{
	size_t n = gh_json_size(seals);

	for (int t = 0; t < GRANT_TABLES; t++)
		n += g->table[t].n;
	return n == 0;
}

/* The MAC that the head has of a table; of one that came with a later version, that of no rows: the
 * MAC of the head says that it knew no more tables. */
static int
take_table(const struct store *s, const gh_json *tables, enum grant_table t,
    struct grant_rows *rows, struct gh_error *err)
{
	const gh_json *mac = gh_json_get(tables, grant_table_name(t));
	const char *hex = gh_json_string(mac);
	unsigned char *b = NULL;
	size_t n = 0;

	rows->is_new = mac == NULL;
	if (rows->is_new)
		return row_seal_table(s->grant_key, grant_table_name(t), NULL, 0, rows->mac, err);
	if (hex != NULL && gh_hex_decode(hex, strlen(hex), &b, &n, NULL) == 0 && n == ROW_SEAL_SIZE)
		memcpy(rows->mac, b, n);
	free(b);
	return 0;
}

int
grant_take_head(const struct store *s, const gh_json *head, struct grants *g, struct gh_error *err)
{
	const gh_json *tables = gh_json_get(head, "tables");
	int rc = 0;

	if (!gh_json_int(gh_json_get(head, "revision"), &g->revision))
		return gh_fail(err, GH_E_DB, "grant_head has no revision");
	g->is_sealed = true;
	for (int t = 0; rc == 0 && t < GRANT_TABLES; t++)
		rc = take_table(s, tables, (enum grant_table)t, &g->table[t], err);
	if (rc != 0 || (rc = grant_seal_head(s, g, err)) != 0)
		return rc;
	if (!is_mac(gh_json_get(head, "mac"), g->mac))
		return gh_fail(err, GH_E_SEAL,
		    "grant_head was changed without Gatehouse, or sealed under another gateway "
		    "secret: the configuration in the database is not used. " WHAT_TO_DO);
	return 0;
}

/* A node never goes back to an older revision than it has seen. */
int
grant_check_revision(struct store *s, const struct grants *g, struct gh_error *err)
{
	if (g->revision < s->grant_revision)
		return gh_fail(err, GH_E_SEAL,
		    "the rows that grant rights went back from revision %lld to %lld. After a "
		    "restore run `gatehouse db restored`; else find out who changed the database",
		    (long long)s->grant_revision, (long long)g->revision);
	s->grant_revision = g->revision;
	return 0;
}

int
grant_check(struct store *s, enum grant_table which, const gh_json *loaded, struct grants *g,
    struct gh_error *err)
{
	const gh_json *head = gh_json_get(loaded, "head"), *seals = gh_json_get(loaded, "seals");
	unsigned char sealed[ROW_SEAL_SIZE];
	int rc;

	if (gh_json_type(head) == GH_JSON_NULL && which == GRANT_ALL && is_empty(g, seals))
		return grant_check_revision(s, g, err); /* a new database */
	if (gh_json_type(head) == GH_JSON_NULL)
		return gh_fail(err, GH_E_SEAL,
		    "the rows that grant rights are not sealed. After an update from a version "
		    "without seals run `gatehouse db migrate`; else find out who changed the database");
	if ((rc = grant_take_head(s, head, g, err)) != 0)
		return rc;
	for (int t = 0; rc == 0 && t < GRANT_TABLES; t++) {
		if (which != GRANT_ALL && which != (enum grant_table)t)
			continue;
		memcpy(sealed, g->table[t].mac, sizeof(sealed));
		rc = grant_seal_table(s, g, (enum grant_table)t, err);
		if (rc == 0 && CRYPTO_memcmp(sealed, g->table[t].mac, sizeof(sealed)) != 0)
			rc = name_row(g, (enum grant_table)t, seals, err);
	}
	return rc == 0 ? grant_check_revision(s, g, err) : rc;
}

/* Load without checking. *loaded: what the database said, to be freed. */
int
grant_fetch(struct store *s, enum grant_table which, struct grants *out, gh_json **loaded,
    struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	*loaded = NULL;
	if (!s->has_grant_key)
		return gh_fail(err, GH_E_INTERNAL, "the store was not given the gateway secret");
	rc = query(s, which, loaded, err);
	if (rc == 0)
		(void)gh_json_int(gh_json_get(*loaded, "generation"), &out->generation);
	for (int t = 0; rc == 0 && t < GRANT_TABLES; t++)
		rc = take_rows(s, gh_json_get(*loaded, grant_table_name((enum grant_table)t)),
		    (enum grant_table)t, out, err);
	if (rc != 0)
		grant_clear(out);
	return rc;
}

int
grant_load_checked(struct store *s, enum grant_table which, struct grants *out,
    struct gh_error *err)
{
	gh_json *loaded;
	int rc = grant_fetch(s, which, out, &loaded, err);

	if (rc == 0 && (rc = grant_check(s, which, loaded, out, err)) != 0)
		grant_clear(out);
	gh_json_free(loaded);
	return rc;
}

/* --- telling ---------------------------------------------------------------------------------- */

int
grant_tell(struct store *s, int rc, const struct gh_error *err)
{
	static const struct requester nobody = {.kind = REQUESTER_NONE};
	struct store_audit a = {.event = "grant.refused",
	    .outcome = "failure",
	    .who = &nobody,
	    .object = "database",
	    .detail = err->detail};
	struct gh_error audit_err;

	if (rc != GH_E_SEAL || strncmp(s->grant_told, err->detail, sizeof(s->grant_told) - 1) == 0)
		return rc;
	snprintf(s->grant_told, sizeof(s->grant_told), "%.*s", (int)sizeof(s->grant_told) - 1,
	    err->detail);
	gh_log_kv(GH_LOG_ERROR,
	    "rows that grant rights were changed past Gatehouse and are not used", "cause",
	    err->detail, NULL);
	if (store_audit(s, &a, &audit_err) != 0)
		gh_log_kv(GH_LOG_ERROR, "cannot write the audit row of that", "cause",
		    audit_err.detail, NULL);
	return rc;
}

/* What was told of another table may still be so. */
void
grant_forget_told(struct store *s, enum grant_table t)
{
	for (int u = 0; u < GRANT_TABLES && t != GRANT_ALL; u++) {
		const char *name = grant_table_name((enum grant_table)u);
		size_t n = strlen(name);

		if (u != (int)t && strncmp(s->grant_told, name, n) == 0 && s->grant_told[n] == ' ')
			return;
	}
	s->grant_told[0] = '\0';
}

int
grant_load(struct store *s, enum grant_table t, struct grants *out, struct gh_error *err)
{
	struct gh_error own;
	int rc = grant_load_checked(s, t, out, err != NULL ? err : &own);

	if (rc == 0)
		grant_forget_told(s, t);
	return grant_tell(s, rc, err != NULL ? err : &own);
}
