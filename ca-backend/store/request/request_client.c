/* Requests of one client. See request_client.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

#include "request_client.h"

/* 200: STORE_CLIENT_REQUESTS_MAX, of what is his alone: others of his name push nothing out. */
static const struct store_statement of_client = {"requests_of_client",
    "SELECT r.id, r.disposition, r.resolved_by IS NOT NULL, c.status = 20 AND c.not_after > now(), "
    "extract(epoch FROM now() - r.resolved_at)::bigint, COALESCE(r.operation, ''), c.der, "
    "r.requester_kind, r.requester, r.requester_dn, r.requester_id, r.message FROM "
    "(SELECT * FROM request WHERE lower(requester) = lower($1) AND label = $2 AND requester_kind = $3::int "
    "AND ($4 = '' OR requester_id = '' OR lower(requester_id) = lower($4)) ORDER BY id DESC LIMIT 200) r "
    "LEFT JOIN certificate c ON c.id = r.certificate_id ORDER BY r.id DESC"};

static bool
is_of(const PGresult *res, int row, const struct requester *who)
{
	struct requester its = {.kind = (enum requester_kind)store_int(res, row, 7)};

	snprintf(its.name, sizeof(its.name), "%s", store_text(res, row, 8));
	snprintf(its.dn, sizeof(its.dn), "%s", store_text(res, row, 9));
	snprintf(its.id, sizeof(its.id), "%s", store_text(res, row, 10));
	return requester_is_same(who, &its);
}

static int
read_row(const PGresult *res, int row, struct store_client_request *out, struct gh_error *err)
{
	out->polled = (struct store_polled){
	    .id = store_int(res, row, 0),
	    .disposition = (enum db_disposition)store_int(res, row, 1),
	    .is_decided = store_bool(res, row, 2),
	    .is_good = store_bool(res, row, 3),
	    .age = store_int(res, row, 4),
	};
	snprintf(out->operation, sizeof(out->operation), "%s", store_text(res, row, 5));
	snprintf(out->message, sizeof(out->message), "%s", store_text(res, row, 11));
	return store_bytes(res, row, 6, &out->der, &out->der_len, err);
}

int
store_list_client_requests(struct store *s, const struct requester *who, const char *label,
    struct store_client_requests *out, struct gh_error *err)
{
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_text(&p, who->name);
	store_put_text(&p, label);
	store_put_int(&p, who->kind);
	store_put_text(&p, who->id);
	if ((rc = store_read(s, &of_client, &p, &res, err)) != 0)
		return rc;
	out->request = calloc((size_t)PQntuples(res) + 1, sizeof(*out->request));
	if (out->request == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "requests");
	for (int i = 0; rc == 0 && i < PQntuples(res); i++)
		if (is_of(res, i, who) && (rc = read_row(res, i, &out->request[out->n], err)) == 0)
			out->n++;
	PQclear(res);
	return rc;
}

void
store_client_requests_clear(struct store_client_requests *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->request[i].der);
	free(l->request);
	memset(l, 0, sizeof(*l));
}
