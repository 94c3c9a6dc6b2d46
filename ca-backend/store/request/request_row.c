/* Requests after they were recorded: what became of them, and the officer's decision. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "formats/crmf.h"

#include "request_asked.h"
#include "request_seal.h"
#include "store/key/key_event.h"

#define DECISION_KEY_SIZE 16
#define KEY_MARK_SIZE 16

/* --- one request ------------------------------------------------------------------------------ */

/* k is the private key that waits with request r. */
#define WAITING_KEY \
	"k.request_id = r.id AND k.state = 'pending' AND k.spki_sha256 = r.csr_spki_sha256"

static const struct store_statement request_get = {"request_get",
    "SELECT " STORE_OUTCOME_COLUMNS
    ", r.protocol, r.http_request_id, r.app_id, r.app_name, r.requester, r.requester_dn, r.requester_kind, "
    "r.address, r.template, r.csr, r.metadata, r.cert_only, floor(extract(epoch FROM r.submitted_at))::bigint, "
    "r.decision_key, r.requester_id, r.mac, r.version, r.approvals, " REQUEST_ASKED_COLUMNS ", "
    "EXISTS (SELECT FROM archived_key k WHERE " WAITING_KEY ") FROM " STORE_OUTCOME_JOIN
    " WHERE r.id = $1"};

enum request_column {
	COL_PROTOCOL = STORE_OUTCOME_N,
	COL_HTTP_ID,
	COL_APP_ID,
	COL_APP_NAME,
	COL_REQUESTER,
	COL_DN,
	COL_KIND,
	COL_ADDRESS,
	COL_TEMPLATE,
	COL_CSR,
	COL_METADATA,
	COL_CERT_ONLY,
	COL_SUBMITTED,
	COL_DECISION_KEY,
	COL_REQUESTER_ID,
	COL_MAC,
	COL_VERSION,
	COL_APPROVALS,
	COL_ASKED,
	COL_ASKED_LAST = COL_ASKED + REQUEST_ASKED_N - 1,
	COL_ARCHIVES_KEY
};

static void
fill_requester(const PGresult *res, struct requester *who)
{
	who->kind = (enum requester_kind)store_int(res, 0, COL_KIND);
	snprintf(who->name, sizeof(who->name), "%s", store_text(res, 0, COL_REQUESTER));
	snprintf(who->dn, sizeof(who->dn), "%s", store_text(res, 0, COL_DN));
	snprintf(who->id, sizeof(who->id), "%s", store_text(res, 0, COL_REQUESTER_ID));
	who->app_id = store_int(res, 0, COL_APP_ID);
	snprintf(who->app_name, sizeof(who->app_name), "%s", store_text(res, 0, COL_APP_NAME));
	snprintf(who->address, sizeof(who->address), "%s", store_text(res, 0, COL_ADDRESS));
}

