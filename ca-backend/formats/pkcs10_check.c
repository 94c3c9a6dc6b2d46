/*
 * What every certification request must fulfil, whatever the template says: a key worth certifying
 * and a proof that the requester has it. See pkcs10.h for the floor.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "key_alg.h"

#include "pkcs10.h"
#include "roca.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 16384
#define RSA_EXPONENT_MIN 65537u /* NIST SP 800-56B, 6.2: 2^16 < e < 2^256 */
#define RSA_EXPONENT_BITS_MAX 256

static int
check_modulus(const struct ca_pkcs10 *csr, const BIGNUM *n, struct gh_error *err)
{
	if (csr->key_bits < RSA_BITS_MIN || csr->key_bits > RSA_BITS_MAX)
		return gh_refuse(err, GH_E_CSR_WEAK, "CSR: RSA key of %d bits; %d to %d are taken",
		    csr->key_bits, RSA_BITS_MIN, RSA_BITS_MAX);
	if (roca_has_small_factor(n))
		return gh_refuse(err, GH_E_CSR_WEAK, "CSR: RSA modulus has a small factor");
	if (roca_has_fingerprint(n))
		return gh_refuse(err, GH_E_CSR_WEAK,
		    "CSR: RSA key was made by a faulty library (CVE-2017-15361)");
	return 0;
}

static int
check_exponent(const BIGNUM *e, struct gh_error *err)
{
	bool is_small = BN_num_bits(e) <= 17 && BN_get_word(e) < RSA_EXPONENT_MIN;

	if (!BN_is_odd(e) || is_small || BN_num_bits(e) > RSA_EXPONENT_BITS_MAX)
		return gh_refuse(err, GH_E_CSR_WEAK,
		    "CSR: RSA exponent is even, below %u or too large", RSA_EXPONENT_MIN);
	return 0;
}

