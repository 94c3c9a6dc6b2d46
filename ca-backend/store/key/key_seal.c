/* MACs of requests for recovery and of approvals. See key_seal.h. */
#include <stdlib.h>

#include "encoding.h"

#include "key_seal.h"
#include "store/store_private.h"

static int
set_bytes(gh_json *v, const char *name, const unsigned char *p, size_t n)
{
	char *text = n > 0 ? gh_base64_encode(p, n, GH_BASE64_ONE_LINE) : NULL;
	int bad = n > 0 && text == NULL ? -1 : gh_json_set_string(v, name, text);

	free(text);
	return bad;
}

/* Releases v. */
static int
seal(const struct store *s, const char *table, int64_t id, gh_json *v, int bad,
    unsigned char out[ROW_SEAL_SIZE], struct gh_error *err)
{
	int rc = bad != 0 ? gh_fail(err, GH_E_NOMEM, "%s", table)
	    : !s->has_grant_key
	    ? gh_fail(err, GH_E_INTERNAL, "the store was not given the gateway secret")
	    : row_seal_row(s->grant_key, table, id, v, out, err);

	gh_json_free(v);
	return rc;
}

int
key_seal_request(const struct store *s, const struct store_key_request *r, const char *comment,
    unsigned char out[ROW_SEAL_SIZE], struct gh_error *err)
{
	gh_json *v = gh_json_new_object();
	int bad = gh_json_set_int(v, "kind", r->requester.kind) |
	    gh_json_set_string(v, "name", r->requester.name) |
	    gh_json_set_string(v, "dn", r->requester.dn) |
	    gh_json_set_string(v, "id", r->requester.id) | gh_json_set_string(v, "key", r->key.id) |
	    gh_json_set_int(v, "required", r->required) |
	    gh_json_set_bool(v, "requester_counts", r->requester_counts) |
	    gh_json_set_bool(v, "signed", r->is_signed) |
	    set_bytes(v, "wrapping", r->wrapping.p, r->wrapping.len) |
	    gh_json_set_int(v, "certificate", r->asked_certificate_id) |
	    gh_json_set_int(v, "until", r->expires_at) | gh_json_set_string(v, "comment", comment);

	return seal(s, "key request", r->id, v, bad, out, err);
}

int
key_seal_approval(const struct store *s, int64_t request, const unsigned char of[ROW_SEAL_SIZE],
    const struct key_seal_approval *a, unsigned char out[ROW_SEAL_SIZE], struct gh_error *err)
{
	gh_json *v = gh_json_new_object();
	int bad = set_bytes(v, "request", of, ROW_SEAL_SIZE) |
	    gh_json_set_string(v, "agent_id", a->agent_id) |
	    gh_json_set_string(v, "agent", a->agent) |
	    gh_json_set_string(v, "comment", a->comment) |
	    set_bytes(v, "signature", a->signature.p, a->signature.len);

	return seal(s, "key approval", request, v, bad, out, err);
}
