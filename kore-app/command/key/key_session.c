/* See key_session.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "encoding.h"
#include "hex.h"
#include "signer/kra/pkcs12.h"
#include "signer/wrap/payload_wrap.h"

#include "key_session.h"

static struct gh_der
text_der(const char *text)
{
	return (struct gh_der){(const unsigned char *)text, strlen(text)};
}

static const struct payload_alg *
algorithm(void)
{
	const struct gh_der name = text_der(KEY_SESSION_ALGORITHM);

	return payload_alg_find(&name);
}

int
key_session_make(const struct key_transport *t, bool is_release, struct key_session *out,
    struct gh_error *err)
{
	const struct gh_der key = {out->key, sizeof(out->key)};
	struct gh_reader r;
	int rc;

	memset(out, 0, sizeof(*out));
	gh_buf_init(&out->parts, 2 * KEY_WRAP_BYTES_MAX);
	memcpy(out->transport_id, t->id, sizeof(out->transport_id));
	if (RAND_priv_bytes(out->key, sizeof(out->key)) != 1)
		rc = gh_fail(err, GH_E_INTERNAL, "no random numbers");
	else
		rc = key_wrap(t->key, is_release, &key, &out->parts, err);
	if (rc == 0) {
		gh_reader_init(&r, out->parts.data, out->parts.len);
		if (!key_wrap_read(&r, &out->wrapped))
			rc = gh_fail(err, GH_E_INTERNAL, "wrapped key");
	}
	if (rc != 0)
		key_session_clear(out);
	return rc;
}

void
key_session_clear(struct key_session *s)
{
	gh_buf_free(&s->parts);
	gh_buf_free(&s->iv);
	gh_buf_free(&s->cipher);
	OPENSSL_cleanse(s, sizeof(*s));
}

/* ---- members ---- */

int
key_session_put_octets(gh_json *o, const char *name, const void *p, size_t len,
    struct gh_error *err)
{
	char *text = gh_base64_encode(p, len, GH_BASE64_ONE_LINE);
	int rc = text != NULL ? gh_json_set_string(o, name, text) : -1;

	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
	return rc == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "%s", name);
}

/* Takes o over. */
static int
put_object(gh_json *body, const char *name, gh_json *o, int rc, struct gh_error *err)
{
	if (rc != 0)
		gh_json_free(o);
	else if (gh_json_set(body, name, o) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "%s", name);
	return rc;
}

int
key_session_put(const struct key_session *s, gh_json *body, struct gh_error *err)
{
	char id[2 * KRA_KEY_ID_SIZE + 1];
	gh_json *o = gh_json_new_object();
	int rc = 0;

	if (gh_json_set_string(body, "transport_key",
		gh_hex_lower(s->transport_id, sizeof(s->transport_id), id)) != 0 ||
	    gh_json_set_string(o, "algorithm", key_wrap_name(s->wrapped.alg)) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "session key");
	if (rc == 0 && s->wrapped.ephemeral.len > 0)
		rc = key_session_put_octets(o, "ephemeral", s->wrapped.ephemeral.p,
		    s->wrapped.ephemeral.len, err);
	if (rc == 0)
		rc = key_session_put_octets(o, "value", s->wrapped.cipher.p, s->wrapped.cipher.len,
		    err);
	return put_object(body, "session_key", o, rc, err);
}

int
key_session_seal(struct key_session *s, const struct gh_der *secret, gh_json *body,
    const char *member, struct gh_error *err)
{
	gh_json *o = gh_json_new_object();
	int rc;

	gh_buf_free(&s->iv);
	gh_buf_free(&s->cipher);
	gh_buf_init(&s->iv, PAYLOAD_IV_MAX);
	gh_buf_init(&s->cipher, KRA_SECRET_MAX + PAYLOAD_OVERHEAD);
	rc = payload_wrap(algorithm(), s->key, secret, &s->iv, &s->cipher, err);
	if (rc == 0 && gh_json_set_string(o, "algorithm", KEY_SESSION_ALGORITHM) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "%s", member);
	if (rc == 0)
		rc = key_session_put_octets(o, "iv", s->iv.data, s->iv.len, err);
	if (rc == 0)
		rc = key_session_put_octets(o, "value", s->cipher.data, s->cipher.len, err);
	return put_object(body, member, o, rc, err);
}

int
key_session_wrap(const struct key_transport *t, const struct gh_der *secret, gh_json *body,
    struct gh_error *err)
{
	struct key_session s;
	int rc = key_session_make(t, false, &s, err);

	if (rc != 0)
		return rc;
	rc = key_session_put(&s, body, err);
	if (rc == 0)
		rc = key_session_seal(&s, secret, body, "secret", err);
	key_session_clear(&s);
	return rc;
}

/* ---- releases ---- */

int
key_session_digest(const struct key_session *s, enum kra_form form, const char *name,
    unsigned char out[KRA_RELEASE_DIGEST_SIZE], struct gh_error *err)
{
	struct kra_release release = {.form = form,
	    .wrapping = {.key_alg = text_der(key_wrap_name(s->wrapped.alg)),
		.ephemeral = s->wrapped.ephemeral,
		.wrapped_key = s->wrapped.cipher,
		.payload_alg = text_der(KEY_SESSION_ALGORITHM)},
	    .iv = {s->iv.data, s->iv.len},
	    .password = {s->cipher.data, s->cipher.len},
	    .name = text_der(name != NULL ? name : ""),
	    .iterations = PKCS12_ITERATIONS};

	memcpy(release.wrapping.transport_id, s->transport_id, sizeof(s->transport_id));
	return kra_release_digest(&release, out) ? 0 : gh_fail(err, GH_E_NOMEM, "digest");
}

static bool
decode(const gh_json *answer, const char *name, unsigned char **out, size_t *len)
{
	const char *text = gh_json_string(gh_json_get(answer, name));

	*out = NULL;
	*len = 0;
	return text != NULL && gh_base64_decode(text, strlen(text), out, len, NULL) == 0;
}

int
key_session_open(const unsigned char key[KEY_SESSION_SIZE], const gh_json *answer,
    struct gh_buf *out, struct gh_error *err)
{
	unsigned char *iv = NULL, *value = NULL;
	size_t iv_len, value_len;
	int rc = -1;

	if (decode(answer, "iv", &iv, &iv_len) && decode(answer, "value", &value, &value_len))
		rc = payload_unwrap(algorithm(), key, &(struct gh_der){iv, iv_len},
		    &(struct gh_der){value, value_len}, out, NULL);
	free(iv);
	free(value);
	return rc == 0 ? 0
		       : gh_refuse(err, GH_E_BAD_JSON,
			     "what the gateway sent was not wrapped under our session key");
}
