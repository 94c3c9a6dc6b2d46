/* A content key that was wrapped for a transport key. See recipient.h. */
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "oid.h"

#include "key_agree.h"
#include "key_unwrap.h"
#include "recipient.h"
#include "signer/wrap/refusal.h"

#define INFO_MAX 1024 /* bytes of an ECC-CMS-SharedInfo */
#define UKM_MAX 256

static int
refuse_form(struct gh_error *err)
{
	return gh_refuse(err, GH_E_VALIDATION,
	    "The RecipientInfo of the archived key is none of RFC 5652, 6.2.1 and 6.2.2.");
}

/* --- RSA -------------------------------------------------------------------------------------- */

/* AlgorithmIdentifier of SHA-256; its parameters are NULL or left out (RFC 5754, 2). */
static bool
is_sha256(struct gh_der in)
{
	struct gh_der alg, oid;

	return gh_der_take(&in, GH_DER_SEQUENCE, &alg) && in.len == 0 &&
	    gh_der_take(&alg, GH_DER_OID, &oid) && GH_OID_IS(&oid, GH_OID_SHA256) &&
	    (alg.len == 0 || (gh_der_take(&alg, GH_DER_NULL, NULL) && alg.len == 0));
}

static bool
is_mgf1_sha256(struct gh_der in)
{
	struct gh_der alg, oid;

	return gh_der_take(&in, GH_DER_SEQUENCE, &alg) && in.len == 0 &&
	    gh_der_take(&alg, GH_DER_OID, &oid) && GH_OID_IS(&oid, GH_OID_MGF1) && is_sha256(alg);
}

/* pSpecified with an empty label, which is the default. */
static bool
is_without_label(struct gh_der in)
{
	struct gh_der alg, oid, label;

	return gh_der_take(&in, GH_DER_SEQUENCE, &alg) && in.len == 0 &&
	    gh_der_take(&alg, GH_DER_OID, &oid) && GH_OID_IS(&oid, GH_OID_P_SPECIFIED) &&
	    gh_der_take(&alg, GH_DER_OCTETS, &label) && label.len == 0 && alg.len == 0;
}

/* RSAES-OAEP-params (RFC 8017, A.2.1): what is left out means SHA-1. */
static bool
is_oaep_sha256(struct gh_der in)
{
	struct gh_der params, hash, mgf, label;

	return gh_der_take(&in, GH_DER_SEQUENCE, &params) && in.len == 0 &&
	    gh_der_take(&params, GH_DER_CONTEXT(0), &hash) && is_sha256(hash) &&
	    gh_der_take(&params, GH_DER_CONTEXT(1), &mgf) && is_mgf1_sha256(mgf) &&
	    (!gh_der_take(&params, GH_DER_CONTEXT(2), &label) || is_without_label(label)) &&
	    params.len == 0;
}

int
recipient_read_rsa(const struct gh_der *algorithm, enum recipient_way *out, struct gh_error *err)
{
	struct gh_der in = *algorithm, oid;

	if (!gh_der_take(&in, GH_DER_OID, &oid))
		return refuse_form(err);
	if (GH_OID_IS(&oid, GH_OID_RSAES_OAEP) && is_oaep_sha256(in)) {
		*out = RECIPIENT_OAEP;
		return 0;
	}
	if (GH_OID_IS(&oid, GH_OID_RSA)) {
		*out = RECIPIENT_V15;
		return 0;
	}
	return gh_refuse(err, GH_E_VALIDATION,
	    "The key of the archived key is not wrapped with RSAES-OAEP, SHA-256 and MGF1 with "
	    "SHA-256.");
}

/* KeyTransRecipientInfo */
static int
read_transport(struct gh_der in, struct recipient *out, struct gh_error *err)
{
	struct gh_der alg;
	unsigned version;
	int rc;

	if (!gh_der_take_u32(&in, &version) ||
	    (!gh_der_take(&in, GH_DER_SEQUENCE, NULL) &&
		!gh_der_take(&in, GH_DER_PRIMITIVE(0), NULL)) ||
	    !gh_der_take(&in, GH_DER_SEQUENCE, &alg))
		return refuse_form(err);
	if ((rc = recipient_read_rsa(&alg, &out->way, err)) != 0)
		return rc;
	if (!gh_der_take(&in, GH_DER_OCTETS, &out->cipher) || in.len != 0)
		return refuse_form(err);
	return 0;
}

