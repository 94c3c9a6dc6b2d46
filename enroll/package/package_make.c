/* Packages made here. See package_make.h. */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "formats/cms_signed.h"
#include "hex.h"
#include "gateway_signer.h"
#include "store/package/tamp_number.h"

#include "package_make.h"

#define TAMP_TYPE "2.16.840.1.101.2.1.2.77."
#define KEYS_TYPE "1.2.840.113549.1.9.16.1.25"
#define ENVELOPED_TYPE "1.2.840.113549.1.7.3"
#define PACKAGE_ID "2.16.840.1.101.2.1.5.65"
#define ID_BYTES ((PACKAGE_MADE_ID_SIZE - 1) / 2)
#define MADE_MAX ((size_t)1024 * 1024)

/* --- signing ---------------------------------------------------------------------------------- */

/* What of a package is signed, and what goes with the signature. */
struct signing {
	struct gateway_signer signer;
	struct gh_buf id; /* KeyPkgIdentifierAndReceiptReq (RFC 7191, 3); empty: none */
};

static int
sign(const struct signing *s, const char *type, const struct gh_buf *content, unsigned char **der,
    size_t *len, struct gh_error *err)
{
	const struct cms_signing how = {.key = s->signer.key,
	    .cert = s->signer.cert,
	    .type = type,
	    .attribute = s->id.len > 0 ? PACKAGE_ID : NULL,
	    .value = {s->id.data, s->id.len}};

	return cms_signed_make(&how, &(struct gh_der){content->data, content->len}, der, len, err);
}

static int
add(struct worker_env *env, const struct package_making *m, enum package_kind kind,
    const unsigned char *der, size_t len, struct package_added *out, struct gh_error *err)
{
	struct package_order order = m->order;

	order.kind = kind;
	order.bytes = der;
	order.len = len;
	order.id = NULL;
	return package_add(env->store, env->server_secret, m->who, &order, out, err);
}

/* --- TAMP ------------------------------------------------------------------------------------- */

static enum package_kind
kind_of(enum tamp_message message)
{
	for (int kind = 0; kind < PACKAGE_KINDS; kind++)
		if (package_kind_info((enum package_kind)kind)->tamp == message)
			return (enum package_kind)kind;
	return PACKAGE_KINDS;
}

static int
make_tamp(struct worker_env *env, const struct package_making *m, const struct tamp_order *tamp,
    struct package_added *out, struct gh_error *err)
{
	struct signing s = {.id = {.len = 0}};
	unsigned char *der = NULL;
	struct gh_buf message;
	char type[40];
	size_t len = 0;
	int rc;

	snprintf(type, sizeof(type), TAMP_TYPE "%d", (int)tamp->message);
	gh_buf_init(&message, MADE_MAX);
	if ((rc = tamp_make(tamp, &message, err)) == 0 &&
	    (rc = gateway_signer_find(env, STORE_SIGNER_PACKAGE, m->ca, &s.signer, err)) == 0 &&
	    (rc = sign(&s, type, &message, &der, &len, err)) == 0)
		rc = add(env, m, kind_of(tamp->message), der, len, out, err);
	gateway_signer_clear(&s.signer);
	gh_buf_free(&message);
	free(der);
	return rc;
}

int
package_make_tamp(struct worker_env *env, const struct package_making *m,
    const struct tamp_order *tamp, int64_t *number, struct package_added *out, struct gh_error *err)
{
	struct tamp_order numbered = *tamp;
	int rc = store_next_tamp_number(env->store, number, err);

	numbered.number = *number;
	return rc == 0 ? make_tamp(env, m, &numbered, out, err) : rc;
}

/* --- keys ------------------------------------------------------------------------------------- */

static int
draw_id(struct signing *s, char text[PACKAGE_MADE_ID_SIZE], struct gh_error *err)
{
	unsigned char id[ID_BYTES];

	if (RAND_bytes(id, sizeof(id)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	(void)gh_hex_lower(id, sizeof(id), text);
	gh_buf_init(&s->id, 64);
	gh_der_put_header(&s->id, GH_DER_SEQUENCE, gh_der_size(sizeof(id)));
	gh_der_put(&s->id, GH_DER_OCTETS, id, sizeof(id));
	return gh_buf_check(&s->id, err);
}

/* *der: the SignedData of keys becomes SignedData { EnvelopedData { SignedData } }. */
static int
encrypt(const struct signing *s, X509 *recipient, unsigned char **der, size_t *len,
    struct gh_error *err)
{
	struct gh_der whole = {*der, *len};
	unsigned char *outer = NULL;
	struct gh_buf enveloped;
	size_t outer_len = 0;
	int rc;

	gh_buf_init(&enveloped, MADE_MAX);
	if ((rc = sym_key_envelope(&whole, recipient, &enveloped, err)) == 0)
		rc = sign(s, ENVELOPED_TYPE, &enveloped, &outer, &outer_len, err);
	if (rc == 0) {
		OPENSSL_cleanse(*der, *len);
		free(*der);
		*der = outer;
		*len = outer_len;
	}
	gh_buf_free(&enveloped);
	return rc;
}

int
package_make_keys(struct worker_env *env, const struct package_making *m,
    const struct sym_key_order *keys, X509 *recipient, char id[PACKAGE_MADE_ID_SIZE],
    struct package_added *out, struct gh_error *err)
{
	struct sym_key_order named = *keys;
	struct signing s = {.id = {.len = 0}};
	unsigned char *der = NULL;
	struct gh_buf package;
	size_t len = 0;
	int rc;

	named.id = id;
	gh_buf_init(&package, SYM_KEY_PACKAGE_MAX);
	package.secret = true;
	if ((rc = draw_id(&s, id, err)) == 0 &&
	    (rc = sym_key_package_make(&named, &package, err)) == 0 &&
	    (rc = gateway_signer_find(env, STORE_SIGNER_PACKAGE, m->ca, &s.signer, err)) == 0 &&
	    (rc = sign(&s, KEYS_TYPE, &package, &der, &len, err)) == 0 && recipient != NULL)
		rc = encrypt(&s, recipient, &der, &len, err);
	if (rc == 0)
		rc = add(env, m, PACKAGE_SYMMETRIC_KEYS, der, len, out, err);
	if (der != NULL)
		OPENSSL_cleanse(der, len);
	free(der);
	gateway_signer_clear(&s.signer);
	gh_buf_free(&s.id);
	gh_buf_free(&package);
	return rc;
}
