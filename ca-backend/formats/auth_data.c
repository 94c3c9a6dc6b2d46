/* AuthenticatedData. See auth_data.h. */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>

#include "ber.h"
#include "oid.h"

#include "auth_data.h"
#include "cms_content.h"
#include "mac_alg.h"

#define ID_CT_AUTH_DATA GH_OID_RSADSI, 1, 9, 16, 1, 2
#define ID_PBKDF2 GH_OID_RSADSI, 1, 5, 12
#define ID_CONTENT_TYPE GH_OID_RSADSI, 1, 9, 3
#define ID_MESSAGE_DIGEST GH_OID_RSADSI, 1, 9, 4
#define KEK_MAX 32      /* AES-256 */
#define MAC_KEY_MAX 256 /* bytes, wrapped: 8 more */

static int
refuse(struct gh_error *err, const char *what)
{
	return gh_refuse(err, GH_E_BAD_REQUEST, "AuthenticatedData: %s (RFC 5652, 9).", what);
}

static int
refuse_algorithm(struct gh_error *err)
{
	return gh_refuse(err, GH_E_CSR_WEAK,
	    "AuthenticatedData: it takes PBKDF2 with up to %d iterations, AES key wrap, HMAC with "
	    "SHA-256, SHA-384 or SHA-512.",
	    AUTH_DATA_ITERATIONS_MAX);
}

void
auth_data_clear(struct auth_data *a)
{
	gh_buf_free(&a->der);
	memset(a, 0, sizeof(*a));
}

bool
auth_data_is(const unsigned char *ber, size_t len)
{
	static const unsigned char oid[] = {ID_CT_AUTH_DATA};

	return cms_content_is(ber, len, &(struct gh_der){oid, sizeof(oid)});
}

/* --- the password recipient (6.2.4) ----------------------------------------------------------- */

/* PBKDF2-params ::= SEQUENCE { salt OCTET STRING, iterationCount, keyLength OPTIONAL, prf DEFAULT
 * hmacWithSHA1 } (RFC 8018, A.2) */
static int
read_pbkdf2(struct gh_der alg, struct auth_data *a, struct gh_error *err)
{
	struct gh_der oid, params;

	if (!gh_der_take(&alg, GH_DER_OID, &oid) || !gh_der_take(&alg, GH_DER_SEQUENCE, &params) ||
	    alg.len != 0)
		return refuse(err, "its key derivation is malformed");
	if (!GH_OID_IS(&oid, ID_PBKDF2))
		return refuse_algorithm(err);
	if (!gh_der_take(&params, GH_DER_OCTETS, &a->salt) ||
	    !gh_der_take_u32(&params, &a->iterations) || a->iterations == 0)
		return refuse(err, "its key derivation is malformed");
	(void)gh_der_take(&params, GH_DER_INTEGER, NULL); /* keyLength: that of the wrap */
	if (!mac_alg_take_hmac(&params, &a->prf) || a->prf == NULL ||
	    a->iterations > AUTH_DATA_ITERATIONS_MAX)
		return refuse_algorithm(err);
	return params.len == 0 ? 0 : refuse(err, "its key derivation is malformed");
}

static int
read_wrap(struct gh_der alg, struct auth_data *a, struct gh_error *err)
{
	struct gh_der oid;

	if (!gh_der_take(&alg, GH_DER_OID, &oid))
		return refuse(err, "its key wrap is malformed");
	a->wrap = GH_OID_IS(&oid, GH_OID_AES(5)) ? EVP_aes_128_wrap()
	    : GH_OID_IS(&oid, GH_OID_AES(25))    ? EVP_aes_192_wrap()
	    : GH_OID_IS(&oid, GH_OID_AES(45))    ? EVP_aes_256_wrap()
						 : NULL;
	return a->wrap != NULL ? 0 : refuse_algorithm(err);
}

/* [3] PasswordRecipientInfo ::= SEQUENCE { version 0, keyDerivationAlgorithm [0] OPTIONAL,
 * keyEncryptionAlgorithm, encryptedKey OCTET STRING } */
