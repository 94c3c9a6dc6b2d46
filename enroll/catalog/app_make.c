/* Making API applications. See app_make.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "encoding.h"
#include "hex.h"

#include "app_make.h"
#include "catalog.h"

#define APP_KEY_BYTES 16    /* 128 bits: a name, not a secret */
#define APP_SECRET_BYTES 32 /* 256 bits */

void
app_secrets_clear(struct app_secrets *s)
{
	if (s->secret != NULL)
		OPENSSL_cleanse(s->secret, s->secret_len);
	if (s->secret_text != NULL)
		OPENSSL_cleanse(s->secret_text, strlen(s->secret_text));
	free(s->key);
	free(s->secret);
	free(s->key_base64);
	free(s->secret_text);
	memset(s, 0, sizeof(*s));
}

static int
make_key(struct app_secrets *s, struct gh_error *err)
{
	if (s->key == NULL) {
		s->key = malloc(APP_KEY_BYTES);
		s->key_len = APP_KEY_BYTES;
		if (s->key == NULL || RAND_bytes(s->key, APP_KEY_BYTES) != 1)
			return gh_fail(err, GH_E_INTERNAL, "no random bytes");
	}
	s->key_base64 = gh_base64_encode(s->key, s->key_len, GH_BASE64_ONE_LINE);
	return s->key_base64 != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "key");
}

/* The HMAC key is the text itself, as clients use it: 64 hex digits hold 256 bits. */
static int
make_secret(struct app_secrets *s, struct gh_error *err)
{
	unsigned char raw[APP_SECRET_BYTES];

	if (s->secret != NULL)
		return 0;
	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random bytes");
	s->secret_text = gh_hex_encode(raw, sizeof(raw));
	OPENSSL_cleanse(raw, sizeof(raw));
	if (s->secret_text == NULL)
		return gh_fail(err, GH_E_NOMEM, "secret");
	s->secret = (unsigned char *)strdup(s->secret_text);
	s->secret_len = strlen(s->secret_text);
	return s->secret != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "secret");
}

/* What the row has of them. */
static int
put_key(gh_json *row, const struct app_means *m, const struct app_secrets *s, struct gh_error *err)
{
	unsigned char index[32];
	char *hex;
	int bad;

	catalog_key_index(m->server_secret, s->key, s->key_len, index);
	hex = gh_hex_encode(index, sizeof(index));
	bad = hex == NULL || gh_json_set_string(row, "key_index", hex) != 0;
	free(hex);
	return bad ? gh_fail(err, GH_E_NOMEM, "application") : 0;
}

static int
put_secret(gh_json *row, const struct app_means *m, const struct app_secrets *s,
    struct gh_error *err)
{
	char *sealed = NULL;
	int rc = catalog_seal(m->server_secret, s->secret, s->secret_len, &sealed, err);

	if (rc == 0 && gh_json_set_string(row, "secret_sealed", sealed) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "application");
	free(sealed);
	return rc;
}

static int
put_wish(gh_json *row, const struct app_wish *w, struct gh_error *err)
{
	int bad = gh_json_set_string(row, "name", w->name) |
	    gh_json_set(row, "templates", gh_json_ref(w->templates)) |
	    gh_json_set_string(row, "ca", w->ca) |
	    gh_json_set(row, "groups", gh_json_ref(w->groups)) |
	    gh_json_set_bool(row, "signature_required", w->signature) |
	    gh_json_set_string(row, "min_hash", w->min_hash) |
	    gh_json_set_string(row, "service_identity", w->identity) |
	    gh_json_set_bool(row, "enabled", true);

	return bad != 0 ? gh_fail(err, GH_E_NOMEM, "application") : 0;
}

int
app_make(const struct app_means *m, const struct app_wish *w, struct app_secrets *s, int64_t *id,
    struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	int rc = row != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "application");

	*id = 0;
	if (rc == 0 && (rc = make_key(s, err)) == 0)
		rc = make_secret(s, err);
	if (rc == 0 && (rc = put_wish(row, w, err)) == 0 && (rc = put_key(row, m, s, err)) == 0)
		rc = put_secret(row, m, s, err);
	if (rc == 0)
		rc = store_create_app(m->store, m->who, row, id, err);
	gh_json_free(row);
	return rc;
}

int
app_rotate(const struct app_means *m, const char *name, bool new_key, struct app_secrets *s,
    struct gh_error *err)
{
	gh_json *changes = gh_json_new_object();
	int rc = changes != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "application");

	if (rc == 0 && (rc = make_secret(s, err)) == 0)
		rc = put_secret(changes, m, s, err);
	if (rc == 0 && new_key && (rc = make_key(s, err)) == 0)
		rc = put_key(changes, m, s, err);
	if (rc == 0)
		rc = store_change_app(m->store, m->who, name, changes, err);
	gh_json_free(changes);
	return rc;
}
