/* Approvals of requests. See request_approval.h; the one that decides is written by store_decide.
 */
#include <stdio.h>
#include <string.h>

#include "request_approval.h"
#include "request_seal.h"

static int
refuse_altered(int64_t id, const char *what, struct gh_error *err)
{
	return gh_refuse(err, GH_E_SEAL,
	    "%s of request %lld is not as it was recorded: it was changed in the database, past "
	    "Gatehouse. Deny it, and let the requester ask again.",
	    what, (long long)id);
}

static int
refuse_changed(int64_t id, struct gh_error *err)
{
	return gh_refuse(err, GH_E_PRECONDITION,
	    "Request %lld has changed since: read it again, and decide on what it is now.",
	    (long long)id);
}

/* --- those that are there --------------------------------------------------------------------- */

enum { COL_NUMBER, COL_KIND, COL_NAME, COL_DN, COL_ID, COL_COMMENT, COL_AT, COL_MAC, COL_VERSION };

static int
take_row(const struct store *s, const PGresult *res, int row, int64_t id,
    const struct enroll_request *req, struct requester *who, struct gh_error *err)
{
	struct store_approval a = {.number = (int)store_int(res, row, COL_NUMBER),
	    .who = who,
	    .comment = store_has(res, row, COL_COMMENT) ? store_text(res, row, COL_COMMENT) : NULL,
	    .at = store_int(res, row, COL_AT)};
	unsigned char mac[ROW_SEAL_SIZE];
	int rc;

	memset(who, 0, sizeof(*who));
	who->kind = (enum requester_kind)store_int(res, row, COL_KIND);
	snprintf(who->name, sizeof(who->name), "%s", store_text(res, row, COL_NAME));
	snprintf(who->dn, sizeof(who->dn), "%s", store_text(res, row, COL_DN));
	snprintf(who->id, sizeof(who->id), "%s", store_text(res, row, COL_ID));
	if ((rc = request_seal_approval(s, id, req, &a, mac, err)) != 0)
		return rc;
	return a.number == row + 1 && store_is_mac(res, row, COL_MAC, mac)
	    ? 0
	    : refuse_altered(id, "An approval", err);
}

/* They are read behind the request: another officer may have agreed in between. */
static int
check_count(const PGresult *res, int64_t id, const struct enroll_request *req, struct gh_error *err)
{
	int n = PQntuples(res);

	if (n > 0 && store_int(res, 0, COL_VERSION) != req->version)
		return refuse_changed(id, err);
	if (n == 0 || !store_has(res, 0, COL_NUMBER) || n != req->approvals ||
	    n > STORE_APPROVALS_MAX)
		return refuse_altered(id, "The number of approvals", err);
	return 0;
}

int
store_get_approvals(struct store *s, int64_t cms_request_id, const struct enroll_request *req,
    struct store_approvals *out, struct gh_error *err)
{
	static const struct store_statement st = {"request_approvals",
	    "SELECT a.number, a.officer_kind, a.officer, a.officer_dn, a.officer_id, a.comment, "
	    "floor(extract(epoch FROM a.at))::bigint, a.mac, r.version "
	    "FROM request r LEFT JOIN request_approval a ON a.request_id = r.id WHERE r.id = $1 ORDER BY a.number"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	if (req->approvals == 0)
		return 0;
	store_put_int(&p, cms_request_id);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	rc = check_count(res, cms_request_id, req, err);
	for (int i = 0; rc == 0 && i < PQntuples(res); i++)
		if ((rc = take_row(s, res, i, cms_request_id, req, &out->who[i], err)) == 0)
			out->n++;
	PQclear(res);
	return rc;
}

/* --- one more --------------------------------------------------------------------------------- */

/* No row was changed: because of its state, or because our own first try did it. */
static int
look_back(struct store *s, int64_t id, const unsigned char mac[ROW_SEAL_SIZE], struct gh_error *err)
{
	static const struct store_statement st = {"request_approval_look",
	    "SELECT EXISTS (SELECT FROM request_approval WHERE request_id = $1::bigint AND mac = $2::bytea)"};
	struct store_params p = {0};
	PGresult *res;
	bool is_there;
	int rc;

	store_put_int(&p, id);
	store_put_bytes(&p, mac, ROW_SEAL_SIZE);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	is_there = store_bool(res, 0, 0);
	PQclear(res);
	return is_there ? 0 : refuse_changed(id, err);
}

int
store_add_approval(struct store *s, int64_t cms_request_id, const struct enroll_request *req,
    const struct store_approval *a, int required, struct gh_error *err)
{
	/* $1 id, $2 version, $3 number, $4-$6 officer's dn and id, time, $7 MAC, $8 required,
	 * $9-$14 actor. The row's lock makes approvals follow each other; the second one does not
	 * find the version that it counts on. */
	static const struct store_statement st = {"request_approve",
	    "WITH u AS (UPDATE request SET approvals = $3::int, version = version + 1 "
	    "  WHERE id = $1::bigint AND disposition = 9 AND version = $2::int RETURNING id), "
	    "v AS (INSERT INTO request_approval (request_id, number, officer_kind, officer, officer_dn, officer_id, "
	    "    comment, at, mac) "
	    "  SELECT id, $3::int, $10::int, $9::text, $4::text, $5::text, $14::text, to_timestamp($6::bigint), $7::bytea FROM u), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'request.agreed', 'success', 'request ' || id, $9::text, $10::int, $11::text, $12::text, $13::text, "
	    "    concat('approval ', $3::int, ' of ', $8::int, ': ' || nullif($14::text, '')) FROM u) "
	    "SELECT id FROM u"};
	unsigned char mac[ROW_SEAL_SIZE];
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc = request_seal_approval(s, cms_request_id, req, a, mac, err);

	if (rc != 0)
		return rc;
	store_put_int(&p, cms_request_id);
	store_put_int(&p, req->version);
	store_put_int(&p, a->number);
	store_put_text(&p, a->who->dn);
	store_put_text(&p, a->who->id);
	store_put_int(&p, a->at);
	store_put_bytes(&p, mac, sizeof(mac));
	store_put_int(&p, required);
	store_put_actor(&p, a->who, req->request_id, a->comment);
	rc = store_run(s, &st, &p, &res, err);
	if (rc == GH_E_DB_DOWN && s->was_lost)
		rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	if (rc == GH_E_CONFLICT)
		rc = gh_fail(err, GH_E_DB, "unexpected conflict on %s", s->constraint);
	if (rc == 0 && PQntuples(res) == 0)
		rc = look_back(s, cms_request_id, mac, err);
	PQclear(res);
	return rc;
}