static int
read_recipient(struct gh_der in, struct auth_data *a, struct gh_error *err)
{
	struct gh_der pwri, kdf, wrap;
	unsigned version;
	int rc;

	if (!gh_der_take(&in, GH_DER_CONTEXT(3), &pwri) || in.len != 0 ||
	    !gh_der_take_u32(&pwri, &version) || version != 0 ||
	    !gh_der_take(&pwri, GH_DER_CONTEXT(0), &kdf) ||
	    !gh_der_take(&pwri, GH_DER_SEQUENCE, &wrap) ||
	    !gh_der_take(&pwri, GH_DER_OCTETS, &a->wrapped) || pwri.len != 0)
		return refuse(err, "it needs one recipient, by password");
	if ((rc = read_pbkdf2(kdf, a, err)) != 0 || (rc = read_wrap(wrap, a, err)) != 0)
		return rc;
	return a->wrapped.len >= 24 && a->wrapped.len <= MAC_KEY_MAX + 8 && a->wrapped.len % 8 == 0
	    ? 0
	    : refuse(err, "its wrapped key has a wrong size");
}

/* --- the rest --------------------------------------------------------------------------------- */

/* EncapsulatedContentInfo ::= SEQUENCE { eContentType, eContent [0] EXPLICIT OCTET STRING } */
static bool
take_content(struct gh_der *in, struct auth_data *a)
{
	struct gh_der info, explicit;

	return gh_der_take(in, GH_DER_SEQUENCE, &info) &&
	    gh_der_take(&info, GH_DER_OID, &a->type) &&
	    gh_der_take(&info, GH_DER_CONTEXT(0), &explicit) &&
	    gh_der_take(&explicit, GH_DER_OCTETS, &a->content) && explicit.len == 0 &&
	    info.len == 0 && a->content.len > 0;
}

/* AuthenticatedData ::= SEQUENCE { version, originatorInfo [0] OPTIONAL, recipientInfos SET,
 * macAlgorithm, digestAlgorithm [1] OPTIONAL, encapContentInfo, authAttrs [2] OPTIONAL, mac,
 * unauthAttrs [3] OPTIONAL }. digestAlgorithm [1] is implicit: its content is that of the SEQUENCE.
 */
static int
read_body(struct gh_der in, struct auth_data *a, struct gh_error *err)
{
	struct gh_der recipients, digest, oid;
	struct gh_buf alg;
	unsigned version;
	int rc;

	if (!gh_der_take_u32(&in, &version) ||
	    (!gh_der_take(&in, GH_DER_CONTEXT(0), NULL) && version != 0))
		return refuse(err, "it is malformed");
	if (!gh_der_take(&in, GH_DER_SET, &recipients))
		return refuse(err, "it has no recipients");
	if ((rc = read_recipient(recipients, a, err)) != 0)
		return rc;
	if (!mac_alg_take_hmac(&in, &a->mac) || !gh_der_take(&in, GH_DER_CONTEXT(1), &digest))
		return refuse(err, "it needs authenticated attributes");
	gh_buf_init(&alg, 256);
	gh_der_put(&alg, GH_DER_SEQUENCE, digest.p, digest.len);
	oid = (struct gh_der){alg.data, alg.failed ? 0 : alg.len};
	if (!mac_alg_take_hash(&oid, &a->digest) || a->digest == NULL || a->mac == NULL)
		rc = refuse_algorithm(err);
	gh_buf_free(&alg);
	if (rc != 0)
		return rc;
	if (!take_content(&in, a) || !gh_der_take(&in, GH_DER_CONTEXT(2), &a->attributes) ||
	    !gh_der_take(&in, GH_DER_OCTETS, &a->tag))
		return refuse(err, "it needs content, authenticated attributes and a MAC");
	(void)gh_der_take(&in, GH_DER_CONTEXT(3), NULL);
	return in.len == 0 ? 0 : refuse(err, "there is something behind it");
}

