/*
 * Recording decisions. One statement writes the request, its certificate, the replay mark and the audit row: one
 * round trip, one commit. Each request carries a random token, so that a commit whose answer got lost is found
 * again instead of being repeated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "timestamp.h"

#include "connection.h"
#include "leaf.h"

#define TOKEN_SIZE 16

static const struct statement record_statement = { "record",
	"WITH id AS (SELECT CASE WHEN $20::bigint IS NOT NULL THEN nextval('certificate_id') END AS cert), "
	"r AS (INSERT INTO request (token, protocol, http_id, app_id, app_name, requester_kind, requester, "
	" requester_dn, address, template_name, template_id, csr, cert_only, metadata, disposition, "
	" status_code, message, submitted_at, resolved_at, cert_id) "
	" SELECT $1::bytea, $2::smallint, $3::text, $4::bigint, $5::text, $6::smallint, $7::text, $8::text, "
	" $9::text, $10::text, $11::bigint, $12::bytea, $13::boolean, $14::jsonb, $15::smallint, $16::bigint, "
	" $17::text, to_timestamp($18::bigint), CASE WHEN $15::smallint <> 9 THEN now() END, id.cert FROM id "
	" RETURNING id, cert_id), "
	"m AS (INSERT INTO replay (mark, request_id, requester, app_id) "
	" SELECT $19::bytea, r.id, $7::text, coalesce($4::bigint, 0) FROM r WHERE $19::bytea IS NOT NULL), "
	"c AS (INSERT INTO certificate (id, ca_id, serial, request_id, subject, sans, requester, template, "
	" not_before, not_after, sha1, sha256, der, metadata) "
	" SELECT r.cert_id, $20::bigint, $21::bytea, r.id, $22::text, $23::jsonb, $7::text, $10::text, "
	" to_timestamp($24::bigint), to_timestamp($25::bigint), $26::bytea, $27::bytea, $28::bytea, "
	" coalesce($14::jsonb, '{}') FROM r WHERE r.cert_id IS NOT NULL), "
	"a AS (INSERT INTO audit (event, outcome, actor_kind, actor, app, address, request_id, object, detail) "
	" VALUES ($29::text, $30::text, $6::smallint, $7::text, $5::text, $9::text, $3::text, $31::text, "
	" $32::text)) "
	"SELECT id, cert_id FROM r" };

static const struct statement by_token = { "by_token", "SELECT id, cert_id FROM request WHERE token = $1::bytea" };

static const char *
event_name(enum db_disposition d)
{
	return d == DB_DISP_ISSUED ? "enroll.issued" : d == DB_DISP_PENDING ? "enroll.pending" :
	    d == DB_DISP_DENIED ? "enroll.denied" : "enroll.failed";
}

static void
put_request(struct params *p, const struct store_decision *d, const struct enroll_outcome *out,
    const unsigned char token[TOKEN_SIZE], const char *metadata)
{
	const struct enroll_request *q = d->req;

	params_bytes(p, token, TOKEN_SIZE);
	params_int(p, q->protocol);
	params_text(p, q->request_id);
	params_int_or_null(p, q->requester.app_id);
	params_text(p, q->requester.app_name);
	params_int(p, q->requester.kind);
	params_text(p, q->requester.name);
	params_text(p, q->requester.dn);
	params_text(p, q->requester.address);
	params_text(p, q->template_name);
	params_int_or_null(p, d->template_id);
	params_bytes(p, q->csr != NULL ? q->csr->der : NULL, q->csr != NULL ? q->csr->der_len : 0);
	params_bool(p, q->cert_only);
	params_text(p, metadata);
	params_int(p, out->disposition);
	params_int(p, out->status_code);
	params_text(p, out->message);
	params_int(p, q->submitted);
	params_bytes(p, q->has_replay_mark ? q->replay_mark : NULL, REPLAY_MARK_SIZE);
}

/* The nine columns of a certificate, or as many NULLs. */
static void
put_leaf(struct params *p, const struct ca *ca, const struct leaf *l, const struct enroll_outcome *out)
{
	if (out->disposition != DB_DISP_ISSUED) {
		for (int i = 0; i < 9; i++)
			params_text(p, NULL);
		return;
	}
	params_int(p, ca->id);
	params_bytes(p, l->serial, l->serial_len);
	params_text(p, l->subject);
	params_text(p, l->sans);
	params_int(p, l->not_before);
	params_int(p, l->not_after);
	params_bytes(p, l->sha1, sizeof(l->sha1));
	params_bytes(p, l->sha256, sizeof(l->sha256));
	params_bytes(p, out->chain.cert[0].der, out->chain.cert[0].len);
}

