/*
 * The hot path: decided requests in one statement, one round trip, one commit. What a request
 * writes hangs on its mark in `replay`: when that is there already, nothing is written, and the
 * recorded answer is looked up. So a replay falls out of a batch alone, and a statement whose
 * answer was lost is sent again: the server itself tells whether the first one was committed, and
 * waits for it if it is still at work. Marks are inserted in their order, so that two batches with
 * marks in common wait for each other and never in a circle. A request whose private key is
 * archived is recorded alone, by a statement that writes the key, too.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "store/key/archived_key_private.h"
#include "store/key/key_event.h"

#include "record_request.h"
#include "record_statement.h"
#include "request_asked.h"
#include "request_poll.h"
#include "request_seal.h"

/* --- one member ------------------------------------------------------------------------------- */

#define KEY_MARK_SIZE 16

struct row {
	struct store_recording *of;
	struct store_params p, key; /* key: empty when none is archived or kept */
	unsigned char mark[REPLAY_MARK_SIZE], mac[ROW_SEAL_SIZE], key_mark[KEY_MARK_SIZE];
	int64_t drawn_id; /* of a pending request, whose MAC has it; else 0 */
	bool is_recorded;
};

static const struct event {
	enum db_disposition disposition;
	const char *name, *outcome;
} events[] = {
    {DB_DISP_ISSUED, "enroll.issued", "success"},
    {DB_DISP_PENDING, "enroll.pending", "success"},
    {DB_DISP_DENIED, "enroll.denied", "failure"},
    {DB_DISP_ERROR, "enroll.failed", "failure"},
};

static void
put_event(struct store_params *p, const struct store_decision *d, const struct enroll_outcome *out)
{
	const struct event *e = &events[sizeof(events) / sizeof(events[0]) - 1];
	bool is_issued = out->disposition == DB_DISP_ISSUED;

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i].disposition == out->disposition)
			e = &events[i];
	store_put_text(p, e->name);
	store_put_text(p, e->outcome);
	store_put_text(p, is_issued ? out->serial : d->req->template_name);
	store_put_text(p,
	    d->detail != NULL ? d->detail
		: is_issued   ? d->req->template_name
			      : out->message);
}

static int
put_request(struct store_params *p, const struct store_decision *d,
    const struct enroll_outcome *out, struct gh_error *err)
{
	const struct enroll_request *req = d->req;
	const struct ca_pkcs10 *csr = req->csr;

	store_put_int(p, req->protocol);
	store_put_text(p, req->request_id);
	store_put_int(p, req->requester.app_id);
	store_put_text(p, req->requester.app_name);
	store_put_text(p, req->requester.name);
	store_put_text(p, req->requester.dn);
	store_put_int(p, req->requester.kind);
	store_put_text(p, req->requester.address);
	store_put_text(p, req->template_name);
	if (d->template_id != 0)
		store_put_int(p, d->template_id);
	else
		store_put_text(p, NULL);
	store_put_bytes(p, csr != NULL ? csr->der : NULL, csr != NULL ? csr->der_len : 0);
	store_put_bytes(p, csr != NULL ? csr->spki : NULL, csr != NULL ? csr->spki_len : 0);
	store_put_bool(p, req->cert_only);
	store_put_int(p, out->disposition);
	store_put_int(p, out->status_code);
	store_put_text(p, out->message);
	store_put_json(p, req->metadata);
	store_put_int(p, req->submitted);
	store_put_text(p, req->requester.id);
	return store_put_issued(p, d, out, err);
}

static int
choose_mark(const struct enroll_request *req, unsigned char mark[REPLAY_MARK_SIZE],
    struct gh_error *err)
{
	if (req->has_replay_mark)
		memcpy(mark, req->replay_mark, REPLAY_MARK_SIZE);
	else if (RAND_bytes(mark, REPLAY_MARK_SIZE) != 1)
		return gh_fail(err, GH_E_INTERNAL, "RAND_bytes");
	return 0;
}

