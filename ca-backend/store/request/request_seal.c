/* MACs of requests. See request_seal.h. */
#include <stdlib.h>

#include "request_asked.h"
#include "request_seal.h"
#include "store/grant/row_content.h"

#define PENDING "pending request"
#define ISSUED "issued request"
#define APPROVAL "request approval"

int
request_seal_pending(const struct store *s, int64_t id, const struct enroll_request *req,
    unsigned char out[ROW_SEAL_SIZE], struct gh_error *err)
{
	const struct ca_pkcs10 *csr = req->csr;
	gh_json *asked, *v;
	int bad, rc = request_asked_json(req, &asked, err);

	if (rc != 0)
		return rc;
	v = gh_json_new_object();
	bad = row_content_set_requester(v, &req->requester) |
	    gh_json_set_int(v, "protocol", req->protocol) |
	    gh_json_set_int(v, "app", req->requester.app_id) |
	    gh_json_set_string(v, "address", req->requester.address) |
	    gh_json_set_string(v, "template", req->template_name) |
	    gh_json_set_bool(v, "cert_only", req->cert_only) |
	    gh_json_set_int(v, "submitted", req->submitted) |
	    row_content_set_bytes(v, "csr", csr != NULL ? csr->der : NULL,
		csr != NULL ? csr->der_len : 0) |
	    gh_json_set(v, "metadata",
		req->metadata != NULL ? gh_json_ref(req->metadata) : gh_json_new_string(NULL));
	/* Requests that ask for none of it have the MAC that they had before there was any. */
	if (asked != NULL)
		bad |= gh_json_set(v, "asked", asked);
	return row_content_seal(s, PENDING, id, v, bad, out, err);
}

int
request_seal_approval(const struct store *s, int64_t id, const struct enroll_request *req,
    const struct store_approval *a, unsigned char out[ROW_SEAL_SIZE], struct gh_error *err)
{
	unsigned char of[ROW_SEAL_SIZE];
	int bad, rc = request_seal_pending(s, id, req, of, err);
	gh_json *v;

	if (rc != 0)
		return rc;
	v = gh_json_new_object();
	bad = row_content_set_requester(v, a->who) |
	    row_content_set_bytes(v, "request", of, sizeof(of)) |
	    gh_json_set_int(v, "number", a->number) | gh_json_set_int(v, "at", a->at) |
	    gh_json_set_string(v, "comment", a->comment);
	return row_content_seal(s, APPROVAL, id, v, bad, out, err);
}

int
request_seal_issued(const struct store *s, const struct requester *who, const char *label,
    const struct gh_der *der, unsigned char out[ROW_SEAL_SIZE], struct gh_error *err)
{
	gh_json *v = gh_json_new_object();
	unsigned char sum[32];
	int bad = row_content_set_requester(v, who) |
	    (gh_digest(GH_SHA256, der->p, der->len, sum) ? 0 : -1);

	/* Of those that have none of it, as before there was any. */
	if (label != NULL && *label != '\0')
		bad |= gh_json_set_string(v, "label", label);
	if (who->est_user != 0)
		bad |= gh_json_set_int(v, "est_user", who->est_user);
	if (who->device != 0)
		bad |= gh_json_set_int(v, "device", who->device);
	return row_content_seal(s, ISSUED, 0, v,
	    bad | row_content_set_bytes(v, "certificate", sum, sizeof(sum)), out, err);
}

/* --- all that are pending --------------------------------------------------------------------- */

/* One request as it stands, and its MAC. */
static int
seal_one(struct store *s, int64_t id, struct row_seal *out, bool *fits, struct gh_error *err)
{
	struct enroll_request req = {0};
	struct enroll_outcome outcome = {0};
	int64_t ca_id;
	int rc = store_get_request(s, id, &req, &outcome, &ca_id, err);

	out->key = id;
	*fits = req.is_sealed;
	if (rc == 0)
		rc = request_seal_pending(s, id, &req, out->mac, err);
	enroll_request_clear(&req);
	enroll_outcome_clear(&outcome);
	return rc;
}

int
request_seal_all(struct store *s, struct row_seal **seals, bool **fits, size_t *n,
    struct gh_error *err)
{
	static const struct store_statement st = {"requests_pending",
	    "SELECT id FROM request WHERE disposition = 9 ORDER BY id"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_read(s, &st, &p, &res, err);
	size_t count = rc == 0 ? (size_t)PQntuples(res) : 0;

	*n = 0;
	*seals = calloc(count + 1, sizeof(**seals));
	*fits = calloc(count + 1, sizeof(**fits));
	if (rc == 0 && (*seals == NULL || *fits == NULL))
		rc = gh_fail(err, GH_E_NOMEM, "requests");
	for (size_t i = 0; rc == 0 && i < count; i++, ++*n)
		rc = seal_one(s, store_int(res, (int)i, 0), &(*seals)[i], &(*fits)[i], err);
	PQclear(res);
	if (rc != 0) {
		free(*seals);
		free(*fits);
		*seals = NULL;
		*fits = NULL;
		*n = 0;
	}
	return rc;
}

int
request_seal_write(struct store *s, const struct row_seal *seal_of, struct gh_error *err)
{
	static const struct store_statement st = {"request_seal",
	    "UPDATE request SET mac = $2 WHERE id = $1 AND disposition = 9"};
	struct store_params p = {0};

	store_put_int(&p, seal_of->key);
	store_put_bytes(&p, seal_of->mac, ROW_SEAL_SIZE);
	return store_do_once(s, &st, &p, "Conflict.", err);
}
