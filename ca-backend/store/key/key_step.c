/* The steps of a key request, each one statement. See key_request.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "archived_key_private.h"
#include "key_event.h"
#include "key_request.h"
#include "key_request_private.h"
#include "key_seal.h"

#define DECISION_KEY_SIZE 16

/* In all of them: $1 id, $2 states that it may be in, $3 version, $4 decision key, $5-$10 actor. */
#define FITS \
	"r.id = $1::bigint AND r.type = 'recovery' AND ($3::int = 0 OR r.version = $3::int) " \
	"AND r.decision_key IS DISTINCT FROM $4::bytea "
#define LIVES "AND r.state = ANY ($2::text[]) AND r.expires_at > clock_timestamp() "
#define AUDIT(event, outcome, detail) \
	"a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) " \
	"SELECT " event ", " outcome \
	", 'key ' || (SELECT uuid FROM archived_key k WHERE k.id = u.key_id), " \
	"$5, $6::int, $7, $8, $9, concat('request ', u.id, " detail \
	", ': ' || nullif($10::text, '')) FROM u) "

static void
put_step(struct store_params *p, const struct requester *who, enum key_state to, enum key_actor by,
    const struct store_key_step *step, const unsigned char key[DECISION_KEY_SIZE])
{
	char *from[KEY_FROM_SIZE];

	store_put_int(p, step->id);
	store_put_list(p, key_transition_from(to, by, from));
	store_put_int(p, step->version);
	store_put_bytes(p, key, DECISION_KEY_SIZE);
	store_put_actor(p, who, step->request_id, step->comment);
}

/* --- what became of it ------------------------------------------------------------------------ */

static int
explain(enum key_state state, bool is_other_version, struct gh_error *err)
{
	if (is_other_version)
		return gh_refuse(err, GH_E_PRECONDITION,
		    "The key request was changed since: read it again, and decide on what it is "
		    "now.");
	if (state == KEY_PENDING)
		return gh_refuse(err, GH_E_CONFLICT, "The key request is not approved yet.");
	if (state == KEY_APPROVED)
		return gh_refuse(err, GH_E_CONFLICT,
		    "The key request is approved already, or its key is not active.");
	if (state == KEY_COMPLETE)
		return gh_refuse(err, GH_E_CONFLICT,
		    "The key was given out, and this request gives it out no more.");
	if (state == KEY_EXPIRED)
		return gh_refuse(err, GH_E_CONFLICT, "The key request has expired.");
	return gh_refuse(err, GH_E_CONFLICT, "The key request is %s.", key_state_name(state));
}

/* No row was changed: because of its state, or because our own first try did it. */
static int
look_back(struct store *s, const struct store_key_step *step,
    const unsigned char key[DECISION_KEY_SIZE], struct gh_error *err)
{
	static const struct store_statement st = {"key_request_look",
	    "SELECT r.decision_key IS NOT DISTINCT FROM $2::bytea, r.version, " STORE_KEY_STATE
	    " FROM key_request r WHERE r.id = $1::bigint AND r.type = 'recovery'"};
	struct store_params p = {0};
	enum key_state state;
	PGresult *res;
	int rc;

	store_put_int(&p, step->id);
	store_put_bytes(&p, key, DECISION_KEY_SIZE);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) != 1 || !key_state_parse(store_text(res, 0, 2), &state))
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such key request.");
	else if (!store_bool(res, 0, 0))
		rc = explain(state, step->version != 0 && step->version != store_int(res, 0, 1),
		    err);
	PQclear(res);
	return rc;
}

/* Releases p. *res for PQclear: one row; NULL when our own first try, whose answer was lost, has
 * changed it. What can be there twice is the approval of an agent. */
static int
run_step(struct store *s, const struct store_statement *st, struct store_params *p,
    const struct store_key_step *step, const unsigned char key[DECISION_KEY_SIZE], PGresult **res,
    struct gh_error *err)
{
	bool was_repeated;
	int rc = store_run(s, st, p, res, err);

