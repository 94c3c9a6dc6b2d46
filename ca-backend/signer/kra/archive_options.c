/* A private key as CRMF has it in a request. See archive_options.h. */
#include <openssl/crypto.h>

#include "ber.h"
#include "oid.h"

#include "archive_options.h"
#include "recipient.h"
#include "signer/wrap/refusal.h"
#include "wrapping.h"

/* What both forms come to. */
struct envelope {
	struct recipient recipient;
	const struct payload_alg *alg;
	struct payload_form form;
	struct gh_buf cipher, aad;
	bool is_with_id; /* an EncKeyWithID, not the bare PrivateKeyInfo */
};

static int
refuse_form(struct gh_error *err)
{
	return gh_refuse(err, GH_E_VALIDATION,
	    "The PKIArchiveOptions are malformed (RFC 4211, 6.4).");
}

static int
read_algorithm(const struct gh_der *algorithm, struct envelope *e, struct gh_error *err)
{
	if (payload_alg_read(algorithm, &e->alg, &e->form.iv))
		return 0;
	return gh_refuse(err, GH_E_VALIDATION,
	    "The archived key is not encrypted with AES-128 or AES-256 in GCM (tag of 16 octets), "
	    "CBC, KW or KWP.");
}

/* --- EnvelopedData ---------------------------------------------------------------------------- */

static int
read_recipients(struct gh_der in, struct envelope *e, struct gh_error *err)
{
	struct gh_der one;

	if (!gh_der_next(&in, NULL, &one, NULL))
		return refuse_form(err);
	if (in.len != 0)
		return gh_refuse(err, GH_E_VALIDATION,
		    "The archived key is for more than one recipient.");
	return recipient_read(&one, &e->recipient, err);
}

/* encryptedContent [0] IMPLICIT OCTET STRING, in one piece or in several. */
static bool
read_content(struct gh_der in, struct envelope *e)
{
	struct gh_der content, piece;

	if (gh_der_take(&in, GH_DER_PRIMITIVE(0), &content)) {
		gh_buf_put(&e->cipher, content.p, content.len);
		return in.len == 0;
	}
	if (!gh_der_take(&in, GH_DER_CONTEXT(0), &content) || in.len != 0)
		return false;
	while (content.len > 0) {
		if (!gh_der_take(&content, GH_DER_OCTETS, &piece))
			return false;
		gh_buf_put(&e->cipher, piece.p, piece.len);
	}
	return true;
}

static int
read_content_info(struct gh_der in, struct envelope *e, struct gh_error *err)
{
	struct gh_der type, alg;
	int rc;

	if (!gh_der_take(&in, GH_DER_OID, &type) || !gh_der_take(&in, GH_DER_SEQUENCE, &alg))
		return refuse_form(err);
	e->is_with_id = GH_OID_IS(&type, GH_OID_ENC_KEY_WITH_ID);
	if (!e->is_with_id && !GH_OID_IS(&type, GH_OID_PKCS7_DATA))
		return gh_refuse(err, GH_E_VALIDATION,
		    "The archived key is neither an EncKeyWithID nor a PrivateKeyInfo.");
	if ((rc = read_algorithm(&alg, e, err)) != 0)
		return rc;
	return read_content(in, e) ? 0 : refuse_form(err);
}

/* What stands behind the content: attributes, which say nothing here; or those that are
 * authenticated as a SET (RFC 5083, 2.2), with the MAC, where GCM has its tag. */
static bool
read_rest(struct gh_der in, struct envelope *e)
{
	struct gh_der attributes = {NULL, 0}, mac;

	(void)gh_der_take(&in, GH_DER_CONTEXT(1), &attributes);
	if (gh_der_take(&in, GH_DER_OCTETS, &mac)) {
		gh_buf_put(&e->cipher, mac.p, mac.len);
		if (attributes.p != NULL)
			gh_der_put(&e->aad, GH_DER_SET, attributes.p, attributes.len);
		(void)gh_der_take(&in, GH_DER_CONTEXT(2), NULL);
	}
	return in.len == 0;
}