int
auth_data_read(const unsigned char *ber, size_t len, struct auth_data *out, struct gh_error *err)
{
	struct gh_der in, info, oid, explicit, body;
	int rc;

	memset(out, 0, sizeof(*out));
	gh_buf_init(&out->der, AUTH_DATA_MAX);
	if (len > AUTH_DATA_MAX || !gh_ber_put_der(&(struct gh_der){ber, len}, &out->der)) {
		auth_data_clear(out);
		return refuse(err, "it is malformed");
	}
	in = (struct gh_der){out->der.data, out->der.len};
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &info) || in.len != 0 ||
	    !gh_der_take(&info, GH_DER_OID, &oid) || !GH_OID_IS(&oid, ID_CT_AUTH_DATA) ||
	    !gh_der_take(&info, GH_DER_CONTEXT(0), &explicit) || info.len != 0 ||
	    !gh_der_take(&explicit, GH_DER_SEQUENCE, &body) || explicit.len != 0)
		rc = refuse(err, "it is malformed");
	else
		rc = read_body(body, out, err);
	if (rc != 0)
		auth_data_clear(out);
	return rc;
}

/* --- verifying -------------------------------------------------------------------------------- */

/* The one value of the attribute; false: it is not there, or twice. */
static bool
find_attribute(const struct auth_data *a, const unsigned char *oid, size_t oid_len,
    struct gh_der *value)
{
	struct gh_der in = a->attributes, one, type, values;
	int found = 0;

	while (in.len > 0) {
		if (!gh_der_take(&in, GH_DER_SEQUENCE, &one) ||
		    !gh_der_take(&one, GH_DER_OID, &type) ||
		    !gh_der_take(&one, GH_DER_SET, &values))
			return false;
		if (!gh_der_equals(&type, oid, oid_len))
			continue;
		if (found++ > 0 || !gh_der_next(&values, NULL, NULL, value) || values.len != 0)
			return false;
	}
	return found == 1;
}

static bool
fits_content(const struct auth_data *a)
{
	static const unsigned char type[] = {ID_CONTENT_TYPE}, digest[] = {ID_MESSAGE_DIGEST};
	unsigned char own[EVP_MAX_MD_SIZE];
	struct gh_der value;
	unsigned n = 0;

	return find_attribute(a, type, sizeof(type), &value) &&
	    gh_der_equals(&value, a->type.p, a->type.len) &&
	    find_attribute(a, digest, sizeof(digest), &value) &&
	    EVP_Digest(a->content.p, a->content.len, own, &n, a->digest, NULL) == 1 &&
	    gh_der_equals(&value, own, n);
}

static bool
unwrap(const struct auth_data *a, const struct gh_der *password, unsigned char key[MAC_KEY_MAX + 8],
    int *len)
{
	int size = EVP_CIPHER_get_key_length(a->wrap), rest = 0;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	unsigned char kek[KEK_MAX];
	bool ok = c != NULL &&
	    PKCS5_PBKDF2_HMAC((const char *)password->p, (int)password->len, a->salt.p,
		(int)a->salt.len, (int)a->iterations, a->prf, size, kek) == 1;

	if (ok) {
		EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
		ok = EVP_DecryptInit_ex(c, a->wrap, NULL, kek, NULL) == 1 &&
		    EVP_DecryptUpdate(c, key, len, a->wrapped.p, (int)a->wrapped.len) == 1 &&
		    EVP_DecryptFinal_ex(c, key + *len, &rest) == 1;
	}
	OPENSSL_cleanse(kek, sizeof(kek));
	EVP_CIPHER_CTX_free(c);
	ERR_clear_error();
	return ok && *len > 0;
}

/* 9.2: over the attributes as SET OF, in DER. */
static bool
fits_attributes(const struct auth_data *a, const unsigned char *key, int len)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	struct gh_buf set;
	unsigned n = 0;
	bool ok;

	gh_buf_init(&set, AUTH_DATA_MAX);
	gh_der_put(&set, GH_DER_SET, a->attributes.p, a->attributes.len);
	ok = !set.failed && HMAC(a->mac, key, len, set.data, set.len, mac, &n) != NULL &&
	    a->tag.len == n && CRYPTO_memcmp(a->tag.p, mac, n) == 0;
	gh_buf_free(&set);
	return ok;
}

int
auth_data_verify(const struct auth_data *a, const struct gh_der *password, struct gh_error *err)
{
	unsigned char key[MAC_KEY_MAX + 8];
	int len = 0;
	bool ok = unwrap(a, password, key, &len) && fits_attributes(a, key, len) && fits_content(a);

	OPENSSL_cleanse(key, sizeof(key));
	return ok ? 0 : gh_refuse(err, GH_E_SIGNATURE, "The MAC of the message is not valid.");
}
