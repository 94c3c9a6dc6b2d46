/* Who has agreed to a recovery, as it was recorded. See key_request.h. */
#include <stdlib.h>
#include <string.h>

#include "key_request.h"
#include "key_seal.h"
#include "store/store_private.h"

void
store_key_approvals_clear(struct store_key_approvals *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->signature[i].p);
	memset(a, 0, sizeof(*a));
}

static int
refuse_altered(int64_t id, const char *what, struct gh_error *err)
{
	return gh_refuse(err, GH_E_SEAL,
	    "%s of key request %lld is not as it was recorded: it was changed in the database, past "
	    "Gatehouse. Reject it, and let the requester ask again.",
	    what, (long long)id);
}

int
store_check_key_request(const struct store_key_request *r, struct gh_error *err)
{
	return r->is_sealed ? 0 : refuse_altered(r->id, "What is asked", err);
}

enum { COL_AGENT_ID, COL_AGENT, COL_COMMENT, COL_SIGNATURE, COL_MAC };

/* *signature is malloc'd, or empty. */
static int
take_row(const struct store *s, const PGresult *res, int row, const struct store_key_request *r,
    struct signer_blob *signature, struct gh_error *err)
{
	struct key_seal_approval a = {.agent_id = store_text(res, row, COL_AGENT_ID),
	    .agent = store_text(res, row, COL_AGENT),
	    .comment =
		PQgetisnull(res, row, COL_COMMENT) ? NULL : store_text(res, row, COL_COMMENT)};
	unsigned char mac[ROW_SEAL_SIZE];
	int rc = store_bytes(res, row, COL_SIGNATURE, &signature->p, &signature->len, err);

	if (rc != 0)
		return rc;
	a.signature = (struct gh_der){signature->p, signature->len};
	if ((rc = key_seal_approval(s, r->id, r->mac, &a, mac, err)) == 0 &&
	    (!store_is_mac(res, row, COL_MAC, mac) || r->is_signed != (signature->len > 0)))
		rc = refuse_altered(r->id, "An approval", err);
	if (rc != 0) {
		free(signature->p);
		*signature = (struct signer_blob){NULL, 0};
	}
	return rc;
}

int
store_get_key_approvals(struct store *s, const struct store_key_request *r,
    struct store_key_approvals *out, struct gh_error *err)
{
	static const struct store_statement st = {"key_approvals",
	    "SELECT agent_id, agent, comment, signature, mac FROM key_approval WHERE request_id = $1::bigint "
	    "ORDER BY at, agent_id"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = store_check_key_request(r, err)) != 0)
		return rc;
	store_put_int(&p, r->id);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) != r->approvals || PQntuples(res) > KRA_APPROVALS_MAX)
		rc = refuse_altered(r->id, "The number of approvals", err);
	for (int i = 0; rc == 0 && i < PQntuples(res); i++)
		if ((rc = take_row(s, res, i, r, &out->signature[i], err)) == 0)
			out->n++;
	PQclear(res);
	if (rc != 0)
		store_key_approvals_clear(out);
	return rc;
}