static void
put_audit(struct params *p, const struct store_decision *d, const struct enroll_outcome *out)
{
	bool success = out->disposition == DB_DISP_ISSUED || out->disposition == DB_DISP_PENDING;

	params_text(p, event_name(out->disposition));
	params_text(p, success ? "success" : "failure");
	params_text(p, out->disposition == DB_DISP_ISSUED ? out->serial : d->req->template_name);
	params_text(p, d->detail != NULL ? d->detail : out->message);
}

static void
take_ids(PGresult *res, struct enroll_outcome *out)
{
	out->cms_request_id = store_int(res, 0, 0);
	out->cms_id = store_int(res, 0, 1);
	PQclear(res);
}

/* The answer of another call with the same mark, in place of ours. */
static int
take_recorded(struct store *s, const struct enroll_request *req, struct enroll_outcome *out,
    struct gh_error *err)
{
	struct enroll_outcome recorded = { 0 };
	int64_t ca_id;
	bool found = false;
	int rc = store_find_replay(s, &req->requester, req->replay_mark, &found, &recorded, &ca_id, err);

	if (rc != 0)
		return rc;
	if (!found)
		return gh_fail(err, GH_E_DB, "a unique value exists already, but not the replay mark");
	enroll_outcome_clear(out);
	*out = recorded;
	out->is_replay = true;
	return 0;
}

/* Did our own statement come through? */
static int
find_token(struct store *s, const unsigned char token[TOKEN_SIZE], bool *found, struct enroll_outcome *out,
    struct gh_error *err)
{
	struct params p = { 0 };
	PGresult *res;
	int rc;

	*found = false;
	params_bytes(&p, token, TOKEN_SIZE);
	if ((rc = store_query(s, &by_token, &p, &res, err)) != 0)
		return rc;
	if ((*found = PQntuples(res) == 1))
		take_ids(res, out);
	else
		PQclear(res);
	return 0;
}

static int
run_record(struct store *s, const struct params *p, const struct store_decision *d,
    const unsigned char token[TOKEN_SIZE], struct enroll_outcome *out, struct gh_error *err)
{
	int64_t begin = gh_now_us();
	PGresult *res;
	char state[6];
	bool found;
	int rc = store_run(s, &record_statement, p, &res, state, err);

	if (rc == GH_E_DB_DOWN && gh_now_us() - begin < (int64_t)s->timeout_ms * 500) {
		/* lost on the way: it may have been committed or not, the token tells */
		if ((rc = find_token(s, token, &found, out, err)) != 0 || found)
			return rc;
		rc = store_run(s, &record_statement, p, &res, state, err);
	}
	if (rc == 0) {
		take_ids(res, out);
		return 0;
	}
	if (strcmp(state, UNIQUE_VIOLATION) != 0)
		return rc;
	if ((rc = find_token(s, token, &found, out, err)) != 0 || found)
		return rc;
	if (!d->req->has_replay_mark)
		return gh_fail(err, GH_E_DB, "a unique value exists already");
	return take_recorded(s, d->req, out, err);
}

int
store_record(struct store *s, const struct store_decision *d, struct enroll_outcome *out,
    struct gh_error *err)
{
	unsigned char token[TOKEN_SIZE];
	struct params p = { 0 };
	struct leaf l = { 0 };
	char *metadata = NULL;
	int rc;

