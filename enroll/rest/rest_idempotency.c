/* Mark and content of an Idempotency-Key. */
#include <string.h>

#include "buf.h"

#include "idempotency.h"
#include "rest_idempotency.h"

#define PARTS_MAX (8 * 1024)

/* A body with an approval password, or one whose names are written in another way. */
static bool
may_have_password(const struct gh_http_request *http)
{
	return http->body_len > 0 &&
	    (memmem(http->body, http->body_len, "approval_password", 17) != NULL ||
		memmem(http->body, http->body_len, "\\u", 2) != NULL);
}

/* What is stored must not let anybody who reads the database try out passwords. */
static int
digest_body(const unsigned char secret[GH_KEY_SIZE], const struct gh_http_request *http,
    unsigned char out[REPLAY_MARK_SIZE], struct gh_error *err)
{
	if (may_have_password(http))
		return idempotency_hmac(secret, http->body, http->body_len, out, err);
	return gh_digest(GH_SHA256, http->body, http->body_len, out)
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "SHA-256 of a body");
}

/* The same bytes of another type, or with other parameters, are another request. */
static int
make_content(const unsigned char secret[GH_KEY_SIZE], const struct gh_http_request *http,
    unsigned char out[REPLAY_MARK_SIZE], struct gh_error *err)
{
	const char *type = gh_http_header(http, "content-type");
	unsigned char body[REPLAY_MARK_SIZE];
	struct gh_buf b;
	bool ok;
	int rc = digest_body(secret, http, body, err);

	if (rc != 0)
		return rc;
	gh_buf_init(&b, PARTS_MAX);
	gh_buf_putc(&b, gh_http_is_json(type) ? 'j' : 'p');
	gh_buf_put_block(&b, body, sizeof(body));
	gh_buf_put_string(&b, http->query);
	ok = !b.failed && gh_digest(GH_SHA256, b.data, b.len, out);
	gh_buf_free(&b);
	return ok ? 0 : gh_fail(err, GH_E_NOMEM, "SHA-256 of a body");
}

int
rest_mark_read(const unsigned char secret[GH_KEY_SIZE], const struct call *call,
    const struct requester *who, struct rest_mark *out, struct gh_error *err)
{
	const char *key;
	int rc = idempotency_key(call->http, &key, err);

	memset(out, 0, sizeof(*out));
	if (rc != 0 || key == NULL)
		return rc;
	if ((rc = idempotency_mark(secret, key, who, call->http->path, out->mark, err)) == 0)
		rc = make_content(secret, call->http, out->content, err);
	out->is_there = rc == 0;
	return rc;
}

int
rest_idempotency(const unsigned char secret[GH_KEY_SIZE], const struct call *call,
    struct enroll_request *req, struct gh_error *err)
{
	struct rest_mark m;
	int rc = rest_mark_read(secret, call, &req->requester, &m, err);

	if (rc != 0 || !m.is_there)
		return rc;
	memcpy(req->replay_mark, m.mark, sizeof(m.mark));
	memcpy(req->replay_content, m.content, sizeof(m.content));
	req->has_replay_mark = req->has_replay_content = true;
	return 0;
}
