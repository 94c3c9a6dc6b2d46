/* Secrets come under another storage key. See storage_key.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "digest.h"
#include "hex.h"
#include "store/store_private.h"

#include "storage_key.h"

/* Of archived_key k: as stored_key.h begins its form. The index archived_key_storage has it. */
#define STORAGE_OF_K "substr(k.stored, 6, 32)"

void
store_stored_keys_clear(struct store_stored_key *k, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(k[i].before.p);
		free(k[i].after.p);
	}
	memset(k, 0, n * sizeof(*k));
}

int
store_page_under(struct store *s, const unsigned char storage_id[KRA_KEY_ID_SIZE], int64_t after,
    struct store_stored_key *k, size_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"storage_page",
	    "SELECT k.id, k.uuid, k.stored FROM archived_key k WHERE " STORAGE_OF_K " = $1::bytea "
	    "AND k.id > $2::bigint ORDER BY k.id LIMIT $3::int"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*n = 0;
	memset(k, 0, STORE_MOVE_PAGE * sizeof(*k));
	store_put_bytes(&p, storage_id, KRA_KEY_ID_SIZE);
	store_put_int(&p, after);
	store_put_int(&p, STORE_MOVE_PAGE);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	for (int i = 0; rc == 0 && i < PQntuples(res) && i < STORE_MOVE_PAGE; i++) {
		struct store_stored_key *one = &k[(*n)++];

		one->row = store_int(res, i, 0);
		snprintf(one->id, sizeof(one->id), "%s", store_text(res, i, 1));
		rc = store_bytes(res, i, 2, &one->before.p, &one->before.len, err);
	}
	PQclear(res);
	if (rc != 0) {
		store_stored_keys_clear(k, *n);
		*n = 0;
	}
	return rc;
}

/* --- moving ----------------------------------------------------------------------------------- */

/* [row, SHA-256 of what it is now, what it becomes]; NULL: no memory. */
static gh_json *
move_of(const struct store_stored_key *k)
{
	unsigned char digest[32];
	char hex[2 * sizeof(digest) + 1];
	char *after = gh_base64_encode(k->after.p, k->after.len, GH_BASE64_ONE_LINE);
	gh_json *a = gh_json_new_array();

	if (after == NULL || a == NULL ||
	    !gh_digest(GH_SHA256, k->before.p, k->before.len, digest) ||
	    gh_json_append(a, gh_json_new_int(k->row)) != 0 ||
	    gh_json_append(a, gh_json_new_string(gh_hex_lower(digest, sizeof(digest), hex))) != 0 ||
	    gh_json_append(a, gh_json_new_string(after)) != 0) {
		gh_json_free(a);
		a = NULL;
	}
	free(after);
	return a;
}

static gh_json *
moves_of(const struct store_stored_key *k, size_t n)
{
	gh_json *all = gh_json_new_array();
	int bad = all == NULL;

	for (size_t i = 0; !bad && i < n; i++)
		bad = k[i].after.len > 0 && gh_json_append(all, move_of(&k[i])) != 0;
	if (!bad)
		return all;
	gh_json_free(all);
	return NULL;
}

int
store_move_keys(struct store *s, const struct requester *who,
    const unsigned char to_id[KRA_KEY_ID_SIZE], const struct store_stored_key *k, size_t n,
    int *moved, struct gh_error *err)
{
	/* $1 moves, $2 the other key, $3-$8 actor */
	static const struct store_statement st = {"storage_move",
	    "WITH m AS (SELECT (v->>0)::bigint AS id, decode(v->>1, 'hex') AS before, decode(v->>2, 'base64') AS after "
	    "  FROM jsonb_array_elements($1::jsonb) AS t(v)), "
	    "l AS (SELECT k.id FROM archived_key k WHERE k.id IN (SELECT id FROM m) ORDER BY k.id FOR NO KEY UPDATE), "
	    "u AS (UPDATE archived_key k SET stored = m.after, storage_key = $2::bytea FROM m "
	    "  WHERE k.id = m.id AND k.id IN (SELECT id FROM l) AND sha256(k.stored) = m.before RETURNING k.id), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'kra.rewrapped', 'success', encode($2::bytea, 'hex'), $3, $4::int, $5, $6, $7, "
	    "    concat($8::text, count(*), ' keys, rows ', min(id), ' to ', max(id)) FROM u HAVING count(*) > 0) "
	    "SELECT count(*) FROM u"};
	struct store_params p = {0};
	gh_json *moves = moves_of(k, n);
	PGresult *res = NULL;
	int rc;

	*moved = 0;
	if (moves == NULL)
		return gh_fail(err, GH_E_NOMEM, "keys under another storage key");
	store_put_json(&p, moves);
	store_put_bytes(&p, to_id, KRA_KEY_ID_SIZE);
	store_put_actor(&p, who, NULL, NULL);
	rc = store_write(s, &st, &p, "The storage key is retired.", &res, err);
	if (rc == 0)
		*moved = (int)store_int(res, 0, 0);
	PQclear(res);
	gh_json_free(moves);
	return rc;
}