static int
fill_request(const PGresult *res, struct enroll_request *req, struct gh_error *err)
{
	unsigned char *der;
	size_t len;
	int rc;

	memset(req, 0, sizeof(*req));
	req->protocol = (enum enroll_protocol)store_int(res, 0, COL_PROTOCOL);
	snprintf(req->request_id, sizeof(req->request_id), "%s", store_text(res, 0, COL_HTTP_ID));
	fill_requester(res, &req->requester);
	req->cert_only = store_bool(res, 0, COL_CERT_ONLY);
	req->archives_key = store_bool(res, 0, COL_ARCHIVES_KEY);
	req->submitted = store_int(res, 0, COL_SUBMITTED);
	req->version = (int)store_int(res, 0, COL_VERSION);
	req->approvals = (int)store_int(res, 0, COL_APPROVALS);
	if (store_has(res, 0, COL_TEMPLATE) &&
	    (req->template_name = strdup(store_text(res, 0, COL_TEMPLATE))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "request");
	if ((rc = request_asked_read(res, COL_ASKED, req, err)) != 0 ||
	    (rc = store_json(res, 0, COL_METADATA, &req->metadata, err)) != 0 ||
	    (rc = store_bytes(res, 0, COL_CSR, &der, &len, err)) != 0)
		return rc;
	if (der != NULL)
		rc = ca_request_parse(der, len, &req->csr, err);
	free(der);
	return rc;
}

static int
query_request(struct store *s, int64_t id, PGresult **res, struct gh_error *err)
{
	struct store_params p = {0};
	int rc;

	store_put_int(&p, id);
	if ((rc = store_read(s, &request_get, &p, res, err)) != 0)
		return rc;
	if (PQntuples(*res) == 1)
		return 0;
	PQclear(*res);
	*res = NULL;
	return gh_fail(err, GH_E_NOT_FOUND, "no request %lld", (long long)id);
}

int
store_get_request(struct store *s, int64_t cms_request_id, struct enroll_request *req,
    struct enroll_outcome *out, int64_t *ca_id, struct gh_error *err)
{
	struct enroll_outcome got = {0};
	unsigned char mac[ROW_SEAL_SIZE];
	PGresult *res;
	int rc = query_request(s, cms_request_id, &res, err);

	*ca_id = 0;
	if (rc == 0 && (rc = store_fill_outcome(res, &got, ca_id, err)) == 0 && req != NULL &&
	    (rc = fill_request(res, req, err)) != 0)
		enroll_request_clear(req);
	if (rc == 0 && req != NULL && got.disposition == DB_DISP_PENDING && s->has_grant_key &&
	    (rc = request_seal_pending(s, cms_request_id, req, mac, err)) == 0)
		req->is_sealed = store_is_mac(res, 0, COL_MAC, mac);
	PQclear(res);
	if (rc != 0)
		enroll_outcome_clear(&got);
	*out = got;
	return rc;
}

int
store_get_request_key(struct store *s, int64_t cms_request_id, char id[GH_UUID_TEXT_SIZE],
    struct gh_error *err)
{
	static const struct store_statement st = {"request_key",
	    "SELECT uuid FROM archived_key WHERE request_id = $1::bigint"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*id = '\0';
	store_put_int(&p, cms_request_id);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 1)
		snprintf(id, GH_UUID_TEXT_SIZE, "%s", store_text(res, 0, 0));
	PQclear(res);
	return 0;
}

/* --- decision --------------------------------------------------------------------------------- */

/* $1 id, $2 key, $3 officer, $4-$7 outcome and template, $8-$18 certificate, $19-$27 audit, $28
 * MAC, $29 whether a private key waits, $30 mark of its request, $31-$37 approval. The key becomes
 * active with its certificate, and is gone without one. Where the decision counted on it, it must
 * be there; so must be the version that an approval counts on. */
static const struct store_statement request_decide = {"request_decide",
    "WITH u AS (UPDATE request r SET version = version + 1, decision_key = $2::bytea, resolved_by = $3::text, resolved_at = now(), "
    "    disposition = $4::int, status_code = $5::bigint, message = $6::text, "
    "    template_id = COALESCE($7::bigint, template_id), mac = $28::bytea, approvals = COALESCE($32::int, approvals), "
    "    certificate_id = CASE WHEN $17::bytea IS NOT NULL THEN nextval('certificate_id_seq') END "
    "  WHERE r.id = $1::bigint AND disposition = 9 AND version = COALESCE($31::int, version) AND (NOT $29::bool OR "
    "    EXISTS (SELECT FROM archived_key k WHERE " WAITING_KEY ")) RETURNING r.*), "
    "c AS (INSERT INTO certificate (id, request_id, requester, template, status, metadata, confirm_by, " STORE_CERT_COLUMNS
    ") "
    "  SELECT certificate_id, id, requester, template, 20, metadata, now() + make_interval(secs => confirm_within), $8::bigint, $9::bytea, $10::text, "
    "    $11::text[], to_timestamp($12::bigint), to_timestamp($13::bigint), $14::bytea, $15::bytea, "
    "    $16::bytea, $17::bytea, $18::int FROM u WHERE certificate_id IS NOT NULL), "
    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT $19::text, $20::text, $21::text, $22::text, $23::int, $24::text, $25::text, $26::text, "
    "    $27::text FROM u), "
    "v AS (INSERT INTO request_approval (request_id, number, officer_kind, officer, officer_dn, officer_id, "
    "    comment, at, mac) "
    "  SELECT id, $32::int, $23::int, $3::text, $33::text, $34::text, $35::text, to_timestamp($36::bigint), $37::bytea "
    "  FROM u WHERE $32::int IS NOT NULL), "
    "k AS (UPDATE archived_key k SET state = 'active', state_at = now(), version = k.version + 1, "
    "    certificate_id = r.certificate_id "
    "  FROM u r WHERE r.certificate_id IS NOT NULL AND " WAITING_KEY " RETURNING k.id, k.uuid), "
    "g AS (DELETE FROM archived_key k USING u WHERE u.certificate_id IS NULL AND k.request_id = u.id "
    "  AND k.state = 'pending' RETURNING k.uuid), "
    "q AS (INSERT INTO key_request (type, state, key_id, requester, requester_dn, requester_id, requester_kind, "
    "    required, requester_counts, is_signed, approvals, mark, resolved_at, resolved_by) "
    "  SELECT 'archival', 'complete', k.id, u.requester, u.requester_dn, u.requester_id, u.requester_kind, "
    "    0, true, false, 0, $30::bytea, now(), $3::text FROM u, k RETURNING id), "
    "b AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT e.event, 'success', 'key ' || e.uuid, $22::text, $23::int, $24::text, $25::text, $26::text, "
    "    concat('of request ', u.id, ', request ' || (SELECT id FROM q)) FROM u, "
    "    (SELECT 'key.archived' AS event, uuid FROM k UNION ALL SELECT 'key.discarded', uuid FROM g) e) "
    "SELECT id, certificate_id FROM u"};

static int
put_decision(struct store_params *p, int64_t id, const struct requester *officer,
    const struct store_decision *d, const struct enroll_outcome *out, struct gh_error *err)
{
	bool is_issued = out->disposition == DB_DISP_ISSUED;
	char object[64];
	char *copy;
	int rc;

	store_put_text(p, officer->name);
	store_put_int(p, out->disposition);
	store_put_int(p, out->status_code);
	store_put_text(p, out->message);
	if (d->template_id != 0)
		store_put_int(p, d->template_id);
	else
		store_put_text(p, NULL);
	if ((rc = store_put_issued(p, d, out, err)) != 0)
		return rc;
	store_put_text(p,
	    is_issued                                  ? "request.approved"
		: out->disposition == DB_DISP_CANCELED ? "request.canceled"
						       : "request.denied");
	store_put_text(p, "success");
	snprintf(object, sizeof(object), "request %lld%s%s", (long long)id, is_issued ? " " : "",
	    is_issued ? out->serial : "");
	if ((copy = strdup(object)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "decision");
	store_put_text(p, copy);
	p->owned[p->n - 1] = copy;
	store_put_actor(p, officer, d->req->request_id, d->detail);
	return 0;
}

/* Whose certificate it is. */
static int
put_seal(const struct store *s, struct store_params *p, const struct store_decision *d,
    const struct enroll_outcome *out, unsigned char mac[ROW_SEAL_SIZE], struct gh_error *err)
{
	bool is_sealed = out->disposition == DB_DISP_ISSUED && out->chain.n > 0;
	int rc = 0;

	if (is_sealed)
		rc = request_seal_issued(s, &d->req->requester, d->req->label,
		    &(struct gh_der){out->chain.cert[0].der, out->chain.cert[0].len}, mac, err);

	store_put_bytes(p, is_sealed ? mac : NULL, is_sealed ? ROW_SEAL_SIZE : 0);
	return rc;
}

/* Seven parameters; all null where it is no approval. */
static int
put_approval(const struct store *s, struct store_params *p, int64_t id,
    const struct store_decision *d, unsigned char mac[ROW_SEAL_SIZE], struct gh_error *err)
{
	const struct store_approval *a = d->approval;
	int rc;

	if (a == NULL) {
		for (int i = 0; i < 7; i++)
			store_put_text(p, NULL);
		return 0;
	}
	rc = request_seal_approval(s, id, d->req, a, mac, err);
	store_put_int(p, d->req->version);
	store_put_int(p, a->number);
	store_put_text(p, a->who->dn);
	store_put_text(p, a->who->id);
	store_put_text(p, a->comment);
	store_put_int(p, a->at);
	store_put_bytes(p, mac, ROW_SEAL_SIZE);
	return rc;
}

static int
refuse_undecided(const PGresult *res, int64_t id, const struct store_decision *d,
    struct gh_error *err)
{
	if (store_int(res, 0, 2) != DB_DISP_PENDING)
		return gh_refuse(err, GH_E_CONFLICT, "Request %lld is not pending.", (long long)id);
	if (d->approval != NULL && store_int(res, 0, COL_VERSION) != d->req->version)
		return gh_refuse(err, GH_E_PRECONDITION,
		    "Request %lld has changed since: read it again, and decide on what it is now.",
		    (long long)id);
	return gh_refuse(err, GH_E_CONFLICT,
	    "The private key that came with request %lld is not there any more. Deny it, "
	    "and let the requester ask again.",
	    (long long)id);
}

/* No row was changed, or our first try came between: who decided? */
static int
check_decided(struct store *s, int64_t id, const unsigned char key[DECISION_KEY_SIZE],
    const struct store_decision *d, struct enroll_outcome *out, struct gh_error *err)
{
	unsigned char *found = NULL;
	PGresult *res;
	size_t len;
	int rc = query_request(s, id, &res, err);

	if (rc != 0)
		return rc;
	if ((rc = store_bytes(res, 0, COL_DECISION_KEY, &found, &len, err)) == 0) {
		if (found != NULL && len == DECISION_KEY_SIZE && memcmp(found, key, len) == 0) {
			out->cms_request_id = store_int(res, 0, 0);
			out->cms_id = store_int(res, 0, 1);
		} else {
			rc = refuse_undecided(res, id, d, err);
		}
	}
	free(found);
	PQclear(res);
	return rc;
}

int
store_decide(struct store *s, int64_t cms_request_id, const struct requester *officer,
    const struct store_decision *d, struct enroll_outcome *out, struct gh_error *err)
{
	unsigned char key[DECISION_KEY_SIZE], key_mark[KEY_MARK_SIZE], mac[ROW_SEAL_SIZE],
	    approval_mac[ROW_SEAL_SIZE];
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	if (RAND_bytes(key, sizeof(key)) != 1 || RAND_bytes(key_mark, sizeof(key_mark)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "RAND_bytes");
	store_put_int(&p, cms_request_id);
	store_put_bytes(&p, key, sizeof(key));
	if ((rc = put_decision(&p, cms_request_id, officer, d, out, err)) == 0)
		rc = put_seal(s, &p, d, out, mac, err);
	store_put_bool(&p, d->req->archives_key && out->disposition == DB_DISP_ISSUED);
	store_put_bytes(&p, key_mark, sizeof(key_mark));
	if (rc == 0)
		rc = put_approval(s, &p, cms_request_id, d, approval_mac, err);
	if (rc == 0) {
		rc = store_run(s, &request_decide, &p, &res, err);
		if (rc == GH_E_DB_DOWN && s->was_lost)
			rc = store_run(s, &request_decide, &p, &res, err);
	}
	store_params_clear(&p);
	if (rc == GH_E_CONFLICT)
		rc = gh_fail(err, GH_E_DB, "unexpected conflict on %s", s->constraint);
	if (rc == 0 && PQntuples(res) == 0)
		rc = check_decided(s, cms_request_id, key, d, out, err);
	else if (rc == 0) {
		out->cms_request_id = store_int(res, 0, 0);
		out->cms_id = store_int(res, 0, 1);
	}
	if (rc == 0 && d->req->archives_key && out->disposition == DB_DISP_ISSUED)
		key_event_count(KEY_EVENT_ARCHIVED, 1);
	PQclear(res);
	return rc;
}