	if (RAND_bytes(token, sizeof(token)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random bytes");
	if (out->disposition == DB_DISP_ISSUED &&
	    (rc = leaf_read(out->chain.cert[0].der, out->chain.cert[0].len, &l, err)) != 0)
		goto out;
	if (d->req->metadata != NULL && (metadata = gh_json_print(d->req->metadata, false)) == NULL) {
		rc = gh_fail(err, GH_E_NOMEM, "metadata");
		goto out;
	}
	put_request(&p, d, out, token, metadata);
	put_leaf(&p, d->ca, &l, out);
	put_audit(&p, d, out);
	rc = run_record(s, &p, d, token, out, err);
out:
	leaf_clear(&l);
	free(metadata);
	return rc;
}

static const struct statement decide_statement = { "decide",
	"WITH id AS (SELECT CASE WHEN $5::bigint IS NOT NULL THEN nextval('certificate_id') END AS cert), "
	"r AS (UPDATE request SET disposition = $2::smallint, status_code = $3::bigint, message = $4::text, "
	" resolved_at = now(), resolved_by = $14::text, template_id = coalesce($15::bigint, template_id), "
	" metadata = coalesce($16::jsonb, metadata), cert_id = id.cert FROM id "
	" WHERE request.id = $1::bigint AND disposition = 9 "
	" RETURNING request.id, cert_id, requester, template_name, metadata), "
	"c AS (INSERT INTO certificate (id, ca_id, serial, request_id, subject, sans, requester, template, "
	" not_before, not_after, sha1, sha256, der, metadata) "
	" SELECT r.cert_id, $5::bigint, $6::bytea, r.id, $7::text, $8::jsonb, r.requester, r.template_name, "
	" to_timestamp($9::bigint), to_timestamp($10::bigint), $11::bytea, $12::bytea, $13::bytea, "
	" coalesce(r.metadata, '{}') FROM r WHERE r.cert_id IS NOT NULL), "
	"a AS (INSERT INTO audit (event, outcome, actor_kind, actor, app, address, request_id, object, detail) "
	" SELECT $17::text, 'success', $18::smallint, $14::text, '', $19::text, NULL, 'request ' || r.id, "
	" $20::text FROM r) "
	"SELECT id, cert_id FROM r" };

int
store_decide(struct store *s, int64_t cms_request_id, const struct requester *officer,
    const struct store_decision *d, struct enroll_outcome *out, struct gh_error *err)
{
	struct params p = { 0 };
	struct leaf l = { 0 };
	char *metadata = NULL, state[6];
	PGresult *res;
	int rc;

	if (out->disposition == DB_DISP_ISSUED &&
	    (rc = leaf_read(out->chain.cert[0].der, out->chain.cert[0].len, &l, err)) != 0)
		goto out;
	if (d->req != NULL && d->req->metadata != NULL)
		metadata = gh_json_print(d->req->metadata, false);
	params_int(&p, cms_request_id);
	params_int(&p, out->disposition);
	params_int(&p, out->status_code);
	params_text(&p, out->message);
	put_leaf(&p, d->ca, &l, out);
	params_text(&p, officer->name);
	params_int_or_null(&p, d->template_id);
	params_text(&p, metadata);
	params_text(&p, out->disposition == DB_DISP_ISSUED ? "request.approved" : "request.denied");
	params_int(&p, officer->kind);
	params_text(&p, officer->address);
	params_text(&p, d->detail != NULL ? d->detail : out->message);
	/* Not repeated when its answer is lost: the officer sees "not pending any more" and what it became. */
	if ((rc = store_run(s, &decide_statement, &p, &res, state, err)) != 0)
		goto out;
	if (PQntuples(res) == 0) {
		PQclear(res);
		rc = gh_refuse(err, GH_E_CONFLICT, "Request %lld is not pending.", (long long)cms_request_id);
	} else {
		take_ids(res, out);
	}
out:
	leaf_clear(&l);
	free(metadata);
	return rc;
}