/* in: the content of its SEQUENCE. */
static int
read_enveloped(struct gh_der in, struct envelope *e, struct gh_error *err)
{
	struct gh_der recipients, content;
	unsigned version;
	int rc;

	if (!gh_der_take_u32(&in, &version))
		return refuse_form(err);
	(void)gh_der_take(&in, GH_DER_CONTEXT(0), NULL); /* originatorInfo */
	if (!gh_der_take(&in, GH_DER_SET, &recipients) ||
	    !gh_der_take(&in, GH_DER_SEQUENCE, &content))
		return refuse_form(err);
	if ((rc = read_recipients(recipients, e, err)) != 0 ||
	    (rc = read_content_info(content, e, err)) != 0)
		return rc;
	return read_rest(in, e) ? 0 : refuse_form(err);
}

/* --- EncryptedValue (RFC 4211, 2.1) ----------------------------------------------------------- */

/* [n] IMPLICIT BIT STRING of whole octets. */
static bool
take_bits(struct gh_der *in, unsigned n, struct gh_der *out)
{
	struct gh_der bits;

	if (!gh_der_take(in, GH_DER_PRIMITIVE(n), &bits) || bits.len < 1 || bits.p[0] != 0)
		return false;
	*out = (struct gh_der){bits.p + 1, bits.len - 1};
	return true;
}

static int
read_value(struct gh_der in, struct envelope *e, struct gh_error *err)
{
	struct gh_der alg, key_alg, value;
	int rc;

	(void)gh_der_take(&in, GH_DER_CONTEXT(0), NULL); /* intendedAlg */
	if (!gh_der_take(&in, GH_DER_CONTEXT(1), &alg) || !take_bits(&in, 2, &e->recipient.cipher))
		return gh_refuse(err, GH_E_VALIDATION,
		    "The EncryptedValue has no symmAlg, or no encSymmKey.");
	e->recipient.way = RECIPIENT_RSA;
	if ((rc = read_algorithm(&alg, e, err)) != 0 ||
	    (gh_der_take(&in, GH_DER_CONTEXT(3), &key_alg) &&
		(rc = recipient_read_rsa(&key_alg, &e->recipient.way, err)) != 0))
		return rc;
	(void)gh_der_take(&in, GH_DER_PRIMITIVE(4), NULL); /* valueHint */
	if (!gh_der_take_octet_bits(&in, &value) || in.len != 0)
		return refuse_form(err);
	gh_buf_put(&e->cipher, value.p, value.len);
	return 0;
}

/* --- both ------------------------------------------------------------------------------------- */

/* PKIArchiveOptions ::= CHOICE { encryptedPrivKey [0] EncryptedKey, keyGenParameters [1],
 * archiveRemGenPrivKey [2] }; EncryptedKey ::= CHOICE { EncryptedValue, [0] EnvelopedData } */
static int
read_options(struct gh_der in, struct envelope *e, struct gh_error *err)
{
	struct gh_der key, body;

	if (gh_der_has_tag(&in, GH_DER_CONTEXT(1)) || gh_der_has_tag(&in, GH_DER_PRIMITIVE(1)) ||
	    gh_der_has_tag(&in, GH_DER_PRIMITIVE(2)))
		return gh_refuse(err, GH_E_VALIDATION,
		    "Of PKIArchiveOptions only encryptedPrivKey is taken: the client makes its key, and "
		    "sends it.");
	if (!gh_der_take(&in, GH_DER_CONTEXT(0), &key) || in.len != 0)
		return refuse_form(err);
	if (gh_der_take(&key, GH_DER_SEQUENCE, &body) && key.len == 0)
		return read_value(body, e, err);
	if (gh_der_take(&key, GH_DER_CONTEXT(0), &body) && key.len == 0)
		return read_enveloped(body, e, err);
	return refuse_form(err);
}

/* EncKeyWithID ::= SEQUENCE { privateKey PrivateKeyInfo, identifier CHOICE { string UTF8String,
 * generalName GeneralName } OPTIONAL }: whose key it is, the request says. The padding of CBC stays
 * behind the key. */
