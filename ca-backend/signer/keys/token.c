/* CA keys in a PKCS#11 token. See token.h. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the engine API: Debian 12 has no provider for PKCS#11 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "log.h"
#include "timestamp.h"
#include "token_private.h"

#define KEYS_MAX 512
#define RETRY_US 1000000LL  /* an unreachable key is not looked for again before */
#define PROBE_US 10000000LL /* nor one that was there, for the state */

static const char other_key[] = "the key in the token is another one than is known here";
static CRYPTO_ONCE index_once = CRYPTO_ONCE_STATIC_INIT;
static int ex_index = -1; /* of the mark; by make_index */

/* --- a key in the engine; the lock is held ---------------------------------------------------- */

static bool
is_half_of(EVP_PKEY *key, const struct token_key *k)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	bool ok = n == k->spki_len && memcmp(der, k->spki, (size_t)n) == 0;

	OPENSSL_free(der);
	return ok;
}

static bool
make_live(struct token_key *k)
{
	EVP_PKEY *key;

	if (k->live != NULL)
		return true;
	if ((key = token_load_uri(k->uri)) == NULL)
		return false;
	if (!is_half_of(key, k)) {
		EVP_PKEY_free(key);
		snprintf(token.text, sizeof(token.text), "%s", other_key);
		return false;
	}
	k->live = key;
	return true;
}

/* An unreachable one is asked for again, but not at once. */
static bool
may_try(const struct token_key *k)
{
	return k->text[0] == '\0' || gh_now_us() >= k->retry_at;
}

static void
note_away(struct token_key *k)
{
	snprintf(k->text, sizeof(k->text), "%s", token.text);
	k->retry_at = gh_now_us() + RETRY_US;
	gh_log_kv(GH_LOG_ERROR, "CA key in the PKCS#11 token is unreachable", "uri", k->uri,
	    "cause", k->text, NULL);
}

static void
note_there(struct token_key *k)
{
	if (k->text[0] != '\0')
		gh_log_kv(GH_LOG_INFO, "CA key in the PKCS#11 token is there again", "uri", k->uri,
		    NULL);
	k->text[0] = '\0';
	k->seen_at = gh_now_us();
}

/* --- keys ------------------------------------------------------------------------------------- */

/* A copy of a key is no longer marked. */
static int
forget_mark(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **data, int idx, long l, void *p)
{
	(void)to, (void)from, (void)idx, (void)l, (void)p;
	*data = NULL;
	return 1;
}

/* RFC 7512; what a PIN is, only the signer's own file says. */
static int
check_uri(const char *uri, struct gh_error *err)
{
	if (strncmp(uri, "pkcs11:", 7) != 0 || strlen(uri) >= SIGNER_KEY_URI_SIZE)
		return gh_refuse(err, GH_E_VALIDATION,
		    "the key's URI is not a \"pkcs11:\" one (RFC 7512) of less than %d octets",
		    SIGNER_KEY_URI_SIZE);
	if (strstr(uri, "pin-value") != NULL || strstr(uri, "pin-source") != NULL)
		return gh_refuse(err, GH_E_VALIDATION,
		    "the key's URI holds a PIN; it belongs into signer.pkcs11_pin_file");
	return 0;
}

static struct token_key *
find_known(const char *uri, const unsigned char *spki, int len)
{
	struct token_key *k;

	for (k = token.keys; k != NULL; k = k->next) {
		if (strcmp(k->uri, uri) == 0 && k->spki_len == len &&
		    memcmp(k->spki, spki, (size_t)len) == 0)
			return k;
	}
	return NULL;
}

/* Takes over spki. NULL: out of memory, or too many. */
static struct token_key *
add_known(const char *uri, unsigned char *spki, int len)
{
	struct token_key *k = token.n_keys < KEYS_MAX ? calloc(1, sizeof(*k)) : NULL;

	if (k == NULL) {
		OPENSSL_free(spki);
		return NULL;
	}
	snprintf(k->uri, sizeof(k->uri), "%s", uri);
	k->spki = spki;
	k->spki_len = len;
	k->next = token.keys;
	token.keys = k;
	token.n_keys++;
	return k;
}

static void
make_index(void)
{
	ex_index = EVP_PKEY_get_ex_new_index(0, NULL, NULL, forget_mark, NULL);
}

