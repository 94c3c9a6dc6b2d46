/*
 * The token of CertEnroll v1 and v2. Our own design (the vendor's is not public): stateless, so
 * that any node verifies what any other made. Base64 of: version 1, u64 expiry, HMAC-SHA256 over
 * version, expiry, application and user under a key drawn from the server secret. It holds nothing
 * secret and is worthless for another user or application.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "buf.h"
#include "digest.h"
#include "encoding.h"

#include "ce.h"
#include "catalog/catalog_seal.h"

#define TOKEN_VERSION 1
#define TOKEN_MAC_SIZE 32
#define TOKEN_SIZE (1 + 8 + TOKEN_MAC_SIZE)
#define TOKEN_TEXT_MAX 128 /* characters of the header */
#define TOKEN_INPUT_MAX 2048

/* The directory entry identifies the user however the name was spelled, by its number, which nobody
 * else ever gets, or by its DN; the name does where there is none. */
static void
put_user(struct gh_buf *b, const struct requester *who)
{
	const char *s = *who->id != '\0' ? who->id : *who->dn != '\0' ? who->dn : who->name;

	gh_buf_put_u8(b, (uint8_t)who->kind);
	gh_buf_put_u32(b, (uint32_t)strlen(s));
	for (; *s != '\0'; s++)
		gh_buf_putc(b, (char)tolower((unsigned char)*s));
}

static int
token_mac(const unsigned char server_secret[32], const struct requester *who, int64_t expires,
    unsigned char out[TOKEN_MAC_SIZE], struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE];
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, TOKEN_INPUT_MAX);
	gh_buf_put_u8(&b, TOKEN_VERSION);
	gh_buf_put_u64(&b, (uint64_t)expires);
	gh_buf_put_u64(&b, (uint64_t)who->app_id);
	put_user(&b, who);
	rc = gh_buf_check(&b, err);
	if (rc == 0)
		rc = gh_derive_key(server_secret, SEAL_LABEL_TOKEN, key, err);
	if (rc == 0 && !gh_hmac(GH_SHA256, key, sizeof(key), b.data, b.len, out))
		rc = gh_fail(err, GH_E_INTERNAL, "HMAC of a token failed");
	OPENSSL_cleanse(key, sizeof(key));
	gh_buf_free(&b);
	return rc;
}

int
ce_token_make(const unsigned char server_secret[32], const struct requester *who, int64_t expires,
    char **out, struct gh_error *err)
{
	unsigned char mac[TOKEN_MAC_SIZE];
	struct gh_buf b;
	int rc;

	*out = NULL;
	if ((rc = token_mac(server_secret, who, expires, mac, err)) != 0)
		return rc;
	gh_buf_init(&b, TOKEN_SIZE);
	gh_buf_put_u8(&b, TOKEN_VERSION);
	gh_buf_put_u64(&b, (uint64_t)expires);
	gh_buf_put(&b, mac, sizeof(mac));
	if ((rc = gh_buf_check(&b, err)) == 0 &&
	    (*out = gh_base64_encode(b.data, b.len, GH_BASE64_ONE_LINE)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "token");
	gh_buf_free(&b);
	return rc;
}

static int
check_decoded(const unsigned char server_secret[32], const unsigned char *p, size_t n,
    const struct requester *who, int64_t now, struct gh_error *err)
{
	unsigned char mac[TOKEN_MAC_SIZE];
	struct gh_reader r;
	uint64_t expires;
	int rc;

	gh_reader_init(&r, p, n);
	if (n != TOKEN_SIZE || gh_reader_u8(&r) != TOKEN_VERSION)
		return gh_fail(err, GH_E_TOKEN, "token has a wrong length or version");
	expires = gh_reader_u64(&r);
	if ((rc = token_mac(server_secret, who, (int64_t)expires, mac, err)) != 0)
		return rc;
	if (CRYPTO_memcmp(mac, p + TOKEN_SIZE - TOKEN_MAC_SIZE, TOKEN_MAC_SIZE) != 0)
		return gh_fail(err, GH_E_TOKEN, "token of another user or application, or forged");
	if ((int64_t)expires <= now)
		return gh_fail(err, GH_E_TOKEN, "token expired");
	return 0;
}

int
ce_token_check(const unsigned char server_secret[32], const char *token,
    const struct requester *who, int64_t now, struct gh_error *err)
{
	unsigned char *p = NULL;
	size_t n;
	int rc;

	if (token == NULL || *token == '\0')
		return gh_refuse(err, GH_E_TOKEN,
		    "The header X-CSS-CMS-Token is missing: get a token from "
		    "CertEnroll/{1,2}/Token, or use version 3.");
	if (strlen(token) > TOKEN_TEXT_MAX ||
	    gh_base64_decode(token, strlen(token), &p, &n, NULL) != 0)
		return gh_fail(err, GH_E_TOKEN, "token is no base64 or too long");
	rc = check_decoded(server_secret, p, n, who, now, err);
	free(p);
	return rc;
}