	if ((was_repeated = rc == GH_E_DB_DOWN && s->was_lost))
		rc = store_run(s, st, p, res, err);
	store_params_clear(p);
	if (rc == GH_E_CONFLICT)
		return was_repeated
		    ? 0
		    : gh_refuse(err, GH_E_CONFLICT, "You have approved this key request already.");
	if (rc != 0 || PQntuples(*res) == 1)
		return rc;
	PQclear(*res);
	*res = NULL;
	return look_back(s, step, key, err);
}

static int
make_key(unsigned char key[DECISION_KEY_SIZE], struct gh_error *err)
{
	return RAND_bytes(key, DECISION_KEY_SIZE) == 1 ? 0
						       : gh_fail(err, GH_E_INTERNAL, "RAND_bytes");
}

/* --- the steps -------------------------------------------------------------------------------- */

int
store_approve_key_request(struct store *s, const struct requester *who,
    const struct store_key_request *r, const struct store_key_step *step, struct gh_error *err)
{
	/* $11 identity of the agent, $12 his name, $13 signature, $14 MAC. The row's lock makes
	 * approvals follow each other; each counts on what the one before it has left. */
	static const struct store_statement st = {"key_request_approve",
	    "WITH u AS (UPDATE key_request r SET approvals = approvals + 1, version = version + 1, decision_key = $4::bytea, "
	    "    state = CASE WHEN approvals + 1 >= required THEN 'approved' ELSE state END "
	    "  WHERE " FITS LIVES "RETURNING id, key_id, approvals, required), "
	    "v AS (INSERT INTO key_approval (request_id, agent_id, agent, comment, signature, mac) "
	    "  SELECT id, $11, $12, $10, $13::bytea, $14::bytea FROM u), " AUDIT(
		"'key.recovery-approved'", "'success'",
		"', approval ', u.approvals, ' of ', u.required") "SELECT id FROM u"};
	const struct key_seal_approval a = {.agent_id = store_key_identity(who),
	    .agent = who->name,
	    .comment = step->comment,
	    .signature = step->signature};
	unsigned char key[DECISION_KEY_SIZE], mac[ROW_SEAL_SIZE];
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	if ((r->state == KEY_PENDING && (rc = store_check_key_request(r, err)) != 0) ||
	    (rc = make_key(key, err)) != 0 ||
	    (rc = key_seal_approval(s, r->id, r->mac, &a, mac, err)) != 0)
		return rc;
	put_step(&p, who, KEY_APPROVED, KEY_BY_AGENT, step, key);
	store_put_text(&p, store_key_identity(who));
	store_put_text(&p, who->name);
	store_put_bytes(&p, step->signature.len > 0 ? step->signature.p : NULL,
	    step->signature.len);
	store_put_bytes(&p, mac, sizeof(mac));
	if ((rc = run_step(s, &st, &p, step, key, &res, err)) == 0)
		key_event_count(KEY_EVENT_APPROVED, 1);
	PQclear(res);
	return rc;
}

/* Who ends it so, and as what it is known. */
static const struct ending {
	enum key_state to;
	enum key_actor by;
	const char *event, *outcome;
	enum key_event count;
} endings[] = {
    {KEY_REJECTED, KEY_BY_AGENT, "key.recovery-rejected", "success", KEY_EVENT_REJECTED},
    {KEY_CANCELED, KEY_BY_REQUESTER, "key.recovery-canceled", "success", KEY_EVENT_CANCELED},
    {KEY_FAILED, KEY_BY_KRA, "key.recovery-failed", "failure", KEY_EVENT_FAILED},
};

static const struct ending *
find_ending(enum key_state to)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (endings[i].to == to)
			return &endings[i];
	return NULL;
}

int
store_end_key_request(struct store *s, const struct requester *who, enum key_state to,
    const struct store_key_step *step, struct gh_error *err)
{
	/* $11 new state, $12 by whom, $13 and $14 of the audit row */
	static const struct store_statement st = {"key_request_end",
	    "WITH u AS (UPDATE key_request r SET state = $11, version = version + 1, decision_key = $4::bytea, "
	    "    resolved_at = clock_timestamp(), resolved_by = $12, resolution = $10 "
	    "  WHERE " FITS LIVES
	    "RETURNING id, key_id), " AUDIT("$13", "$14", "''") "SELECT id FROM u"};
	const struct ending *e = find_ending(to);
	unsigned char key[DECISION_KEY_SIZE];
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	if (e == NULL)
		return gh_fail(err, GH_E_INTERNAL, "no end: %s", key_state_name(to));
	if ((rc = make_key(key, err)) != 0)
		return rc;
	put_step(&p, who, to, e->by, step, key);
	store_put_text(&p, key_state_name(to));
	store_put_text(&p, who->name);
	store_put_text(&p, e->event);
	store_put_text(&p, e->outcome);
	if ((rc = run_step(s, &st, &p, step, key, &res, err)) == 0)
		key_event_count(e->count, 1);
	PQclear(res);
	return rc;
}

