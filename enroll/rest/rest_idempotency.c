/*
 * Mark and content of an Idempotency-Key. Each part is preceded by its length, so that no two
 * different calls are written as the same bytes.
 */
#include <string.h>

#include <openssl/crypto.h>

#include "buf.h"
#include "digest.h"

#include "rest_idempotency.h"

#define LABEL "gatehouse rest idempotency v1"
#define PARTS_MAX (8 * 1024)

/* The header, or NULL when there is none. */
static int
find_key(const struct gh_http_request *http, const char **out, struct gh_error *err)
{
	size_t found = 0, n;

	*out = gh_http_header(http, "idempotency-key");
	for (size_t i = 0; i < http->fields; i++)
		found += strcmp(http->field[i].name, "idempotency-key") == 0;
	if (found > 1)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Idempotency-Key is there twice.");
	if (*out == NULL)
		return 0;
	n = strlen(*out);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)(*out)[i] < 0x20 || (unsigned char)(*out)[i] > 0x7e)
			n = 0;
	if (n > 0 && n <= REST_KEY_MAX)
		return 0;
	return gh_refuse(err, GH_E_BAD_REQUEST,
	    "Idempotency-Key must be 1 to %d printable characters.", REST_KEY_MAX);
}

/* Whom the key belongs to: an entry by its number, which nobody else ever gets. */
static void
put_requester(struct gh_buf *b, const struct requester *who)
{
	gh_buf_put_u32(b, (uint32_t)who->kind);
	gh_buf_put_u64(b, (uint64_t)who->app_id);
	gh_buf_put_string(b, *who->id != '\0' ? who->id : who->name);
}

static int
make_mark(const unsigned char secret[GH_KEY_SIZE], const struct gh_buf *parts,
    unsigned char out[REPLAY_MARK_SIZE], struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE];
	int rc = gh_derive_key(secret, LABEL, key, err);

	if (rc == 0 && !gh_hmac(GH_SHA256, key, sizeof(key), parts->data, parts->len, out))
		rc = gh_fail(err, GH_E_NOMEM, "HMAC of an Idempotency-Key");
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

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
	struct gh_buf whole = {.data = (unsigned char *)(uintptr_t)http->body,
	    .len = http->body_len};

	if (may_have_password(http))
		return make_mark(secret, &whole, out, err);
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
	struct gh_buf parts;
	int rc = find_key(call->http, &key, err);

	memset(out, 0, sizeof(*out));
	if (rc != 0 || key == NULL)
		return rc;
	gh_buf_init(&parts, PARTS_MAX);
	gh_buf_put_string(&parts, key);
	put_requester(&parts, who);
	gh_buf_put_string(&parts, call->http->path);
	if ((rc = gh_buf_check(&parts, err)) == 0 &&
	    (rc = make_mark(secret, &parts, out->mark, err)) == 0)
		rc = make_content(secret, call->http, out->content, err);
	gh_buf_free(&parts);
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
