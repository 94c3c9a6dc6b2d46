/* Reading requests back: recorded answers and requests as they stand now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connection.h"
#include "leaf.h"

#define OUTCOME_COLUMNS "q.disposition, q.id, q.cert_id, q.status_code, q.message, c.ca_id, c.der, c.status"
enum { COL_DISPOSITION, COL_ID, COL_CERT, COL_STATUS, COL_MESSAGE, COL_CA, COL_DER, COL_CERT_STATUS, COL_NEXT };

/* Text results: bytea arrives as \x hex and is turned back by libpq. */
static int
take_leaf(PGresult *res, struct enroll_outcome *out, struct gh_error *err)
{
	size_t n = 0;
	unsigned char *der = PQunescapeBytea((const unsigned char *)PQgetvalue(res, 0, COL_DER), &n);
	struct leaf l = { 0 };
	int rc;

	if (der == NULL)
		return gh_fail(err, GH_E_NOMEM, "certificate");
	if ((rc = leaf_read(der, n, &l, err)) == 0)
		rc = leaf_to_outcome(&l, der, n, out, err);
	leaf_clear(&l);
	PQfreemem(der);
	return rc;
}

static int
take_outcome(PGresult *res, struct enroll_outcome *out, int64_t *ca_id, struct gh_error *err)
{
	int rc = 0;

	memset(out, 0, sizeof(*out));
	out->disposition = (enum db_disposition)store_int(res, 0, COL_DISPOSITION);
	out->cms_request_id = store_int(res, 0, COL_ID);
	out->cms_id = store_int(res, 0, COL_CERT);
	out->status_code = (uint32_t)store_int(res, 0, COL_STATUS);
	snprintf(out->message, sizeof(out->message), "%s", PQgetvalue(res, 0, COL_MESSAGE));
	*ca_id = store_int(res, 0, COL_CA);
	if (!PQgetisnull(res, 0, COL_DER)) {
		if (store_int(res, 0, COL_CERT_STATUS) == DB_DISP_REVOKED)
			out->disposition = DB_DISP_REVOKED;
		rc = take_leaf(res, out, err);
	}
	if (rc != 0)
		enroll_outcome_clear(out);
	return rc;
}

int
store_find_replay(struct store *s, const struct requester *who, const unsigned char mark[REPLAY_MARK_SIZE],
    bool *found, struct enroll_outcome *out, int64_t *ca_id, struct gh_error *err)
{
	static const struct statement st = { "find_replay",
		"SELECT " OUTCOME_COLUMNS ", p.requester, p.app_id FROM replay p JOIN request q ON q.id = p.request_id "
		"LEFT JOIN certificate c ON c.id = q.cert_id WHERE p.mark = $1::bytea" };
	struct params p = { 0 };
	PGresult *res;
	int rc;

	*found = false;
	*ca_id = 0;
	memset(out, 0, sizeof(*out));
	params_bytes(&p, mark, REPLAY_MARK_SIZE);
	if ((rc = store_query(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 1) {
		if (strcasecmp(PQgetvalue(res, 0, COL_NEXT), who->name) != 0 ||
		    store_int(res, 0, COL_NEXT + 1) != who->app_id)
			rc = gh_fail(err, GH_E_REPLAY, "recorded for %s", PQgetvalue(res, 0, COL_NEXT));
		else if ((rc = take_outcome(res, out, ca_id, err)) == 0)
			*found = true;
	}
	PQclear(res);
	return rc;
}

static void
copy(char *to, size_t size, PGresult *res, int column)
{
	snprintf(to, size, "%s", PQgetvalue(res, 0, column));
}

static int
take_csr(PGresult *res, int column, struct enroll_request *req, struct gh_error *err)
{
	unsigned char *der;
	size_t n = 0;
	int rc;

	if (PQgetisnull(res, 0, column))
		return 0;
	if ((der = PQunescapeBytea((const unsigned char *)PQgetvalue(res, 0, column), &n)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "request");
	rc = ca_pkcs10_parse(der, n, &req->csr, err);
	PQfreemem(der);
	return rc;
}

static int
take_request(PGresult *res, struct enroll_request *req, struct gh_error *err)
{
	enum { PROTOCOL = COL_NEXT, HTTP_ID, APP_ID, APP_NAME, KIND, NAME, DN, ADDRESS, TEMPLATE, CSR, CERT_ONLY,
		METADATA, SUBMITTED };
	int rc;

	memset(req, 0, sizeof(*req));
	req->protocol = (enum enroll_protocol)store_int(res, 0, PROTOCOL);
	copy(req->request_id, sizeof(req->request_id), res, HTTP_ID);
	req->requester.app_id = store_int(res, 0, APP_ID);
	copy(req->requester.app_name, sizeof(req->requester.app_name), res, APP_NAME);
	req->requester.kind = (enum requester_kind)store_int(res, 0, KIND);
	copy(req->requester.name, sizeof(req->requester.name), res, NAME);
	copy(req->requester.dn, sizeof(req->requester.dn), res, DN);
	copy(req->requester.address, sizeof(req->requester.address), res, ADDRESS);
	req->cert_only = *PQgetvalue(res, 0, CERT_ONLY) == 't';
	req->submitted = store_int(res, 0, SUBMITTED);
	if ((req->template_name = strdup(PQgetvalue(res, 0, TEMPLATE))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "request");
	if ((rc = take_csr(res, CSR, req, err)) != 0)
		return rc;
	if (!PQgetisnull(res, 0, METADATA))
		return gh_json_parse(PQgetvalue(res, 0, METADATA), strlen(PQgetvalue(res, 0, METADATA)),
		    GH_JSON_STRICT, &req->metadata, err);
	return 0;
}

int
store_get_request(struct store *s, int64_t cms_request_id, struct enroll_request *req,
    struct enroll_outcome *out, int64_t *ca_id, struct gh_error *err)
{
	static const struct statement st = { "get_request",
		"SELECT " OUTCOME_COLUMNS ", q.protocol, q.http_id, q.app_id, q.app_name, q.requester_kind, "
		"q.requester, q.requester_dn, q.address, q.template_name, q.csr, q.cert_only, q.metadata, "
		"extract(epoch FROM q.submitted_at)::bigint FROM request q "
		"LEFT JOIN certificate c ON c.id = q.cert_id WHERE q.id = $1::bigint" };
	struct params p = { 0 };
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	*ca_id = 0;
	params_int(&p, cms_request_id);
	if ((rc = store_query(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no request %lld.", (long long)cms_request_id);
	else if ((rc = take_outcome(res, out, ca_id, err)) == 0 && req != NULL &&
	    (rc = take_request(res, req, err)) != 0) {
		enroll_request_clear(req);
		enroll_outcome_clear(out);
	}
	PQclear(res);
	return rc;
}

int
store_purge_replay(struct store *s, int age, struct gh_error *err)
{
	static const struct statement st = { "purge_replay",
		"DELETE FROM replay WHERE created_at < now() - make_interval(secs => $1::int)" };
	struct params p = { 0 };
	PGresult *res;
	int rc;

	params_int(&p, age);
	rc = store_query(s, &st, &p, &res, err);
	PQclear(res);
	return rc;
}
