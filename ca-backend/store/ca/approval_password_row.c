/* Approval passwords of CAs, and wrong tries. See approval_password_row.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "approval_password_row.h"
#include "store/grant/grant.h"
#include "store/lockout.h"
#include "store/store_private.h"

/* --- the hash --------------------------------------------------------------------------------- */

/* The policy with this hash, or without one. NULL: out of memory. */
static gh_json *
policy_with(const gh_json *policy, const char *hash)
{
	gh_json *o = gh_json_new_object();
	int bad = o == NULL;

	for (void *it = gh_json_iter(policy); bad == 0 && it != NULL;
	     it = gh_json_next(policy, it)) {
		const char *name = gh_json_iter_name(it);

		if (strcmp(name, STORE_APPROVAL_PASSWORD) != 0)
			bad = gh_json_set(o, name, gh_json_ref(gh_json_iter_value(it)));
	}
	if (bad == 0 && hash != NULL)
		bad = gh_json_set_string(o, STORE_APPROVAL_PASSWORD, hash);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static int
put_hash(struct store *s, struct grants *g, const struct requester *who, const char *ca,
    const char *hash, struct gh_error *err)
{
	struct grant_row *row = grant_find(g, GRANT_CA, "name", ca);
	const gh_json *policy = row != NULL ? gh_json_get(row->content, "policy") : NULL;
	int rc;

	if (row == NULL)
		return gh_refuse(err, GH_E_NOT_FOUND, "There is no CA \"%.80s\".", ca);
	if (hash == NULL && gh_json_get(policy, STORE_APPROVAL_PASSWORD) == NULL)
		return gh_refuse(err, GH_E_CONFLICT, "CA %.80s has no approval password.", ca);
	rc = store_audit_change(s, who,
	    hash != NULL ? "ca.approval-password.set" : "ca.approval-password.removed",
	    gh_json_string(gh_json_get(row->content, "name")), NULL, err);
	if (rc != 0)
		return rc;
	if (gh_json_set(row->content, "policy", policy_with(policy, hash)) != 0)
		return gh_fail(err, GH_E_NOMEM, "policy");
	return grant_put(s, g, GRANT_CA, gh_json_ref(row->content), "Conflict.", err);
}

int
store_set_approval_password(struct store *s, const struct requester *who, const char *ca,
    const char *hash, struct gh_error *err)
{
	struct grants g;
	int rc = grant_open(s, &g, err);

	if (rc != 0)
		return rc;
	return grant_close(s, &g, put_hash(s, &g, who, ca, hash, err), who, err);
}

/* --- wrong tries ------------------------------------------------------------------------------ */

/* A person: the id of his entry, or his name, in any case of letters. */
static void
name_person(const struct requester *who, char *out, size_t size)
{
	snprintf(out, size, "%d:%s", (int)who->kind, *who->id != '\0' ? who->id : who->name);
	for (char *p = out; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
}

/* Nobody waits here: a password takes long to look at, and calls of one person that waited for each
 * other would have all workers, and all connections, for themselves. */
static int
take_turn(struct store *s, const struct store_attempt *a, struct gh_error *err)
{
	static const struct store_statement st = {"attempt_turn",
	    "SELECT pg_try_advisory_xact_lock(hashtextextended("
	    "concat('gatehouse approval password ', $1::bigint, ' ', $2::text), 0))"};
	struct store_params p = {0};
	PGresult *res;
	bool has_turn;
	int rc;

	store_put_int(&p, a->ca);
	store_put_text(&p, a->who);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	has_turn = store_bool(res, 0, 0);
	PQclear(res);
	return has_turn
	    ? 0
	    : gh_fail(err, GH_E_BUSY, "another approval password of %s is being checked", a->who);
}

/* What counts is forgotten with the lockout that it led to, and a day after the last one. */
static int
lock(struct store *s, struct store_attempt *a, struct gh_error *err)
{
	static const struct store_statement make = {"attempt_make",
	    "INSERT INTO approval_attempt (ca_id, requester, attempts, lockouts) VALUES ($1::bigint, $2, 0, 0) "
	    "ON CONFLICT DO NOTHING"};
	static const struct store_statement take = {"attempt_lock",
	    "SELECT CASE WHEN a.locked_until <= t.now OR a.at < t.now - interval '1 day' THEN 0 ELSE a.attempts END, "
	    "CASE WHEN a.at < t.now - interval '2 days' THEN 0 ELSE a.lockouts END, "
	    "CASE WHEN a.locked_until > t.now THEN ceil(extract(epoch FROM a.locked_until))::bigint END, "
	    "floor(extract(epoch FROM t.now))::bigint, "
	    "(SELECT coalesce(sum(o.attempts), 0) FROM approval_attempt o WHERE o.ca_id = $1::bigint AND o.requester <> $2 "
	    "  AND o.at > t.now - interval '1 hour') "
	    "FROM approval_attempt a, (SELECT clock_timestamp() AS now) t WHERE a.ca_id = $1::bigint AND a.requester = $2 "
	    "FOR NO KEY UPDATE OF a"};
	struct store_params p = {0}, q = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, a->ca);
	store_put_text(&p, a->who);
	store_put_int(&q, a->ca);
	store_put_text(&q, a->who);
	if ((rc = store_do(s, &make, &p, err)) != 0) {
		store_params_clear(&q);
		return rc;
	}
	if ((rc = store_read(s, &take, &q, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 1) {
		a->attempts = (int)store_int(res, 0, 0);
		a->lockouts = (int)store_int(res, 0, 1);
		a->locked_until = store_int(res, 0, 2);
		a->now = store_int(res, 0, 3);
		a->of_others = (int)store_int(res, 0, 4);
	} else {
		rc = gh_fail(err, GH_E_DB, "tries of %s are gone", a->who);
	}
	PQclear(res);
	return rc;
}

int
store_attempt_begin(struct store *s, int64_t ca, const struct requester *who,
    struct store_attempt *out, struct gh_error *err)
{
	int rc = store_begin_locking(s, err);

	memset(out, 0, sizeof(*out));
	out->ca = ca;
	name_person(who, out->who, sizeof(out->who));
	if (rc == 0 && (rc = take_turn(s, out, err)) == 0)
		rc = lock(s, out, err);
	if (rc != 0)
		store_rollback(s);
	return rc;
}

int
store_attempt_put_failure(struct store *s, struct store_attempt *a, int lock_seconds,
    struct gh_error *err)
{
	static const struct store_statement st = {"attempt_failure",
	    "UPDATE approval_attempt SET attempts = $3::int, lockouts = $4::int, at = clock_timestamp(), "
	    "locked_until = clock_timestamp() + make_interval(secs => $5::int) "
	    "WHERE ca_id = $1::bigint AND requester = $2"};
	int seconds = lock_seconds > 0 ? store_lockout_seconds(lock_seconds, a->lockouts) : 0;
	struct store_params p = {0};

	a->attempts++;
	if (seconds > 0 && a->lockouts < STORE_LOCKOUTS_MAX)
		a->lockouts++;
	a->locked_until = seconds > 0 ? a->now + seconds : 0;
	store_put_int(&p, a->ca);
	store_put_text(&p, a->who);
	store_put_int(&p, a->attempts);
	store_put_int(&p, a->lockouts);
	if (seconds > 0)
		store_put_int(&p, seconds);
	else
		store_put_text(&p, NULL);
	return store_do_once(s, &st, &p, "", err);
}

int
store_attempt_put_success(struct store *s, const struct store_attempt *a, struct gh_error *err)
{
	static const struct store_statement st = {"attempt_success",
	    "DELETE FROM approval_attempt WHERE ca_id = $1::bigint AND requester = $2"};
	struct store_params p = {0};

	store_put_int(&p, a->ca);
	store_put_text(&p, a->who);
	return store_do_once(s, &st, &p, "", err);
}

int
store_attempt_commit(struct store *s, struct gh_error *err)
{
	return store_commit(s, err);
}

void
store_attempt_abandon(struct store *s)
{
	store_rollback(s);
}

int
store_count_locked_out(struct store *s, int64_t ca, int *n, int64_t *until, struct gh_error *err)
{
	static const struct store_statement st = {"attempt_locked_out",
	    "SELECT count(*), coalesce(ceil(extract(epoch FROM max(locked_until)))::bigint, 0) FROM approval_attempt "
	    "WHERE ca_id = $1::bigint AND locked_until > clock_timestamp()"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, ca);
	rc = store_read(s, &st, &p, &res, err);
	*n = rc == 0 ? (int)store_int(res, 0, 0) : 0;
	*until = rc == 0 ? store_int(res, 0, 1) : 0;
	PQclear(res);
	return rc;
}
