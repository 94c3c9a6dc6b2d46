/* MACs of requests for recovery and of approvals. See key_seal.h. */
#include "key_seal.h"
#include "store/grant/row_content.h"

int
key_seal_request(const struct store *s, const struct store_key_request *r, const char *comment,
    unsigned char out[ROW_SEAL_SIZE], struct gh_error *err)
{
	gh_json *v = gh_json_new_object();
	int bad = row_content_set_requester(v, &r->requester) |
	    gh_json_set_string(v, "key", r->key.id) | gh_json_set_int(v, "required", r->required) |
	    gh_json_set_bool(v, "requester_counts", r->requester_counts) |
	    gh_json_set_bool(v, "signed", r->is_signed) |
	    row_content_set_bytes(v, "wrapping", r->wrapping.p, r->wrapping.len) |
	    gh_json_set_int(v, "certificate", r->asked_certificate_id) |
	    gh_json_set_int(v, "until", r->expires_at) | gh_json_set_string(v, "comment", comment);

	return row_content_seal(s, "key request", r->id, v, bad, out, err);
}

int
key_seal_approval(const struct store *s, int64_t request, const unsigned char of[ROW_SEAL_SIZE],
    const struct key_seal_approval *a, unsigned char out[ROW_SEAL_SIZE], struct gh_error *err)
{
	gh_json *v = gh_json_new_object();
	int bad = row_content_set_bytes(v, "request", of, ROW_SEAL_SIZE) |
	    gh_json_set_string(v, "agent_id", a->agent_id) |
	    gh_json_set_string(v, "agent", a->agent) |
	    gh_json_set_string(v, "comment", a->comment) |
	    row_content_set_bytes(v, "signature", a->signature.p, a->signature.len);

	return row_content_seal(s, "key approval", request, v, bad, out, err);
}
