/* Passwords of CA keys. See password.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "calendar.h"
#include "encoding.h"
#include "timestamp.h"

#include "store/lockout.h"

#include "ca_password_row.h"
#include "store/grant/grant_private.h"

#define READ_BACK_PAUSE_NS (50 * 1000000)
/* A lost server is back within this time, or the caller is told that nothing is known. */
#define READ_BACK_US (10 * (int64_t)1000000)

void
store_password_clear(struct store_password *p)
{
	free(p->name);
	free(p->sealed);
	free(p->new_sealed);
	if (p->hash != NULL)
		OPENSSL_cleanse(p->hash, strlen(p->hash));
	free(p->hash);
	memset(p, 0, sizeof(*p));
}

/* --- reading ---------------------------------------------------------------------------------- */

/* 0 unless it is a decimal id. */
static int64_t
id_of(const char *ca)
{
	size_t n = strspn(ca, "0123456789");

	return ca[n] == '\0' && n > 0 && n <= 18 ? strtoll(ca, NULL, 10) : 0;
}

static int
copy_id(const PGresult *res, int col, unsigned char id[STORE_CA_ID_SIZE], struct gh_error *err)
{
	unsigned char *b;
	size_t n;
	int rc = store_bytes(res, 0, col, &b, &n, err);

	if (rc != 0)
		return rc;
	if (b != NULL && n == STORE_CA_ID_SIZE)
		memcpy(id, b, n);
	free(b);
	return 0;
}

static int
fill(const PGresult *res, struct store_password *out, struct gh_error *err)
{
	int rc;

	out->ca = store_int(res, 0, 0);
	if (!ca_protection_parse(store_text(res, 0, 2), &out->protection))
		return gh_fail(err, GH_E_DB, "unknown protection of CA %s", store_text(res, 0, 1));
	if ((out->name = strdup(store_text(res, 0, 1))) == NULL ||
	    (store_has(res, 0, 5) && (out->hash = strdup(store_text(res, 0, 5))) == NULL))
		return gh_fail(err, GH_E_NOMEM, "CA");
	if ((rc = store_bytes(res, 0, 3, &out->sealed, &out->sealed_len, err)) != 0 ||
	    (rc = copy_id(res, 4, out->ca_id, err)) != 0)
		return rc;
	out->attempts = (int)store_int(res, 0, 6);
	out->lockouts = (int)store_int(res, 0, 7);
	out->locked_until = store_int(res, 0, 8);
	out->last_accessed_at = store_int(res, 0, 9);
	out->now = store_int(res, 0, 10);
	return 0;
}

/* Is what was read what is sealed? An older record of the key may be without a password. */
static int
check_sealed(struct store *s, const struct store_password *p, struct gh_error *err)
{
	char *sealed = p->sealed != NULL
	    ? gh_base64_encode(p->sealed, p->sealed_len, GH_BASE64_ONE_LINE)
	    : NULL;
	const struct grant_row *row;
	const char *record, *protection;
	struct grants g;
	int rc = grant_load_checked(s, GRANT_CA, &g, err);

	row = rc == 0 ? grant_find_id(&g, GRANT_CA, p->ca) : NULL;
	record = row != NULL ? gh_json_string(gh_json_get(row->content, "sealed")) : NULL;
	protection = row != NULL ? gh_json_string(gh_json_get(row->content, "protection")) : NULL;
	if (rc == 0 &&
	    (protection == NULL || strcmp(protection, ca_protection_name(p->protection)) != 0 ||
		(record == NULL) != (sealed == NULL) ||
		(record != NULL && strcmp(record, sealed) != 0)))
		rc = gh_refuse(err, GH_E_BUSY,
		    "CA %.80s is being changed by somebody else: try again.", p->name);
	grant_clear(&g);
	free(sealed);
	return rc;
}

/* A lockout that is over counts no more, but for the length of the next one. The time is rounded
 * up: whoever waits until then is served. */
