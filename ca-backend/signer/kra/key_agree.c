/* ECDH with a key of the KRA. See key_agree.h. */
#include <openssl/x509.h>

#include "signer/keys/token.h"
#include "signer/wrap/refusal.h"
#include "spki.h"

#include "key_agree.h"

/* --- the other side --------------------------------------------------------------------------- */

/* peer, when it is valid and of own's curve; else it is freed. */
static EVP_PKEY *
check_peer(EVP_PKEY *own, EVP_PKEY *peer)
{
	EVP_PKEY_CTX *ctx = peer != NULL ? EVP_PKEY_CTX_new(peer, NULL) : NULL;
	bool ok = ctx != NULL && EVP_PKEY_is_a(peer, "EC") &&
	    EVP_PKEY_parameters_eq(own, peer) == 1 && EVP_PKEY_public_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	if (ok)
		return peer;
	EVP_PKEY_free(peer);
	return NULL;
}

EVP_PKEY *
key_agree_read_peer(EVP_PKEY *own, const struct gh_der *spki)
{
	const unsigned char *p = spki->p;
	struct gh_der core;
	EVP_PKEY *peer;

	if (!EVP_PKEY_is_a(own, "EC") || !gh_der_is_strict(spki->p, spki->len) ||
	    !gh_spki_core(spki, &core))
		return NULL;
	peer = d2i_PUBKEY(NULL, &p, (long)spki->len);
	/* nor hybrid (06, 07 in front of x), which is another encoding of the same point */
	if (peer == NULL || p != spki->p + spki->len || core.p[-1] > 4) {
		EVP_PKEY_free(peer);
		return NULL;
	}
	return check_peer(own, peer);
}

EVP_PKEY *
key_agree_peer_at(EVP_PKEY *own, const struct gh_der *point)
{
	EVP_PKEY *peer;

	if (!EVP_PKEY_is_a(own, "EC") || point->len < 2 || point->p[0] < 2 || point->p[0] > 4 ||
	    (peer = EVP_PKEY_new()) == NULL)
		return NULL;
	if (EVP_PKEY_copy_parameters(peer, own) != 1 ||
	    EVP_PKEY_set1_encoded_public_key(peer, point->p, point->len) != 1) {
		EVP_PKEY_free(peer);
		return NULL;
	}
	return check_peer(own, peer);
}

/* --- the secret ------------------------------------------------------------------------------- */

int
key_agree(EVP_PKEY *own, EVP_PKEY *peer, unsigned char secret[ECDH_SECRET_MAX], size_t *len,
    struct gh_error *err)
{
	if (token_has(own)) {
		*len = ECDH_SECRET_MAX;
		return token_derive(own, peer, secret, len, err);
	}
	return ecdh(own, peer, secret, len) ? 0 : refuse_wrapped_key(err);
}
