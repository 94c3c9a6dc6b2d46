/* A password under a session key, and that under the transport key of the KRA. See kf_seal.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "encoding.h"
#include "signer/wrap/key_wrap.h"
#include "signer/wrap/payload_wrap.h"

#include "kf_seal.h"

#define SESSION_ALGORITHM "AES-256-GCM"
#define SESSION_KEY_SIZE 32

static EVP_PKEY *
read_key(const char *base64, struct gh_error *err)
{
	unsigned char *der = NULL;
	const unsigned char *p;
	size_t len = 0;
	EVP_PKEY *key = NULL;

	if (base64 != NULL && gh_base64_decode(base64, strlen(base64), &der, &len, err) == 0) {
		p = der;
		key = d2i_PUBKEY(NULL, &p, (long)len);
	}
	free(der);
	ERR_clear_error();
	if (key == NULL)
		(void)gh_fail(err, GH_E_CA_UNAVAILABLE, "no transport key that can be read");
	return key;
}

static const gh_json *
current_of(const gh_json *transport)
{
	const gh_json *all = gh_json_get(transport, "entries");

	for (size_t i = 0; i < gh_json_size(all); i++)
		if (gh_json_bool(gh_json_get(gh_json_at(all, i), "is_current"), false))
			return gh_json_at(all, i);
	return NULL;
}

static int
set_octets(gh_json *o, const char *name, const void *p, size_t len)
{
	char *text = len > 0 ? gh_base64_encode(p, len, GH_BASE64_ONE_LINE) : NULL;
	int bad = len == 0 ? 0 : text == NULL ? -1 : gh_json_set_string(o, name, text);

	free(text);
	return bad;
}

/* The session key, wrapped with what comes back from the KRA. */
static int
put_session_key(EVP_PKEY *to, const unsigned char *key, gh_json *body, struct gh_error *err)
{
	const struct gh_der session = {key, SESSION_KEY_SIZE};
	gh_json *o = gh_json_new_object();
	struct wrapped_key w;
	struct gh_reader r;
	struct gh_buf b;
	int rc, bad = 0;

	gh_buf_init(&b, 2 * KEY_WRAP_BYTES_MAX);
	if ((rc = key_wrap(to, true, &session, &b, err)) == 0) {
		gh_reader_init(&r, b.data, b.len);
		bad = key_wrap_read(&r, &w)
		    ? gh_json_set_string(o, "algorithm", key_wrap_name(w.alg)) |
			set_octets(o, "ephemeral", w.ephemeral.p, w.ephemeral.len) |
			set_octets(o, "value", w.cipher.p, w.cipher.len)
		    : -1;
		bad |= gh_json_set(body, "session_key", o);
		o = NULL;
	}
	gh_json_free(o);
	gh_buf_free(&b);
	return rc != 0 || bad == 0 ? rc : gh_fail(err, GH_E_NOMEM, "session key");
}

static int
put_password(const unsigned char *key, const char *password, gh_json *body, struct gh_error *err)
{
	const struct gh_der name = {(const unsigned char *)SESSION_ALGORITHM,
	    strlen(SESSION_ALGORITHM)};
	const struct gh_der secret = {(const unsigned char *)password, strlen(password)};
	gh_json *o = gh_json_new_object();
	struct gh_buf iv, out;
	int rc, bad = 0;

	gh_buf_init(&iv, PAYLOAD_IV_MAX);
	gh_buf_init(&out, secret.len + PAYLOAD_OVERHEAD);
	if ((rc = payload_wrap(payload_alg_find(&name), key, &secret, &iv, &out, err)) == 0) {
		bad = gh_json_set_string(o, "algorithm", SESSION_ALGORITHM) |
		    set_octets(o, "iv", iv.data, iv.len) |
		    set_octets(o, "value", out.data, out.len);
		bad |= gh_json_set(body, "password", o);
		o = NULL;
	}
	gh_json_free(o);
	gh_buf_free(&iv);
	gh_buf_free(&out);
	return rc != 0 || bad == 0 ? rc : gh_fail(err, GH_E_NOMEM, "password");
}

int
kf_seal_password(const gh_json *transport, const char *password, gh_json *body,
    struct gh_error *err)
{
	const gh_json *current = current_of(transport);
	const char *id = gh_json_string(gh_json_get(current, "id"));
	EVP_PKEY *to = read_key(gh_json_string(gh_json_get(current, "public_key")), err);
	unsigned char key[SESSION_KEY_SIZE];
	int rc = to == NULL ? err->code : 0;

	if (rc == 0 && RAND_priv_bytes(key, sizeof(key)) != 1)
		rc = gh_fail(err, GH_E_INTERNAL, "no random numbers");
	if (rc == 0 && gh_json_set_string(body, "transport_key", id) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "transport key");
	if (rc == 0 && (rc = put_session_key(to, key, body, err)) == 0)
		rc = put_password(key, password, body, err);
	OPENSSL_cleanse(key, sizeof(key));
	EVP_PKEY_free(to);
	return rc;
}