static int
query(struct store *s, int64_t id, struct store_password *out, struct gh_error *err)
{
	static const struct store_statement st = {"password_get",
	    "SELECT c.id, c.name, c.protection, c.sealed, sha256(c.chain[1]), p.hash, "
	    "CASE WHEN p.locked_until <= t.now THEN 0 ELSE p.attempts END, p.lockouts, "
	    "CASE WHEN p.locked_until > t.now THEN ceil(extract(epoch FROM p.locked_until))::bigint END, "
	    "floor(extract(epoch FROM p.last_accessed_at))::bigint, floor(extract(epoch FROM t.now))::bigint "
	    "FROM ca c LEFT JOIN ca_password p ON p.ca_id = c.id, (SELECT clock_timestamp() AS now) t "
	    "WHERE c.id = $1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_int(&p, id);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	rc = PQntuples(res) == 1 ? fill(res, out, err) : gh_fail(err, GH_E_NOT_FOUND, "CA is gone");
	PQclear(res);
	if (rc == 0)
		rc = check_sealed(s, out, err);
	if (rc != 0)
		store_password_clear(out);
	return rc;
}

/* The row that is meant; a name that consists of digits comes before an id. */
#define FIND \
	"SELECT id FROM ca WHERE lower(name) = lower($1) OR id = $2 " \
	"ORDER BY lower(name) = lower($1) DESC LIMIT 1"

static int
find(struct store *s, const struct store_statement *st, const char *ca, int64_t *id,
    struct gh_error *err)
{
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_text(&p, ca);
	store_put_int(&p, id_of(ca));
	if ((rc = store_read(s, st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no CA \"%.80s\".", ca);
	else
		*id = store_int(res, 0, 0);
	PQclear(res);
	return rc;
}

int
store_password_get(struct store *s, const char *ca, struct store_password *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"password_find", FIND};
	int64_t id;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = find(s, &st, ca, &id, err)) != 0)
		return rc;
	return grant_tell(s, query(s, id, out, err), err);
}

/* --- the transaction -------------------------------------------------------------------------- */

/*
 * Issuing references the row: FOR UPDATE would hold it up, FOR NO KEY UPDATE does not. The row is
 * read by a second statement: a statement that has waited sees the new version of what it locks,
 * and old ones of all else.
 */
int
store_password_lock(struct store *s, const char *ca, struct store_password *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"password_lock", FIND " FOR NO KEY UPDATE"};
	int64_t id;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = store_begin_locking(s, err)) == 0 && (rc = find(s, &st, ca, &id, err)) == 0)
		rc = query(s, id, out, err);
	if (rc != 0)
		store_rollback(s);
	return grant_tell(s, rc, err);
}

/* Returns when nobody else has the lock any more. */
static int
wait_for_lock(struct store *s, int64_t id, struct gh_error *err)
{
	static const struct store_statement st = {"password_wait",
	    "SELECT id FROM ca WHERE id = $1 FOR NO KEY UPDATE"};
	struct store_params p = {0};
	int rc;

	if ((rc = store_begin_locking(s, err)) != 0)
		return rc;
	store_put_int(&p, id);
	rc = store_do(s, &st, &p, err);
	store_rollback(s);
	return rc;
}

