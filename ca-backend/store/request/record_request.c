/*
 * The hot path: a decided request in one statement, one round trip, one commit. A statement whose
 * answer was lost is sent again: the mark in `replay` is unique, so that the server itself tells
 * whether the first one was committed, and waits for it if it is still at work.
 */
#include <string.h>

#include <openssl/rand.h>

#include "request_seal.h"

/* $1-$18 request, $19-$29 certificate, $30 mark, $31-$34 audit, $35-$37 request */
static const struct store_statement record_request = {"record_request",
    "WITH i AS (SELECT COALESCE($36::bigint, nextval('request_id_seq')) AS rid, "
    "  CASE WHEN $28::bytea IS NOT NULL THEN nextval('certificate_id_seq') END AS cid), "
    "r AS (INSERT INTO request (id, certificate_id, protocol, http_request_id, app_id, app_name, requester, "
    "  requester_dn, requester_id, requester_kind, address, template, template_id, csr, csr_spki_sha256, cert_only, "
    "  disposition, status_code, message, metadata, submitted_at, resolved_at, mac) "
    "  SELECT rid, cid, $1::int, $2::text, $3::bigint, $4::text, $5::text, $6::text, $35::text, $7::int, $8::text, $9::text, "
    "    $10::bigint, $11::bytea, sha256($12::bytea), $13::bool, $14::int, $15::bigint, $16::text, "
    "    $17::jsonb, to_timestamp($18::bigint), CASE WHEN $14::int <> 9 THEN now() END, $37::bytea FROM i), "
    "c AS (INSERT INTO certificate (id, request_id, requester, template, status, metadata, " STORE_CERT_COLUMNS
    ") "
    "  SELECT cid, rid, $5::text, $9::text, 20, $17::jsonb, $19::bigint, $20::bytea, $21::text, $22::text[], "
    "    to_timestamp($23::bigint), to_timestamp($24::bigint), $25::bytea, $26::bytea, $27::bytea, $28::bytea, "
    "    $29::int FROM i WHERE cid IS NOT NULL), "
    "m AS (INSERT INTO replay (mark, request_id, requester, app_id) "
    "  SELECT $30::bytea, rid, $5::text, $3::bigint FROM i), "
    "a AS (INSERT INTO audit (event, outcome, actor, actor_kind, app, address, request_id, object, detail) "
    "  VALUES ($31::text, $32::text, $5::text, $7::int, $4::text, $8::text, $2::text, $33::text, $34::text)) "
    "SELECT rid, cid FROM i"};

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
	return store_put_cert(p, d, out, err);
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
	struct enroll_outcome recorded = {0};
	bool found;
	int rc = store_lookup_mark(s, &req->requester, req->request_id, mark, &found, &recorded,
	    ca_id, err);

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

static int
next_id(struct store *s, int64_t *id, struct gh_error *err)
{
	static const struct store_statement st = {"request_next_id",
	    "SELECT nextval('request_id_seq')"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_read(s, &st, &p, &res, err);

	*id = rc == 0 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

/* The MAC of a pending request has its id in it, which costs a round trip more. */
static int
put_seal(struct store *s, struct store_params *p, const struct store_decision *d,
    const struct enroll_outcome *out, unsigned char mac[ROW_SEAL_SIZE], struct gh_error *err)
{
	bool is_sealed = out->disposition == DB_DISP_PENDING;
	int64_t id = 0;
	int rc = 0;

	if (is_sealed && (rc = next_id(s, &id, err)) == 0)
		rc = request_seal_pending(s, id, d->req, mac, err);
	if (out->disposition == DB_DISP_ISSUED && s->has_grant_key && out->chain.n > 0) {
		rc = request_seal_issued(s, &d->req->requester, out->chain.cert[0].der,
		    out->chain.cert[0].len, mac, err);
		is_sealed = true;
	}
	if (id != 0)
		store_put_int(p, id);
	else
		store_put_text(p, NULL);
	store_put_bytes(p, is_sealed ? mac : NULL, is_sealed ? ROW_SEAL_SIZE : 0);
	return rc;
}

int
store_record(struct store *s, const struct store_decision *d, struct enroll_outcome *out,
    int64_t *ca_id, struct gh_error *err)
{
	unsigned char mark[REPLAY_MARK_SIZE], mac[ROW_SEAL_SIZE];
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	*ca_id = 0;
	if ((rc = choose_mark(d->req, mark, err)) == 0 &&
	    (rc = put_request(&p, d, out, err)) == 0) {
		store_put_bytes(&p, mark, sizeof(mark));
		put_event(&p, d, out);
		store_put_text(&p, d->req->requester.id);
		rc = put_seal(s, &p, d, out, mac, err);
	}
	if (rc == 0) {
		rc = store_run(s, &record_request, &p, &res, err);
		if (rc == GH_E_DB_DOWN && s->was_lost)
			rc = store_run(s, &record_request, &p, &res, err);
	}
	store_params_clear(&p);
	/* request_pkey: our own first try, with the id that was drawn for it */
	if (rc == GH_E_CONFLICT &&
	    (strcmp(s->constraint, "replay_pkey") == 0 ||
		strcmp(s->constraint, "request_pkey") == 0))
		return take_recorded(s, d->req, mark, out, ca_id, err);
	if (rc == GH_E_CONFLICT && strcmp(s->constraint, "certificate_serial") == 0) {
		/* Either a serial was drawn twice, or our first try met the serial before the
		 * mark. */
		return take_recorded(s, d->req, mark, out, ca_id, err);
	}
	if (rc == GH_E_CONFLICT)
		rc = gh_fail(err, GH_E_DB, "unexpected conflict on %s", s->constraint);
	if (rc == 0) {
		out->cms_request_id = store_int(res, 0, 0);
		out->cms_id = store_int(res, 0, 1);
		store_trouble_end(NULL);
	}
	PQclear(res);
	return rc;
}
