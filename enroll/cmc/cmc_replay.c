/* Marks of messages. See cmc_replay.h. */
#include <openssl/crypto.h>

#include "cmc_replay.h"

#define LABEL "gatehouse cmc replay v1"

static int
content_digest(const struct cmc_run *r, unsigned char out[REPLAY_MARK_SIZE], struct gh_error *err)
{
	const struct gh_der *content = &r->content;

	return gh_digest(GH_SHA256, content->p, content->len, out)
	    ? 0
	    : gh_fail(err, GH_E_INTERNAL, "SHA-256");
}

static int
hmac(const struct cmc_run *r, const struct gh_buf *parts, unsigned char out[REPLAY_MARK_SIZE],
    struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE];
	int rc = gh_derive_key(r->ctx->env->server_secret, LABEL, key, err);

	if (rc == 0 && !gh_hmac(GH_SHA256, key, sizeof(key), parts->data, parts->len, out))
		rc = gh_fail(err, GH_E_NOMEM, "replay mark");
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

int
cmc_replay_mark(const struct cmc_run *r, size_t place, struct enroll_request *req,
    struct gh_error *err)
{
	const struct pki_control *nonce = r->control[CMC_SENDER_NONCE];
	const struct requester *who = &r->who;
	struct gh_buf parts;
	int rc = content_digest(r, req->replay_content, err);

	if (rc != 0)
		return rc;
	gh_buf_init(&parts, CMS_MESSAGE_MAX);
	gh_buf_put_u32(&parts, (uint32_t)who->kind);
	gh_buf_put_string(&parts, *who->id != '\0' ? who->id : who->name);
	/* a challenge is good once, wherever its request stands */
	gh_buf_put_u32(&parts, r->has_pop[place] ? UINT32_MAX : (uint32_t)place);
	if (r->has_pop[place])
		gh_buf_put_block(&parts, r->pop[place], sizeof(r->pop[place]));
	else if (nonce != NULL)
		gh_buf_put_block(&parts, nonce->value.p, nonce->value.len);
	else
		gh_buf_put_block(&parts, req->replay_content, sizeof(req->replay_content));
	if ((rc = gh_buf_check(&parts, err)) == 0)
		rc = hmac(r, &parts, req->replay_mark, err);
	gh_buf_free(&parts);
	req->has_replay_mark = req->has_replay_content = rc == 0;
	return rc;
}
