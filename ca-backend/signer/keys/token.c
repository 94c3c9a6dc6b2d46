/* CA keys in a PKCS#11 token. See token.h. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the engine API: Debian 12 has no provider for PKCS#11 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "log.h"
#include "timestamp.h"
#include "token.h"

#define KEYS_MAX 512
#define RETRY_US 1000000LL  /* an unreachable key is not looked for again before */
#define PROBE_US 10000000LL /* nor one that was there, for the state */

/* PKCS#11, 2.40, base specification, A: answers after which the PIN is not tried again. */
#define CKR_PIN_INCORRECT 0xa0
#define CKR_PIN_EXPIRED 0xa3
#define CKR_PIN_LOCKED 0xa4

/* Lives until token_stop: an EVP_PKEY that is marked points to it. */
struct token_key {
	struct token_key *next;
	char uri[SIGNER_KEY_URI_SIZE];
	unsigned char *spki; /* SubjectPublicKeyInfo, DER */
	int spki_len;
	EVP_PKEY *live;            /* the engine's; NULL = to be looked up */
	char text[256];            /* why it is unreachable; "" = it is not */
	int64_t seen_at, retry_at; /* gh_now_us: last seen; when unreachable, next look */
};

/* All of it under the lock; module and PIN are only read after the start. */
static struct {
	pthread_mutex_t lock;
	const char *module;
	char pin[TOKEN_PIN_MAX + 1];
	bool has_pin, is_pin_refused;
	ENGINE *engine; /* NULL = not logged in */
	struct token_key *keys;
	unsigned n_keys;
	char text[256]; /* the last failure */
} token = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char other_key[] = "the key in the token is not that of the CA's certificate";
static int ex_index = -1;
static UI_METHOD *no_questions;

/* --- start ------------------------------------------------------------------------------------ */

/* A copy of a key is no longer marked. */
static int
forget_mark(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **data, int idx, long l, void *p)
{
	(void)to, (void)from, (void)idx, (void)l, (void)p;
	*data = NULL;
	return 1;
}

static int
read_pin(const char *path, struct gh_error *err)
{
	struct stat st;
	FILE *f = fopen(path, "re");
	bool ok;

	if (f == NULL || fstat(fileno(f), &st) != 0) {
		gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
		if (f != NULL)
			fclose(f);
		return GH_E_CONF;
	}
	ok = fgets(token.pin, sizeof(token.pin), f) != NULL;
	fclose(f);
	token.pin[strcspn(token.pin, "\r\n")] = '\0';
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return gh_refuse(err, GH_E_CONF, "%s: others than the owner have access; chmod 600",
		    path);
	if (!ok || token.pin[0] == '\0')
		return gh_refuse(err, GH_E_CONF, "%s: its first line is no PIN", path);
	token.has_pin = true;
	return 0;
}

/* The engine must never ask anybody for a PIN. */
static int
refuse_question(UI *ui)
{
	(void)ui;
	return 0;
}

int
token_configure(const char *module, const char *pin_file, struct gh_error *err)
{
	token.module = module;
	if ((no_questions = UI_create_method("no questions")) == NULL ||
	    UI_method_set_opener(no_questions, refuse_question) != 0)
		return gh_fail(err, GH_E_NOMEM, "UI method");
	return pin_file != NULL ? read_pin(pin_file, err) : 0;
}

/* --- connection; the lock is held ------------------------------------------------------------- */

/* What the module or the engine said, into token.text; and whether it refused the PIN. */
static void
note_errors(const char *what)
{
	unsigned long code, last = 0;
	const char *reason;

	while ((code = ERR_get_error()) != 0) {
		int r = ERR_GET_REASON(code);

		if (ERR_GET_LIB(code) < ERR_LIB_USER)
			continue;
		last = code;
		if (r == CKR_PIN_INCORRECT || r == CKR_PIN_EXPIRED || r == CKR_PIN_LOCKED)
			token.is_pin_refused = true;
	}
	reason = last != 0 ? ERR_reason_error_string(last) : NULL;
	snprintf(token.text, sizeof(token.text), "%s%s%s", what, reason != NULL ? ": " : "",
	    reason != NULL ? reason : "");
	if (token.is_pin_refused)
		snprintf(token.text, sizeof(token.text),
		    "the PIN was refused (it is not tried again before a restart of the signer)");
}

static void
disconnect(void)
{
	struct token_key *k;

	for (k = token.keys; k != NULL; k = k->next) {
		EVP_PKEY_free(k->live);
		k->live = NULL;
	}
	if (token.engine != NULL) {
		ENGINE_finish(token.engine);
		ENGINE_free(token.engine);
	}
	token.engine = NULL;
	ERR_clear_error();
}

static bool
connect_token(void)
{
	ENGINE *e;

	if (token.engine != NULL)
		return true;
	if (token.module == NULL) {
		snprintf(token.text, sizeof(token.text),
		    "no PKCS#11 module is configured (signer.pkcs11_module)");
		return false;
	}
	if (token.is_pin_refused) {
		note_errors("");
		return false;
	}
	ENGINE_load_dynamic();
	if ((e = ENGINE_by_id("pkcs11")) == NULL) {
		note_errors("OpenSSL's engine \"pkcs11\" is not there "
			    "(package libengine-pkcs11-openssl)");
		return false;
	}
	if (ENGINE_ctrl_cmd_string(e, "MODULE_PATH", token.module, 0) != 1 ||
	    (token.has_pin && ENGINE_ctrl_cmd_string(e, "PIN", token.pin, 0) != 1) ||
	    ENGINE_init(e) != 1) {
		note_errors("the PKCS#11 module cannot be loaded");
		ENGINE_free(e);
		return false;
	}
	token.engine = e;
	return true;
}