static bool
put_key(const struct envelope *e, struct gh_der in, struct gh_buf *out)
{
	struct gh_der body, key = in;

	if (e->is_with_id) {
		if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) ||
		    !gh_der_take_whole(&body, GH_DER_SEQUENCE, &key) ||
		    (body.len > 0 && (!gh_der_next(&body, NULL, NULL, NULL) || body.len != 0)) ||
		    (in.len > 0 && payload_alg_is_authentic(e->alg)))
			return false;
	}
	gh_buf_put(out, key.p, key.len);
	if (e->is_with_id)
		gh_buf_put(out, in.p, in.len);
	return true;
}

static int
open_content(const struct envelope *e, const unsigned char *key, struct gh_buf *out,
    struct gh_error *err)
{
	struct gh_buf content;
	int rc;

	gh_buf_init(&content, KRA_SECRET_MAX);
	content.secret = true;
	if ((rc = payload_unwrap_form(e->alg, key, &e->form,
		 &(struct gh_der){e->cipher.data, e->cipher.len}, &content, err)) == 0) {
		if (put_key(e, (struct gh_der){content.data, content.len}, out))
			rc = gh_buf_check(out, err);
		else if (payload_alg_is_authentic(e->alg))
			rc = refuse_form(err);
		else
			rc = refuse_wrapped_secret(err);
	}
	gh_buf_free(&content);
	return rc;
}

static int
open_envelope(const struct kra *k, const unsigned char transport_id[KRA_KEY_ID_SIZE],
    const struct envelope *e, struct gh_buf *out, struct gh_error *err)
{
	struct session_key key = {.alg = e->alg};
	struct issuer *transport;
	int rc;

	if ((rc = wrapping_check(k, e->recipient.way == RECIPIENT_V15, e->alg, err)) != 0 ||
	    (rc = kra_find_key(k, ISSUER_TRANSPORT, transport_id, &transport, err)) != 0)
		return rc;
	if ((rc = recipient_open(transport->key, &e->recipient, k->allows_legacy,
		 payload_alg_key_size(e->alg), key.bytes, err)) == 0)
		rc = open_content(e, key.bytes, out, err);
	issuer_unref(transport);
	OPENSSL_cleanse(&key, sizeof(key));
	return rc;
}

/* options: DER. */
static int
open_der(const struct kra *k, const unsigned char transport_id[KRA_KEY_ID_SIZE],
    const struct gh_der *options, struct gh_buf *out, bool *is_authentic, struct gh_error *err)
{
	struct envelope e = {.is_with_id = false};
	int rc;

	gh_buf_init(&e.cipher, KRA_OPTIONS_MAX);
	gh_buf_init(&e.aad, KRA_OPTIONS_MAX);
	if ((rc = read_options(*options, &e, err)) == 0 &&
	    (rc = gh_buf_check(&e.cipher, err)) == 0 && (rc = gh_buf_check(&e.aad, err)) == 0) {
		e.form.aad = (struct gh_der){e.aad.data, e.aad.len};
		*is_authentic = payload_alg_is_authentic(e.alg);
		rc = open_envelope(k, transport_id, &e, out, err);
	}
	gh_buf_free(&e.cipher);
	gh_buf_free(&e.aad);
	return rc;
}

int
archive_options_open(const struct kra *k, const unsigned char transport_id[KRA_KEY_ID_SIZE],
    const struct gh_der *options, struct gh_buf *out, bool *is_authentic, struct gh_error *err)
{
	struct gh_buf der;
	int rc;

	*is_authentic = false;
	gh_buf_init(&der, KRA_OPTIONS_MAX);
	if (!gh_ber_put_der(options, &der) || !gh_der_is_strict(der.data, der.len))
		rc = refuse_form(err);
	else
		rc = open_der(k, transport_id, &(struct gh_der){der.data, der.len}, out,
		    is_authentic, err);
	gh_buf_free(&der);
	return rc;
}
