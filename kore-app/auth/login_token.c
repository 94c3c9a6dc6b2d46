/* The token of the log-in form. See login_token.h. */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "digest.h"
#include "hex.h"
#include "timestamp.h"

#include "cookie.h"
#include "login_token.h"

#define LABEL "gatehouse log-in form token v1"
#define TIME_SIZE 8 /* first bytes of the cookie: when it was made, seconds, big-endian */

static void
put_time(unsigned char cookie[COOKIE_SIZE], int64_t t)
{
	for (int i = TIME_SIZE - 1; i >= 0; i--, t >>= 8)
		cookie[i] = (unsigned char)t;
}

static int64_t
time_of(const unsigned char cookie[COOKIE_SIZE])
{
	uint64_t t = 0;

	for (int i = 0; i < TIME_SIZE; i++)
		t = t << 8 | cookie[i];
	return t <= INT64_MAX ? (int64_t)t : 0;
}

/* Was it made within so many seconds? The time is under the token's HMAC. */
static bool
is_young(const unsigned char cookie[COOKIE_SIZE], int64_t seconds)
{
	int64_t made = time_of(cookie), now = gh_now();

	return made > now - seconds && made <= now + seconds;
}

static int
make_token(const struct worker_env *env, const unsigned char cookie[COOKIE_SIZE],
    char out[LOGIN_TOKEN_SIZE], struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE], mac[GH_DIGEST_MAX];
	int rc = gh_derive_key(env->server_secret, LABEL, key, err);

	if (rc == 0 && !gh_hmac(GH_SHA256, key, sizeof(key), cookie, COOKIE_SIZE, mac))
		rc = gh_fail(err, GH_E_INTERNAL, "no HMAC");
	if (rc == 0)
		gh_hex_lower(mac, GH_KEY_SIZE, out);
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

int
login_token_make(const struct worker_env *env, const struct gh_http_request *http,
    struct gh_http_reply *rep, char out[LOGIN_TOKEN_SIZE], struct gh_error *err)
{
	unsigned char cookie[COOKIE_SIZE];

	*out = '\0';
	/* the one that is there, so that forms in several tabs can be sent; not in its last half */
	if (!cookie_read(http, LOGIN_COOKIE, cookie) ||
	    !is_young(cookie, LOGIN_TOKEN_SECONDS / 2)) {
		if (RAND_bytes(cookie, sizeof(cookie)) != 1)
			return gh_fail(err, GH_E_INTERNAL, "no random numbers");
		put_time(cookie, gh_now());
		cookie_set(rep, LOGIN_COOKIE, cookie, LOGIN_TOKEN_SECONDS);
	}
	return make_token(env, cookie, out, err);
}

bool
login_token_fits(const struct worker_env *env, const struct gh_http_request *http, const char *sent)
{
	unsigned char cookie[COOKIE_SIZE];
	char token[LOGIN_TOKEN_SIZE];

	return sent != NULL && strlen(sent) == LOGIN_TOKEN_SIZE - 1 &&
	    cookie_read(http, LOGIN_COOKIE, cookie) && is_young(cookie, LOGIN_TOKEN_SECONDS) &&
	    make_token(env, cookie, token, NULL) == 0 &&
	    CRYPTO_memcmp(sent, token, LOGIN_TOKEN_SIZE - 1) == 0;
}