/* The key of a URI, the engine's own; NULL with token.text. */
static EVP_PKEY *
load_uri(const char *uri)
{
	EVP_PKEY *key;

	if (!connect_token())
		return NULL;
	key = ENGINE_load_private_key(token.engine, uri, no_questions, NULL);
	if (key == NULL)
		note_errors("no token with this key");
	else
		/* The engine keeps a reference to each of its keys, and each key one to the engine:
		 * it would never finish, and the module never be initialised anew. The key's own
		 * methods, which lead to the token, are enough for signing. */
		(void)EVP_PKEY_set1_engine(key, NULL);
	ERR_clear_error();
	return key;
}

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
	if ((key = load_uri(k->uri)) == NULL)
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

static bool
mark(EVP_PKEY *key, struct token_key *k)
{
	if (ex_index < 0)
		ex_index = EVP_PKEY_get_ex_new_index(0, NULL, NULL, forget_mark, NULL);
	return ex_index >= 0 && EVP_PKEY_set_ex_data(key, ex_index, k) == 1;
}

static struct token_key *
mark_of(const EVP_PKEY *key)
{
	struct token_key *k;

	pthread_mutex_lock(&token.lock);
	k = ex_index >= 0 ? EVP_PKEY_get_ex_data(key, ex_index) : NULL;
	pthread_mutex_unlock(&token.lock);
	return k;
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
	int rc, n;

	if ((rc = check_uri(uri, err)) != 0)
		return rc;
	if ((n = i2d_PUBKEY(public_key, &spki)) <= 0)
		return gh_fail(err, GH_E_INTERNAL, "public key cannot be encoded");
	pthread_mutex_lock(&token.lock);
	if ((k = find_known(uri, spki, n)) != NULL)
		OPENSSL_free(spki);
	else
		k = add_known(uri, spki, n);
	rc = k != NULL && mark(public_key, k) ? 0 : GH_E_NOMEM;
	pthread_mutex_unlock(&token.lock);
	return rc == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "keys in tokens");
}

static int
fail_unavailable(const char *text, struct gh_error *err)
{
	return gh_refuse(err, GH_E_CA_UNAVAILABLE,
	    "The CA's key is in a PKCS#11 token that is not available: %s.", text);
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
	if ((live = load_uri(uri)) == NULL) {
		disconnect();
		live = load_uri(uri);
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

/* --- signing ---------------------------------------------------------------------------------- */

static bool
sign_live(EVP_PKEY *key, const char *md, const unsigned char *digest, size_t digest_len,
    unsigned char *sig, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(md)) == 1 &&
	    EVP_PKEY_sign(ctx, sig, len, digest, digest_len) == 1;

	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		note_errors("the token did not sign");
	ERR_clear_error();
	return ok;
}

/* Once with what there is, once after a new login: a session may have been lost. */
static bool
sign_locked(struct token_key *k, const char *md, const unsigned char *digest, size_t digest_len,
    unsigned char *sig, size_t *len)
{
	size_t room = *len;
	int try;

	if (!may_try(k))
		return false;
	for (try = 0; try < 2; try++) {
		*len = room;
		if (make_live(k) && sign_live(k->live, md, digest, digest_len, sig, len)) {
			note_there(k);
			return true;
		}
		gh_log_kv(GH_LOG_WARN, "PKCS#11 token: logging in anew", "cause", token.text, NULL);
		disconnect();
	}
	note_away(k);
	return false;
}

int
token_sign(const EVP_PKEY *key, const char *md, const unsigned char *digest, size_t digest_len,
    unsigned char *sig, size_t *len, struct gh_error *err)
{
	struct token_key *k = mark_of(key);
	int rc = 0;

	if (k == NULL || md == NULL)
		return gh_fail(err, GH_E_SIGNER, "keys of this kind are not used in tokens");
	pthread_mutex_lock(&token.lock);
	if (!sign_locked(k, md, digest, digest_len, sig, len))
		rc = fail_unavailable(k->text, err);
	pthread_mutex_unlock(&token.lock);
	return rc;
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
			disconnect();
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
token_warm_up(void)
{
	if (token.module == NULL)
		return;
	pthread_mutex_lock(&token.lock);
	if (!connect_token())
		gh_log_kv(GH_LOG_WARN, "PKCS#11 token", "cause", token.text, NULL);
	pthread_mutex_unlock(&token.lock);
}

void
token_stop(void)
{
	struct token_key *k;

	pthread_mutex_lock(&token.lock);
	disconnect();
	while ((k = token.keys) != NULL) {
		token.keys = k->next;
		OPENSSL_free(k->spki);
		free(k);
	}
	token.n_keys = 0;
	OPENSSL_cleanse(token.pin, sizeof(token.pin));
	UI_destroy_method(no_questions);
	no_questions = NULL;
	pthread_mutex_unlock(&token.lock);
}
