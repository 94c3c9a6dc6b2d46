/*
 * Marks of keys that clients chose. Each part is preceded by its length, so that no two different
 * calls are written as the same bytes.
 */
#include <string.h>

#include <openssl/crypto.h>

#include "buf.h"

#include "idempotency.h"

#define LABEL "gatehouse rest idempotency v1"
#define PARTS_MAX (8 * 1024)

bool
idempotency_key_is_valid(const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)key[i] < 0x20 || (unsigned char)key[i] > 0x7e)
			return false;
	return n > 0 && n <= IDEMPOTENCY_KEY_MAX;
}

int
idempotency_key(const struct gh_http_request *http, const char **out, struct gh_error *err)
{
	size_t found = 0;

	*out = gh_http_header(http, "idempotency-key");
	for (size_t i = 0; i < http->fields; i++)
		found += strcmp(http->field[i].name, "idempotency-key") == 0;
	if (found > 1)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Idempotency-Key is there twice.");
	if (*out == NULL || idempotency_key_is_valid(*out))
		return 0;
	return gh_refuse(err, GH_E_BAD_REQUEST,
	    "Idempotency-Key must be 1 to %d printable characters.", IDEMPOTENCY_KEY_MAX);
}

/* Whom the key belongs to: an entry by its number, which nobody else ever gets. */
static void
put_requester(struct gh_buf *b, const struct requester *who)
{
	gh_buf_put_u32(b, (uint32_t)who->kind);
	gh_buf_put_u64(b, (uint64_t)who->app_id);
	gh_buf_put_string(b, *who->id != '\0' ? who->id : who->name);
}

int
idempotency_hmac(const unsigned char secret[GH_KEY_SIZE], const void *p, size_t n,
    unsigned char out[REPLAY_MARK_SIZE], struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE];
	int rc = gh_derive_key(secret, LABEL, key, err);

	if (rc == 0 && !gh_hmac(GH_SHA256, key, sizeof(key), p, n, out))
		rc = gh_fail(err, GH_E_NOMEM, "HMAC of an Idempotency-Key");
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

int
idempotency_mark(const unsigned char secret[GH_KEY_SIZE], const char *key,
    const struct requester *who, const char *path, unsigned char out[REPLAY_MARK_SIZE],
    struct gh_error *err)
{
	struct gh_buf parts;
	int rc;

	gh_buf_init(&parts, PARTS_MAX);
	gh_buf_put_string(&parts, key);
	put_requester(&parts, who);
	gh_buf_put_string(&parts, path);
	if ((rc = gh_buf_check(&parts, err)) == 0)
		rc = idempotency_hmac(secret, parts.data, parts.len, out, err);
	gh_buf_free(&parts);
	return rc;
}