int
store_release_key(struct store *s, const struct requester *who, const struct store_key_step *step,
    int repeat, bool *is_repeated, struct gh_error *err)
{
	/* $11 repeat. An approved one becomes complete; a complete one stays so. */
	static const struct store_statement st = {"key_request_release",
	    "WITH u AS (UPDATE key_request r SET state = 'complete', version = version + 1, decision_key = $4::bytea, "
	    "    releases = releases + 1, released_at = coalesce(released_at, clock_timestamp()), "
	    "    resolved_at = coalesce(resolved_at, clock_timestamp()), resolved_by = coalesce(resolved_by, $5) "
	    "  WHERE " FITS
	    "AND r.expires_at > clock_timestamp() AND (r.state = ANY ($2::text[]) OR (r.state = 'complete' "
	    "    AND r.released_at > clock_timestamp() - make_interval(secs => $11::int))) "
	    "    AND EXISTS (SELECT FROM archived_key k WHERE k.id = r.key_id AND k.state = 'active') "
	    "  RETURNING id, key_id, releases), " AUDIT(
		"CASE u.releases WHEN 1 THEN 'key.recovered' ELSE 'key.recovered-again' END",
		"'success'", "''") "SELECT releases FROM u"};
	unsigned char key[DECISION_KEY_SIZE];
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	*is_repeated = false;
	if ((rc = make_key(key, err)) != 0)
		return rc;
	put_step(&p, who, KEY_COMPLETE, KEY_BY_REQUESTER, step, key);
	store_put_int(&p, repeat);
	if ((rc = run_step(s, &st, &p, step, key, &res, err)) == 0 && res != NULL)
		*is_repeated = store_int(res, 0, 0) > 1;
	if (rc == 0)
		key_event_count(*is_repeated ? KEY_EVENT_RELEASED_AGAIN : KEY_EVENT_RELEASED, 1);
	PQclear(res);
	return rc;
}

int
store_expire_key_requests(struct store *s, const struct requester *who, int *n,
    struct gh_error *err)
{
	/* $1 states, $2-$7 actor */
	static const struct store_statement st = {"key_request_expire",
	    "WITH old AS (SELECT id FROM key_request WHERE state IN ('pending', 'approved') AND state = ANY ($1::text[]) "
	    "    AND expires_at <= now() ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED), "
	    "u AS (UPDATE key_request SET state = 'expired', version = version + 1, resolved_at = expires_at "
	    "  WHERE id IN (SELECT id FROM old) RETURNING id, key_id), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'key.recovery-expired', 'success', 'key ' || k.uuid, $2, $3::int, $4, $5, $6, "
	    "    concat('request ', u.id, $7::text) FROM u JOIN archived_key k ON k.id = u.key_id) "
	    "SELECT count(*) FROM u"};
	struct store_params p = {0};
	char *from[KEY_FROM_SIZE];
	PGresult *res;
	int rc;

	*n = 0;
	store_put_list(&p, key_transition_from(KEY_EXPIRED, KEY_BY_TIME, from));
	store_put_actor(&p, who, NULL, NULL);
	if ((rc = store_write(s, &st, &p, "", &res, err)) != 0)
		return rc;
	*n = (int)store_int(res, 0, 0);
	key_event_count(KEY_EVENT_EXPIRED, *n);
	PQclear(res);
	return 0;
}

int
store_count_expired_key_requests(struct store *s, int64_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"key_request_count_expired",
	    "SELECT count(*) FROM key_request WHERE state IN ('pending', 'approved') AND expires_at <= now()"};
	struct store_params p = {0};

	return store_read_int(s, &st, &p, n, err);
}
