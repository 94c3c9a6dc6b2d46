/* Calls that come again. See archived_key.h. */
#include <stdio.h>
#include <string.h>

#include "archived_key.h"
#include "store/store_private.h"

int
store_find_call(struct store *s, const char *type, const struct store_call *call,
    struct store_call_found *out, struct gh_error *err)
{
	static const struct store_statement st = {"key_call_find",
	    "SELECT r.id, k.uuid, r.content IS NOT DISTINCT FROM $2::bytea FROM key_request r "
	    "LEFT JOIN archived_key k ON k.id = r.key_id WHERE r.mark = $1::bytea AND r.type = $3"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_bytes(&p, call->mark, STORE_CALL_MARK_SIZE);
	store_put_bytes(&p, call->content, call->content != NULL ? STORE_CALL_CONTENT_SIZE : 0);
	store_put_text(&p, type);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 1) {
		out->request = store_int(res, 0, 0);
		snprintf(out->key_id, sizeof(out->key_id), "%s", store_text(res, 0, 1));
		out->is_same = store_bool(res, 0, 2);
	} else {
		rc = gh_fail(err, GH_E_NOT_FOUND, "no call is recorded under this mark");
	}
	PQclear(res);
	return rc;
}