/* Somebody has written under this mark: another call with the same request, or our own first
 * try. */
static int
take_recorded(struct store *s, const struct enroll_request *req, const unsigned char *mark,
    struct enroll_outcome *out, int64_t *ca_id, struct gh_error *err)
{
	const struct store_mark m = {.who = &req->requester,
	    .http_request_id = req->request_id,
	    .mark = mark,
	    .content = req->has_replay_content ? req->replay_content : NULL};
	struct enroll_outcome recorded = {0};
	bool found;
	int rc = store_lookup_mark(s, &m, &found, &recorded, ca_id, err);

	if (rc != 0)
		return rc;
	if (!found)
		return gh_fail(err, GH_E_DB, "mark is taken and not there");
	/* The id of an HTTP request may be the client's choice, and two calls can bear the same
	 * one: only what was recorded is ever answered. */
	if (!recorded.is_replay && strcmp(recorded.serial, out->serial) == 0) {
		out->cms_request_id = recorded.cms_request_id;
		out->cms_id = recorded.cms_id;
		enroll_outcome_clear(&recorded);
		*ca_id = 0; /* *out is whole */
		return 0;
	}
	recorded.is_replay = true;
	enroll_outcome_clear(out);
	*out = recorded;
	return 0;
}

/* That groups are told goes with what was asked: most requests have neither. */
static int
add_told(const struct store_decision *d, gh_json **asked, struct gh_error *err)
{
	if (!d->tells)
		return 0;
	if (*asked == NULL)
		*asked = gh_json_new_object();
	return gh_json_set_bool(*asked, "tells", true) == 0 ? 0
							    : gh_fail(err, GH_E_NOMEM, "request");
}

/* Sealed is a pending request, and an issued one when the store has the secret. */
static int
put_identity(const struct store *s, struct row *r, struct gh_error *err)
{
	const struct enroll_request *req = r->of->decision.req;
	const struct enroll_outcome *out = r->of->out;
	bool is_sealed = r->drawn_id != 0;
	gh_json *asked = NULL;
	int rc = 0;

	if (is_sealed)
		rc = request_seal_pending(s, r->drawn_id, req, r->mac, err);
	if (out->disposition == DB_DISP_ISSUED && s->has_grant_key && out->chain.n > 0) {
		rc = request_seal_issued(s, &req->requester, req->label,
		    &(struct gh_der){out->chain.cert[0].der, out->chain.cert[0].len}, r->mac, err);
		is_sealed = true;
	}
	store_put_bytes(&r->p, r->mark, sizeof(r->mark));
	if (r->drawn_id != 0)
		store_put_int(&r->p, r->drawn_id);
	else
		store_put_text(&r->p, NULL);
	store_put_bytes(&r->p, is_sealed ? r->mac : NULL, is_sealed ? ROW_SEAL_SIZE : 0);
	store_put_bytes(&r->p, req->has_replay_content ? req->replay_content : NULL,
	    req->has_replay_content ? REPLAY_MARK_SIZE : 0);
	if (rc == 0 && (rc = request_asked_json(req, &asked, err)) == 0 &&
	    (rc = add_told(&r->of->decision, &asked, err)) == 0)
		store_put_json(&r->p, asked);
	gh_json_free(asked);
	return rc;
}

/* Of what was denied, nothing is kept. */
static bool
archives_key(const struct store_recording *m)
{
	return m->key != NULL &&
	    (m->out->disposition == DB_DISP_ISSUED || m->out->disposition == DB_DISP_PENDING);
}