static int
check_rsa(const struct ca_pkcs10 *csr, struct gh_error *err)
{
	BIGNUM *n = NULL, *e = NULL;
	int rc;

	if (EVP_PKEY_get_bn_param(csr->key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    EVP_PKEY_get_bn_param(csr->key, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		rc = gh_refuse(err, GH_E_CSR, "CSR: the RSA key cannot be read");
	else if ((rc = check_modulus(csr, n, err)) == 0)
		rc = check_exponent(e, err);
	BN_free(n);
	BN_free(e);
	return rc;
}

/* RFC 5480, 2.1.1: namedCurve; 2.2: hybrid points are not allowed. That the point is on the curve
 * was seen when the key was decoded; the cofactor of these curves is 1. */
static int
check_ec(const struct ca_pkcs10 *csr, struct gh_error *err)
{
	const unsigned char *point = NULL;
	X509_ALGOR *alg = NULL;
	const void *parameter;
	int type = V_ASN1_UNDEF, len = 0;
	enum gh_curve curve;

	if (X509_PUBKEY_get0_param(NULL, &point, &len, &alg, X509_REQ_get_X509_PUBKEY(csr->req)) !=
	    1)
		return gh_refuse(err, GH_E_CSR, "CSR: the EC key cannot be read");
	X509_ALGOR_get0(NULL, &type, &parameter, alg);
	if (type != V_ASN1_OBJECT)
		return gh_refuse(err, GH_E_CSR_WEAK, "CSR: EC key without a named curve");
	if (!gh_curve_find(csr->curve, &curve))
		return gh_refuse(err, GH_E_CSR_WEAK, "CSR: curve %s is not taken", csr->curve);
	if (len < 1 || point[0] < 2 || point[0] > 4)
		return gh_refuse(err, GH_E_CSR_WEAK,
		    "CSR: EC point is not in a form of RFC 5480, 2.2");
	return 0;
}

static int
check_key(const struct ca_pkcs10 *csr, struct gh_error *err)
{
	switch (csr->key_type) {
	case CA_KEY_RSA:
		return check_rsa(csr, err);
	case CA_KEY_EC:
		return check_ec(csr, err);
	case CA_KEY_ED25519:
		return 0;
	case CA_KEY_OTHER:
		break;
	}
	return gh_refuse(err, GH_E_CSR_WEAK, "CSR: keys of this kind are not taken");
}

/* RSASSA-PSS names its hash in the parameters; absent means SHA-1 (RFC 4055, 3.1). */
static int
pss_digest(const X509_ALGOR *alg)
{
	const void *parameter;
	RSA_PSS_PARAMS *pss;
	const ASN1_OBJECT *hash;
	int type, nid = NID_sha1;

	X509_ALGOR_get0(NULL, &type, &parameter, alg);
	if (type != V_ASN1_SEQUENCE)
		return NID_undef;
	pss = ASN1_item_unpack(parameter, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
	if (pss == NULL)
		return NID_undef;
	if (pss->hashAlgorithm != NULL) {
		X509_ALGOR_get0(&hash, NULL, NULL, pss->hashAlgorithm);
		nid = OBJ_obj2nid(hash);
	}
	RSA_PSS_PARAMS_free(pss);
	return nid;
}

static int
check_signature_hash(const struct ca_pkcs10 *csr, struct gh_error *err)
{
	int md = NID_undef, sig = X509_REQ_get_signature_nid(csr->req);
	const X509_ALGOR *alg;

	if (sig == NID_ED25519)
		return 0;
	if (sig == NID_rsassaPss) {
		X509_REQ_get0_signature(csr->req, NULL, &alg);
		md = pss_digest(alg);
	} else if (OBJ_find_sigid_algs(sig, &md, NULL) != 1) {
		md = NID_undef;
	}
	if (md != NID_sha256 && md != NID_sha384 && md != NID_sha512 && md != NID_sha3_256 &&
	    md != NID_sha3_384 && md != NID_sha3_512)
		return gh_refuse(err, GH_E_CSR_WEAK,
		    "CSR: signed with %s; SHA-256 or stronger is needed",
		    sig == NID_undef ? "an unknown algorithm" : OBJ_nid2ln(sig));
	return 0;
}

/* RFC 4211, 4.1: over the DER of the CertRequest. */
static bool
verifies_cert_request(const struct ca_pkcs10 *csr)
{
	const unsigned char *p = csr->cert_request.p;
	ASN1_TYPE *whole = d2i_ASN1_TYPE(NULL, &p, (long)csr->cert_request.len);
	const ASN1_BIT_STRING *signature;
	const X509_ALGOR *alg;
	bool ok;

	X509_REQ_get0_signature(csr->req, &signature, &alg);
	ok = whole != NULL &&
	    ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), alg, signature, whole, csr->key) == 1;
	ASN1_TYPE_free(whole);
	return ok;
}

static bool
is_signature_right(const struct ca_pkcs10 *csr)
{
	return csr->cert_request.len > 0 ? verifies_cert_request(csr)
					 : X509_REQ_verify(csr->req, csr->key) == 1;
}

static int
refuse_without_proof(struct gh_error *err)
{
	return gh_refuse(err, GH_E_CSR_SIGNATURE,
	    "CSR: possession of the private key is not proven (RFC 4211, 4.2, 4.3)");
}

int
ca_pkcs10_check(const struct ca_pkcs10 *csr, struct gh_error *err)
{
	bool is_right;
	int rc;

	if ((rc = check_key(csr, err)) != 0 || csr->is_verified || csr->awaits_proof ||
	    (rc = check_signature_hash(csr, err)) != 0) {
		ERR_clear_error();
		return rc != 0 || !csr->awaits_proof ? rc : refuse_without_proof(err);
	}
	is_right = is_signature_right(csr);
	ERR_clear_error();
	if (!is_right)
		return gh_refuse(err, GH_E_CSR_SIGNATURE,
		    "CSR: the signature does not match the public key (%s)",
		    csr->cert_request.len > 0 ? "RFC 4211, 4.1" : "RFC 2986, 4.2");
	return 0;
}