/* --- agreement -------------------------------------------------------------------------------- */

/* originator [0] { originatorKey [1] { AlgorithmIdentifier, BIT STRING } }; the algorithm says no
 * more than that it is EC: the curve is the recipient's (RFC 5753, 3.1.1). */
static bool
read_originator(struct gh_der in, struct recipient *out)
{
	struct gh_der key, alg, oid;

	return gh_der_take(&in, GH_DER_CONTEXT(1), &key) && in.len == 0 &&
	    gh_der_take(&key, GH_DER_SEQUENCE, &alg) && gh_der_take(&alg, GH_DER_OID, &oid) &&
	    GH_OID_IS(&oid, GH_OID_EC) && gh_der_take_octet_bits(&key, &out->point) && key.len == 0;
}

/* ukm [1]. false: too long. */
static bool
read_ukm(struct gh_der *in, struct recipient *out)
{
	struct gh_der ukm;

	out->ukm = (struct gh_der){NULL, 0};
	return !gh_der_take(in, GH_DER_CONTEXT(1), &ukm) ||
	    (gh_der_take(&ukm, GH_DER_OCTETS, &out->ukm) && ukm.len == 0 &&
		out->ukm.len <= UKM_MAX);
}

/* The scheme and, as its parameter, the key wrap (RFC 5753, 3.1.1). */
static bool
read_scheme(struct gh_der in, struct recipient *out)
{
	struct gh_der oid, wrap;

	if (!gh_der_take(&in, GH_DER_OID, &oid) || !GH_OID_IS(&oid, GH_OID_DH_SHA256KDF))
		return false;
	out->wrap_alg = in;
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &wrap) || in.len != 0 ||
	    !gh_der_take(&wrap, GH_DER_OID, &oid))
		return false;
	out->kek_size = GH_OID_IS(&oid, GH_OID_AES(5)) ? 16
	    : GH_OID_IS(&oid, GH_OID_AES(45))          ? 32
						       : 0;
	return out->kek_size != 0 &&
	    (wrap.len == 0 || (gh_der_take(&wrap, GH_DER_NULL, NULL) && wrap.len == 0));
}

/* RecipientEncryptedKeys: one. */
static bool
read_encrypted_key(struct gh_der in, struct recipient *out)
{
	struct gh_der one;

	return gh_der_take(&in, GH_DER_SEQUENCE, &one) && in.len == 0 &&
	    (gh_der_take(&one, GH_DER_SEQUENCE, NULL) ||
		gh_der_take(&one, GH_DER_CONTEXT(0), NULL)) &&
	    gh_der_take(&one, GH_DER_OCTETS, &out->cipher) && one.len == 0;
}

/* KeyAgreeRecipientInfo */
static int
read_agreement(struct gh_der in, struct recipient *out, struct gh_error *err)
{
	struct gh_der originator, alg, keys;
	unsigned version;

	out->way = RECIPIENT_AGREED;
	if (!gh_der_take_u32(&in, &version) || !gh_der_take(&in, GH_DER_CONTEXT(0), &originator) ||
	    !read_ukm(&in, out) || !gh_der_take(&in, GH_DER_SEQUENCE, &alg) ||
	    !gh_der_take(&in, GH_DER_SEQUENCE, &keys) || in.len != 0)
		return refuse_form(err);
	if (!read_originator(originator, out))
		return gh_refuse(err, GH_E_VALIDATION,
		    "The originator of the archived key is not an ephemeral EC key.");
	if (!read_scheme(alg, out))
		return gh_refuse(err, GH_E_VALIDATION,
		    "The key of the archived key is not wrapped with "
		    "dhSinglePass-stdDH-sha256kdf-scheme and AES-128 or AES-256 key wrap.");
	return read_encrypted_key(keys, out) ? 0 : refuse_form(err);
}