int
store_password_put_failure(struct store *s, struct store_password *p, int attempts_max,
    int lock_seconds, struct gh_error *err)
{
	static const struct store_statement st = {"password_failure",
	    "UPDATE ca_password SET attempts = $2, lockouts = $3, "
	    "locked_until = clock_timestamp() + make_interval(secs => $4::int) "
	    "WHERE ca_id = $1 RETURNING ceil(extract(epoch FROM locked_until))::bigint"};
	bool is_last = p->attempts + 1 >= attempts_max;
	struct store_params params = {0};
	PGresult *res;
	int rc;

	store_put_int(&params, p->ca);
	store_put_int(&params, ++p->attempts);
	store_put_int(&params, p->lockouts + (is_last && p->lockouts < STORE_LOCKOUTS_MAX));
	if (is_last)
		store_put_int(&params, store_lockout_seconds(lock_seconds, p->lockouts));
	else
		store_put_text(&params, NULL);
	if ((rc = store_write(s, &st, &params, "", &res, err)) != 0)
		return rc;
	if (PQntuples(res) != 1)
		rc = gh_fail(err, GH_E_DB, "CA %s is protected and has no row of ca_password",
		    p->name);
	p->lockouts += is_last;
	p->locked_until = rc == 0 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

int
store_password_put_access(struct store *s, struct store_password *p, struct gh_error *err)
{
	static const struct store_statement st = {"password_access",
	    "UPDATE ca_password SET attempts = 0, lockouts = 0, locked_until = NULL, "
	    "last_accessed_at = clock_timestamp() WHERE ca_id = $1"};
	struct store_params params = {0};
	PGresult *res;
	int rc;

	store_put_int(&params, p->ca);
	if ((rc = store_write(s, &st, &params, "", &res, err)) == 0) {
		p->attempts = p->lockouts = 0;
		p->last_accessed_at = p->now;
	}
	PQclear(res);
	return rc;
}

static int
put_hash(struct store *s, const struct store_password *p, const char *hash, struct gh_error *err)
{
	static const struct store_statement replace = {"password_replace",
	    "INSERT INTO ca_password (ca_id, hash) VALUES ($1, $2) ON CONFLICT (ca_id) DO UPDATE SET "
	    "hash = $2, attempts = 0, lockouts = 0, locked_until = NULL, changed_at = clock_timestamp(), "
	    "last_accessed_at = clock_timestamp()"};
	static const struct store_statement delete = {"password_delete",
	    "DELETE FROM ca_password WHERE ca_id = $1"};
	struct store_params params = {0};

	store_put_int(&params, p->ca);
	if (hash != NULL)
		store_put_text(&params, hash);
	return store_do_once(s, hash != NULL ? &replace : &delete, &params, "", err);
}

/* The new record in the row of ca, with its seal. */
static int
put_record(struct store *s, const struct requester *who, const struct store_password *p,
    const char *protection, struct gh_error *err)
{
	char *sealed = gh_base64_encode(p->new_sealed, p->new_sealed_len, GH_BASE64_ONE_LINE);
	struct grant_row *row = NULL;
	struct grants g;
	int rc = grant_begin(s, &g, err);

	if (rc == 0 && (row = grant_find_id(&g, GRANT_CA, p->ca)) == NULL)
		rc = gh_fail(err, GH_E_NOT_FOUND, "CA is gone");
	if (rc == 0 &&
	    (sealed == NULL || gh_json_set_string(row->content, "sealed", sealed) != 0 ||
		gh_json_set_string(row->content, "protection", protection) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "sealed record");
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_CA, gh_json_ref(row->content), "", err);
	if (rc == 0)
		rc = grant_end(s, &g, who, err);
	grant_clear(&g);
	free(sealed);
	return rc;
}

int
store_password_put_key(struct store *s, const struct requester *who, struct store_password *p,
    const unsigned char *sealed, size_t len, const char *hash, struct gh_error *err)
{
	int rc;

	if ((p->new_sealed = malloc(len > 0 ? len : 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "sealed record");
	memcpy(p->new_sealed, sealed, len);
	p->new_sealed_len = len;
	rc = put_record(s, who, p,
	    ca_protection_name(hash != NULL ? CA_KEY_PASSWORD : CA_KEY_SYSTEM), err);
	return rc == 0 ? put_hash(s, p, hash, err) : rc;
}

/* --- the end of it ---------------------------------------------------------------------------- */

/* Waits, by the lock, until the transaction that was lost is over. */
static int
read_back(struct store *s, const struct store_password *p, bool *is_new, bool *is_old,
    struct gh_error *err)
{
	struct store_password found;
	int rc;

	if ((rc = wait_for_lock(s, p->ca, err)) != 0 || (rc = query(s, p->ca, &found, err)) != 0)
		return rc;
	*is_new = found.sealed_len == p->new_sealed_len && found.sealed != NULL &&
	    memcmp(found.sealed, p->new_sealed, found.sealed_len) == 0;
	*is_old = found.sealed_len == p->sealed_len && found.sealed != NULL &&
	    memcmp(found.sealed, p->sealed, found.sealed_len) == 0;
	store_password_clear(&found);
	return 0;
}

static int
find_out(struct store *s, const struct store_password *p, struct gh_error *err)
{
	const struct timespec pause = {0, READ_BACK_PAUSE_NS};
	int64_t until = gh_now_us() + READ_BACK_US;
	bool is_new = false, is_old = false;
	int rc;

	while ((rc = read_back(s, p, &is_new, &is_old, err)) != 0 && gh_now_us() < until)
		nanosleep(&pause, NULL);
	if (rc == 0 && is_new)
		return 0;
	if (rc == 0 && is_old)
		return gh_refuse(err, GH_E_DB_DOWN,
		    "The database was lost before the change was stored: nothing was changed. Try again.");
	return gh_refuse(err, GH_E_DB_DOWN,
	    "The database was lost while the change was stored, and what it has "
	    "now is not known: the old or the new state is in force as a whole. Ask for the status.");
}

int
store_password_commit(struct store *s, struct store_password *p, struct gh_error *err)
{
	int rc = store_commit(s, err);

	return rc == GH_E_DB_DOWN && p->new_sealed != NULL ? find_out(s, p, err) : rc;
}

void
store_password_abandon(struct store *s)
{
	store_rollback(s);
}