/* --- what is left ----------------------------------------------------------------------------- */

static int
count(struct store *s, const struct store_statement *st,
    const unsigned char storage_id[KRA_KEY_ID_SIZE], int64_t *n, struct gh_error *err)
{
	struct store_params p = {0};

	store_put_bytes(&p, storage_id, KRA_KEY_ID_SIZE);
	return store_read_int(s, st, &p, n, err);
}

int
store_count_under(struct store *s, const unsigned char storage_id[KRA_KEY_ID_SIZE], int64_t *n,
    struct gh_error *err)
{
	static const struct store_statement st = {"storage_count",
	    "SELECT count(*) FROM archived_key k WHERE " STORAGE_OF_K " = $1::bytea"};

	return count(s, &st, storage_id, n, err);
}

int
store_count_lost(struct store *s, int64_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"storage_count_lost",
	    "SELECT count(*) FROM archived_key k WHERE " STORAGE_OF_K
	    " <> $1::bytea AND NOT EXISTS (SELECT FROM kra_key s "
	    "WHERE s.spki_sha256 = " STORAGE_OF_K
	    " AND s.kind = 'storage' AND s.state IN ('current', 'old'))"};
	struct store_params p = {0};

	store_put_bytes(&p, "", 0); /* of one that was destroyed */
	return store_read_int(s, &st, &p, n, err);
}

static int
count_kept(struct store *s, const unsigned char storage_id[KRA_KEY_ID_SIZE], int64_t *n,
    struct gh_error *err)
{
	static const struct store_statement st = {"storage_count_kept",
	    "SELECT count(*) FROM kept_key k WHERE " STORAGE_OF_K " = $1::bytea"};

	return count(s, &st, storage_id, n, err);
}

/* Waits for those who store something under it at this moment (archived_key_storage()); who comes
 * later finds it retired. */
static int
lock_old(struct store *s, int64_t row, unsigned char id[KRA_KEY_ID_SIZE], struct gh_error *err)
{
	static const struct store_statement st = {"storage_lock",
	    "SELECT spki_sha256 FROM kra_key WHERE id = $1 AND kind = 'storage' AND state = 'old' FOR UPDATE"};
	struct store_params p = {0};
	unsigned char *b = NULL;
	size_t n = 0;
	PGresult *res = NULL;
	int rc;

	store_put_int(&p, row);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	if (rc == 0 && PQntuples(res) == 1)
		rc = store_bytes(res, 0, 0, &b, &n, err);
	if (rc == 0 && n != KRA_KEY_ID_SIZE)
		rc = gh_fail(err, GH_E_CONFLICT, "KRA key %lld is no old storage key",
		    (long long)row);
	if (rc == 0)
		memcpy(id, b, n);
	free(b);
	PQclear(res);
	return rc;
}

static int
retire(struct store *s, const struct requester *who, int64_t row, struct gh_error *err)
{
	/* $1 row, $2-$7 actor */
	static const struct store_statement st = {"storage_retire",
	    "WITH k AS (UPDATE kra_key SET state = 'retired', sealed = '' WHERE id = $1 RETURNING spki_sha256) "
	    "INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'kra.storage-retired', 'success', encode(spki_sha256, 'hex'), $2, $3::int, $4, $5, $6, $7 FROM k"};
	struct store_params p = {0};

	store_put_int(&p, row);
	store_put_actor(&p, who, NULL, NULL);
	return store_do(s, &st, &p, err);
}

int
store_retire_storage(struct store *s, const struct requester *who, int64_t row,
    struct store_under *left, struct gh_error *err)
{
	unsigned char id[KRA_KEY_ID_SIZE];
	int rc = store_begin_locking(s, err);

	*left = (struct store_under){0};
	if (rc == 0)
		rc = lock_old(s, row, id, err);
	if (rc == 0 && (rc = store_count_under(s, id, &left->archived, err)) == 0 &&
	    (rc = count_kept(s, id, &left->kept, err)) == 0 && left->archived == 0 &&
	    left->kept == 0)
		rc = retire(s, who, row, err);
	if (rc == 0)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}