int
recipient_read(const struct gh_der *info, struct recipient *out, struct gh_error *err)
{
	struct gh_der in = *info, body;

	*out = (struct recipient){0};
	if (gh_der_take(&in, GH_DER_SEQUENCE, &body) && in.len == 0)
		return read_transport(body, out, err);
	if (gh_der_take(&in, GH_DER_CONTEXT(1), &body) && in.len == 0)
		return read_agreement(body, out, err);
	return refuse_form(err);
}

/* --- opening ---------------------------------------------------------------------------------- */

static void
put_explicit(struct gh_buf *b, unsigned n, const unsigned char *octets, size_t len)
{
	gh_der_put_header(b, GH_DER_CONTEXT(n), gh_der_size(len));
	gh_der_put(b, GH_DER_OCTETS, octets, len);
}

/* ECC-CMS-SharedInfo (RFC 5753, 7.2): the wrap, ukm, and how many bits the key has. */
static int
put_shared_info(const struct recipient *r, struct gh_buf *out, struct gh_error *err)
{
	const unsigned char bits[4] = {0, 0, (unsigned char)(r->kek_size * 8 >> 8),
	    (unsigned char)(r->kek_size * 8)};
	struct gh_buf body;
	int rc;

	gh_buf_init(&body, INFO_MAX);
	gh_buf_put(&body, r->wrap_alg.p, r->wrap_alg.len);
	if (r->ukm.len > 0)
		put_explicit(&body, 0, r->ukm.p, r->ukm.len);
	put_explicit(&body, 2, bits, sizeof(bits));
	if ((rc = gh_buf_check(&body, err)) == 0) {
		gh_der_put(out, GH_DER_SEQUENCE, body.data, body.len);
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&body);
	return rc;
}

static int
open_with_peer(EVP_PKEY *with, EVP_PKEY *peer, const struct recipient *r, size_t len,
    unsigned char *out, struct gh_error *err)
{
	unsigned char secret[ECDH_SECRET_MAX], kek[32];
	struct gh_buf info;
	size_t secret_len;
	int rc;

	gh_buf_init(&info, INFO_MAX);
	if ((rc = put_shared_info(r, &info, err)) == 0 &&
	    (rc = key_agree(with, peer, secret, &secret_len, err)) == 0 &&
	    (!kdf_sha256("X963KDF", &(struct gh_der){secret, secret_len},
		 &(struct gh_der){info.data, info.len}, kek, r->kek_size) ||
		!aes_kw_unwrap(kek, r->kek_size, &r->cipher, out, len)))
		rc = refuse_wrapped_key(err);
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(kek, sizeof(kek));
	gh_buf_free(&info);
	return rc;
}

static int
open_agreed(EVP_PKEY *with, const struct recipient *r, size_t len, unsigned char *out,
    struct gh_error *err)
{
	EVP_PKEY *peer = key_agree_peer_at(with, &r->point);
	int rc =
	    peer != NULL ? open_with_peer(with, peer, r, len, out, err) : refuse_wrapped_key(err);

	EVP_PKEY_free(peer);
	ERR_clear_error();
	return rc;
}

int
recipient_open(EVP_PKEY *with, const struct recipient *r, bool allows_v15, size_t len,
    unsigned char *out, struct gh_error *err)
{
	struct wrapped_key key = {.alg = KEY_WRAP_RSA_OAEP_256, .cipher = r->cipher};
	int rc;

	if (r->way == RECIPIENT_AGREED)
		return open_agreed(with, r, len, out, err);
	if (r->way == RECIPIENT_V15)
		key.alg = KEY_WRAP_RSA1_5;
	rc = key_unwrap(with, &key, len, out, err);
	if (rc == GH_E_VALIDATION && r->way == RECIPIENT_RSA && allows_v15) {
		key.alg = KEY_WRAP_RSA1_5;
		rc = key_unwrap(with, &key, len, out, err);
	}
	return rc;
}
