/*
 * The replay mark. Each part is preceded by its length, so that no two different calls can be
 * written as the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "catalog/app.h"
#include "ce_header.h"
#include "digest.h"
#include "encoding.h"

#include "ce_replay.h"

#define MARK_LABEL "gatehouse certenroll replay v1"
#define SECRET_MARK_LABEL "gatehouse certenroll secret replay v1"

static int
put_number(EVP_MD_CTX *md, uint64_t v)
{
	unsigned char b[8];

	for (int i = 0; i < 8; i++)
		b[i] = (unsigned char)(v >> (56 - 8 * i));
	return EVP_DigestUpdate(md, b, sizeof(b)) == 1;
}

static int
put_part(EVP_MD_CTX *md, const void *p, size_t n)
{
	return put_number(md, n) && (n == 0 || EVP_DigestUpdate(md, p, n) == 1);
}

/* The signature's bytes, so that a re-encoded header is the same call; else the token's text. */
static int
distinguisher(const struct call *call, unsigned char **out, size_t *len, struct gh_error *err)
{
	const char *signature = ce_header_signature(call->http);
	const char *sent = call->version < 3 ? ce_header_token(call->http) : NULL;
	const char *token = sent != NULL ? sent : "";

	if (signature != NULL && *signature != '\0')
		return gh_base64_decode(signature, strlen(signature), out, len, err);
	*len = strlen(token);
	*out = (unsigned char *)strdup(token);
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "replay mark");
}

int
ce_replay_mark(const struct call *call, unsigned char out[REPLAY_MARK_SIZE], struct gh_error *err)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char *part = NULL;
	size_t len = 0;
	int ok, rc;

	if ((rc = distinguisher(call, &part, &len, err)) != 0) {
		EVP_MD_CTX_free(md);
		return rc;
	}
	ok = md != NULL && EVP_DigestInit_ex(md, gh_digest_md(GH_SHA256), NULL) == 1 &&
	    put_part(md, MARK_LABEL, sizeof(MARK_LABEL) - 1) &&
	    put_number(md, call->app != NULL ? (uint64_t)call->app->id : 0) &&
	    put_part(md, part, len) && put_part(md, call->http->body, call->http->body_len) &&
	    EVP_DigestFinal_ex(md, out, NULL) == 1;
	free(part);
	EVP_MD_CTX_free(md);
	return ok ? 0 : gh_fail(err, GH_E_INTERNAL, "SHA-256 of a replay mark failed");
}

int
ce_replay_secret_mark(const unsigned char server_secret[32], const struct call *call,
    unsigned char out[REPLAY_MARK_SIZE], struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE], mark[REPLAY_MARK_SIZE];
	int rc = ce_replay_mark(call, mark, err);

	if (rc == 0)
		rc = gh_derive_key(server_secret, SECRET_MARK_LABEL, key, err);
	if (rc == 0 && !gh_hmac(GH_SHA256, key, sizeof(key), mark, sizeof(mark), out))
		rc = gh_fail(err, GH_E_INTERNAL, "HMAC of a replay mark failed");
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(mark, sizeof(mark));
	return rc;
}