static bool
has_index(void)
{
	return CRYPTO_THREAD_run_once(&index_once, make_index) == 1 && ex_index >= 0;
}

static bool
mark(EVP_PKEY *key, struct token_key *k)
{
	return has_index() && EVP_PKEY_set_ex_data(key, ex_index, k) == 1;
}

/* Without the lock, which is held while a token works: keys in memory do not wait for it. A key is
 * marked before others see it. */
static struct token_key *
mark_of(const EVP_PKEY *key)
{
	return has_index() ? EVP_PKEY_get_ex_data(key, ex_index) : NULL;
}

bool
token_has(const EVP_PKEY *key)
{
	return mark_of(key) != NULL;
}

int
token_mark_key(EVP_PKEY *public_key, const char *uri, struct gh_error *err)
{
	unsigned char *spki = NULL;
	struct token_key *k;
	bool is_full;
	int rc, n;

	if ((rc = check_uri(uri, err)) != 0)
		return rc;
	if ((n = i2d_PUBKEY(public_key, &spki)) <= 0)
		return gh_fail(err, GH_E_INTERNAL, "public key cannot be encoded");
	pthread_mutex_lock(&token.lock);
	is_full = token.n_keys == KEYS_MAX;
	if ((k = find_known(uri, spki, n)) != NULL)
		OPENSSL_free(spki);
	else
		k = add_known(uri, spki, n);
	rc = k != NULL && mark(public_key, k) ? 0 : GH_E_NOMEM;
	pthread_mutex_unlock(&token.lock);
	if (k == NULL && is_full)
		return gh_fail(err, GH_E_BUSY, "more than %d CA keys in tokens", KEYS_MAX);
	return rc == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "keys in tokens");
}

static int
fail_unavailable(const char *text, struct gh_error *err)
{
	return gh_refuse(err, GH_E_CA_UNAVAILABLE,
	    "The key is in a PKCS#11 token that is not available: %s.", text);
}

/* The public half of the engine's key, as a key of its own. */
static EVP_PKEY *
public_half(EVP_PKEY *live)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(live, &der);
	const unsigned char *p = der;
	EVP_PKEY *key = n > 0 ? d2i_PUBKEY(NULL, &p, n) : NULL;

	OPENSSL_free(der);
	return key;
}

int
token_find_key(const char *uri, EVP_PKEY **out, struct gh_error *err)
{
	EVP_PKEY *live;
	int rc;

	*out = NULL;
	if ((rc = check_uri(uri, err)) != 0)
		return rc;
	pthread_mutex_lock(&token.lock);
	if ((live = token_load_uri(uri)) == NULL) {
		token_disconnect();
		live = token_load_uri(uri);
	}
	if (live != NULL) {
		*out = public_half(live);
		EVP_PKEY_free(live);
	} else {
		rc = fail_unavailable(token.text, err);
	}
	pthread_mutex_unlock(&token.lock);
	if (rc == 0 && *out == NULL)
		rc = gh_fail(err, GH_E_SIGNER, "the public key in the token cannot be read");
	if (rc == 0 && (rc = token_mark_key(*out, uri, err)) != 0) {
		EVP_PKEY_free(*out);
		*out = NULL;
	}
	return rc;
}

/* --- using a key ------------------------------------------------------------------------------ */

/* What a key does: from input (or a peer's key) to output. */
struct token_use {
	bool (*run)(EVP_PKEY *live, const struct token_use *use, unsigned char *out, size_t *len);
	const char *md;
	struct gh_der in;
	EVP_PKEY *peer;
	const char *failure; /* for the log, where the token says nothing */
};

static bool
sign_live(EVP_PKEY *key, const struct token_use *use, unsigned char *out, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(use->md)) == 1 &&
	    EVP_PKEY_sign(ctx, out, len, use->in.p, use->in.len) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool
decrypt_live(EVP_PKEY *key, const struct token_use *use, unsigned char *out, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ok = ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
	    EVP_PKEY_decrypt(ctx, out, len, use->in.p, use->in.len) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool
derive_live(EVP_PKEY *key, const struct token_use *use, unsigned char *out, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	    EVP_PKEY_derive_set_peer(ctx, use->peer) == 1 && EVP_PKEY_derive(ctx, out, len) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

/* Once with what there is, once after a new login: a session may have been lost. */
static bool
use_locked(struct token_key *k, const struct token_use *use, unsigned char *out, size_t *len)
{
	size_t room = *len;
	int try;

	if (!may_try(k))
		return false;
	for (try = 0; try < 2; try++) {
		*len = room;
		if (make_live(k)) {
			if (use->run(k->live, use, out, len)) {
				note_there(k);
				ERR_clear_error();
				return true;
			}
			token_note_errors(use->failure);
			ERR_clear_error();
		}
		gh_log_kv(GH_LOG_WARN, "PKCS#11 token: logging in anew", "cause", token.text, NULL);
		token_disconnect();
	}
	note_away(k);
	return false;
}

static int
use_key(const EVP_PKEY *key, const struct token_use *use, unsigned char *out, size_t *len,
    struct gh_error *err)
{
	struct token_key *k = mark_of(key);
	int rc = 0;

	if (k == NULL)
		return gh_fail(err, GH_E_SIGNER, "the key is not one in a token");
	pthread_mutex_lock(&token.lock);
	if (!use_locked(k, use, out, len))
		rc = fail_unavailable(k->text, err);
	pthread_mutex_unlock(&token.lock);
	return rc;
}

int
token_sign(const EVP_PKEY *key, const char *md, const unsigned char *digest, size_t digest_len,
    unsigned char *sig, size_t *len, struct gh_error *err)
{
	struct token_use use = {.run = sign_live,
	    .md = md,
	    .in = {digest, digest_len},
	    .failure = "the token did not sign"};

	if (md == NULL)
		return gh_fail(err, GH_E_SIGNER, "keys of this kind are not used in tokens");
	return use_key(key, &use, sig, len, err);
}

int
token_decrypt(const EVP_PKEY *key, const struct gh_der *cipher, unsigned char *out, size_t *len,
    struct gh_error *err)
{
	struct token_use use = {.run = decrypt_live,
	    .in = *cipher,
	    .failure = "the token did not decrypt"};

	return use_key(key, &use, out, len, err);
}

int
token_derive(const EVP_PKEY *key, EVP_PKEY *peer, unsigned char *out, size_t *len,
    struct gh_error *err)
{
	struct token_use use = {.run = derive_live,
	    .peer = peer,
	    .failure = "the token did not agree on a secret"};

	return use_key(key, &use, out, len, err);
}

/* --- state ------------------------------------------------------------------------------------ */

static bool
is_due(const struct token_key *k)
{
	return k->text[0] == '\0' ? gh_now_us() - k->seen_at >= PROBE_US
				  : gh_now_us() >= k->retry_at;
}

/* With a new login: what the engine and the module have in memory says nothing about the token. */
static void
probe_keys(void)
{
	bool is_new = false;
	struct token_key *k;

	for (k = token.keys; k != NULL; k = k->next) {
		if (!is_due(k))
			continue;
		if (!is_new)
			token_disconnect();
		is_new = true;
		if (make_live(k))
			note_there(k);
		else
			note_away(k);
	}
}

void
token_get_state(struct signer_token_state *out)
{
	struct token_key *k;

	memset(out, 0, sizeof(*out));
	pthread_mutex_lock(&token.lock);
	probe_keys();
	out->is_configured = token.module != NULL;
	for (k = token.keys; k != NULL; k = k->next) {
		out->keys++;
		if (k->text[0] != '\0' && out->keys_away++ == 0)
			snprintf(out->text, sizeof(out->text), "%s", k->text);
	}
	pthread_mutex_unlock(&token.lock);
}

void
token_get_key(const EVP_PKEY *key, struct signer_token_key *out)
{
	struct token_key *k = mark_of(key);

	memset(out, 0, sizeof(*out));
	if (k == NULL)
		return;
	out->is_in_token = true;
	token_label(k->uri, out->label);
	pthread_mutex_lock(&token.lock);
	probe_keys();
	snprintf(out->text, sizeof(out->text), "%s", k->text);
	pthread_mutex_unlock(&token.lock);
}

void
token_stop(void)
{
	struct token_key *k;

	pthread_mutex_lock(&token.lock);
	token_disconnect();
	while ((k = token.keys) != NULL) {
		token.keys = k->next;
		OPENSSL_free(k->spki);
		free(k);
	}
	token.n_keys = 0;
	OPENSSL_cleanse(token.pin, sizeof(token.pin));
	UI_destroy_method(token.no_questions);
	token.no_questions = NULL;
	pthread_mutex_unlock(&token.lock);
}