static int
put_key(struct row *r, struct gh_error *err)
{
	const struct store_new_key *n = r->of->key;
	const struct store_archived_key *k = n->key;
	struct store_params *p = &r->key;

	if (RAND_bytes(r->key_mark, sizeof(r->key_mark)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "RAND_bytes");
	store_put_text(p, k->id);
	store_put_int(p, k->kind);
	store_put_text(p, k->algorithm);
	store_put_int(p, k->bits);
	store_put_text(p, k->bound_owner);
	store_put_text(p, k->client_id);
	store_put_text(p, k->policy);
	store_put_bytes(p, k->spki.p, k->spki.len);
	store_put_bytes(p, k->stored.len > 0 ? k->stored.p : NULL, k->stored.len);
	store_put_bytes(p, k->storage_id, sizeof(k->storage_id));
	if (k->forget_at != 0)
		store_put_int(p, k->forget_at);
	else
		store_put_text(p, NULL);
	store_put_text(p, n->type);
	store_put_text(p, n->comment);
	store_put_bytes(p, r->key_mark, sizeof(r->key_mark));
	store_put_bytes(p, n->kept.len > 0 ? n->kept.p : NULL, n->kept.len);
	if (n->kept.len > 0)
		store_put_int(p, n->kept_until);
	else
		store_put_text(p, NULL);
	return p->failed ? gh_fail(err, GH_E_NOMEM, "parameters") : 0;
}

static int
fill_row(const struct store *s, struct row *r, struct gh_error *err)
{
	const struct store_decision *d = &r->of->decision;
	int rc;

	if ((rc = choose_mark(d->req, r->mark, err)) != 0 ||
	    (rc = put_request(&r->p, d, r->of->out, err)) != 0)
		return rc;
	put_event(&r->p, d, r->of->out);
	if ((rc = put_identity(s, r, err)) != 0 ||
	    (archives_key(r->of) && (rc = put_key(r, err)) != 0))
		return rc;
	return r->p.failed ? gh_fail(err, GH_E_NOMEM, "parameters") : 0;
}

/* --- the batch -------------------------------------------------------------------------------- */

/* The MAC of a pending request has its id in it, which costs the batch a round trip more. */
static int
draw_ids(struct store *s, struct row *row, size_t n, struct gh_error *err)
{
	static const struct store_statement st = {"request_next_ids",
	    "SELECT nextval('request_id_seq') FROM generate_series(1, $1::int)"};
	struct store_params p = {0};
	int pending = 0, taken = 0, rc;
	PGresult *res;

	for (size_t i = 0; i < n; i++)
		pending += row[i].of->out->disposition == DB_DISP_PENDING;
	if (pending == 0)
		return 0;
	store_put_int(&p, pending);
	rc = store_read(s, &st, &p, &res, err);
	if (rc == 0 && PQntuples(res) != pending)
		rc = gh_fail(err, GH_E_DB, "%d ids for %d requests", PQntuples(res), pending);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (row[i].of->out->disposition == DB_DISP_PENDING)
			row[i].drawn_id = store_int(res, taken++, 0);
	PQclear(res);
	return rc;
}

/* Each in its place; the others are replays. */
static void
take_ids(struct row *const *row, const PGresult *res)
{
	for (int i = 0; i < PQntuples(res); i++) {
		struct row *r = row[store_int(res, i, 0)];

		r->of->out->cms_request_id = store_int(res, i, 1);
		r->of->out->cms_id = store_int(res, i, 2);
		r->is_recorded = true;
	}
}

static void
fail_rows(struct row *const *row, size_t n, int rc, const struct gh_error *err)
{
	for (size_t i = 0; i < n; i++) {
		row[i]->of->rc = rc;
		row[i]->of->err = *err;
	}
}

/* On a mark there is none. */
static int
explain_conflict(const struct store *s, const struct row *r, struct gh_error *err)
{
	if (r->key.n > 0 &&
	    (strcmp(s->constraint, "archived_key_client") == 0 ||
		strcmp(s->constraint, "archived_key_storage") == 0))
		return store_explain_key_conflict(s, r->of->key->key, err);
	if (strcmp(s->constraint, "request_renews") == 0)
		return gh_refuse(err, GH_E_FORBIDDEN, STORE_RENEWED_ALREADY);
	return gh_fail(err, GH_E_DB, "unexpected conflict on %s", s->constraint);
}

/* n requests without keys, or one with its key. Nothing of a statement that is refused was done. */
static int
run_rows(struct store *s, struct row *const *row, size_t n, struct gh_error *err)
{
	const struct store_params *p[STORE_BATCH_MAX];
	const struct store_statement *st = NULL;
	bool has_key = row[0]->key.n > 0;
	size_t groups = has_key ? 2 : n;
	PGresult *res = NULL;
	int rc = has_key ? record_statement_with_key(&st, err) : record_statement(n, &st, err);

	for (size_t i = 0; i < n; i++)
		p[i] = &row[i]->p;
	if (has_key)
		p[1] = &row[0]->key;
	if (rc == 0)
		rc = store_run_rows(s, st, p, groups, &res, err);
	if (rc == GH_E_DB_DOWN && s->was_lost)
		rc = store_run_rows(s, st, p, groups, &res, err);
	if (rc == GH_E_CONFLICT)
		rc = explain_conflict(s, row[0], err);
	if (rc == 0) {
		take_ids(row, res);
		store_trouble_end(NULL);
	}
	PQclear(res);
	return rc;
}

/* A key that waits with its request is archived later, or never. */
static void
count_key(const struct store_recording *m)
{
	if (m->rc == 0 && m->out->disposition == DB_DISP_ISSUED)
		key_event_count(strcmp(m->key->type, "archival") == 0 ? KEY_EVENT_ARCHIVED
								      : KEY_EVENT_GENERATED,
		    1);
}

static void
record_rows(struct store *s, struct row *const *row, size_t n)
{
	struct gh_error err;
	int rc = run_rows(s, row, n, &err);

	if (rc == GH_E_DB && n > 1) {
		for (size_t i = 0; i < n; i++)
			record_rows(s, &row[i], 1);
		return;
	}
	if (rc != 0)
		fail_rows(row, n, rc, &err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct store_recording *m = row[i]->of;

		if (!row[i]->is_recorded)
			m->rc = take_recorded(s, m->decision.req, row[i]->mark, m->out, &m->ca_id,
			    &m->err);
		else if (row[i]->key.n > 0)
			count_key(m);
	}
}

/* Those that cannot be written have their error and stay out. */
static void
record_filled(struct store *s, struct row *row, size_t n)
{
	struct row *filled[STORE_BATCH_MAX];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		struct store_recording *m = row[i].of;

		if ((m->rc = fill_row(s, &row[i], &m->err)) == 0 && row[i].key.n == 0)
			filled[k++] = &row[i];
	}
	if (k > 0)
		record_rows(s, filled, k);
	for (size_t i = 0; i < n; i++) {
		struct row *alone = &row[i];

		if (row[i].of->rc == 0 && row[i].key.n > 0)
			record_rows(s, &alone, 1);
	}
}

void
store_record_batch(struct store *s, struct store_recording *m, size_t n)
{
	struct row *row = calloc(n, sizeof(*row));
	struct gh_error err;
	int rc = 0;

	if (row == NULL)
		rc = gh_fail(&err, GH_E_NOMEM, "batch");
	else if (n < 1 || n > STORE_BATCH_MAX)
		rc = gh_fail(&err, GH_E_INTERNAL, "%zu requests in one statement", n);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		row[i].of = &m[i];
		m[i].ca_id = 0;
	}
	if (rc == 0)
		rc = draw_ids(s, row, n, &err);
	if (rc == 0)
		record_filled(s, row, n);
	for (size_t i = 0; i < n; i++) {
		if (rc != 0) {
			m[i].rc = rc;
			m[i].err = err;
		}
		if (row != NULL) {
			store_params_clear(&row[i].p);
			store_params_clear(&row[i].key);
		}
	}
	free(row);
}
