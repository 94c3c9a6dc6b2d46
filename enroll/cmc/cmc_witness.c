/* Witnesses of a shared secret. See cmc_witness.h. */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "oid.h"

#include "cmc_witness.h"

/* id-sha256 and its sisters, 2.16.840.1.101.3.4.2; id-hmacWithSHA256 and its, 1.2.840.113549.2
 * (RFC 5754, RFC 8018 B.1.2). */
#define HASH(n) 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, (n)
#define HMAC_WITH(n) GH_OID_RSADSI, 2, (n)

/* NULL: another one. */
static const EVP_MD *
find_hash(const struct gh_der *oid)
{
	return GH_OID_IS(oid, HASH(1)) ? EVP_sha256()
	    : GH_OID_IS(oid, HASH(2))  ? EVP_sha384()
	    : GH_OID_IS(oid, HASH(3))  ? EVP_sha512()
				       : NULL;
}

static const EVP_MD *
find_hmac(const struct gh_der *oid)
{
	return GH_OID_IS(oid, HMAC_WITH(9)) ? EVP_sha256()
	    : GH_OID_IS(oid, HMAC_WITH(10)) ? EVP_sha384()
	    : GH_OID_IS(oid, HMAC_WITH(11)) ? EVP_sha512()
					    : NULL;
}

/* AlgorithmIdentifier whose parameters are absent or NULL; oid: its content. */
static bool
take_algorithm(struct gh_der *in, struct gh_der *oid)
{
	struct gh_der alg, null;

	if (!gh_der_take(in, GH_DER_SEQUENCE, &alg) || !gh_der_take(&alg, GH_DER_OID, oid))
		return false;
	return alg.len == 0 ||
	    (gh_der_take(&alg, GH_DER_NULL, &null) && null.len == 0 && alg.len == 0);
}

static bool
make(const EVP_MD *hash, const EVP_MD *mac, const struct gh_der *secret, const struct gh_der *over,
    unsigned char out[EVP_MAX_MD_SIZE], unsigned *len)
{
	unsigned char key[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	bool ok = EVP_Digest(secret->p, secret->len, key, &n, hash, NULL) == 1 &&
	    HMAC(mac, key, (int)n, over->p, over->len, out, len) != NULL;

	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

int
cmc_witness_check(const struct gh_der *value, const struct gh_der *secret,
    const struct gh_der *over, struct gh_error *err)
{
	struct gh_der in = *value, all, hash_oid, mac_oid, witness;
	unsigned char mac[EVP_MAX_MD_SIZE];
	const EVP_MD *hash, *hmac;
	unsigned len = 0;
	bool fits;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &all) || !take_algorithm(&all, &hash_oid) ||
	    !take_algorithm(&all, &mac_oid) || !gh_der_take(&all, GH_DER_OCTETS, &witness) ||
	    all.len != 0)
		return gh_refuse(err, GH_E_BAD_REQUEST, "The witness of the secret is malformed.");
	hash = find_hash(&hash_oid);
	hmac = find_hmac(&mac_oid);
	if (hash == NULL || hmac == NULL)
		return gh_refuse(err, GH_E_CSR_WEAK,
		    "A witness of a secret takes SHA-256, SHA-384 or SHA-512, and HMAC with one of "
		    "them.");
	if (!make(hash, hmac, secret, over, mac, &len))
		return gh_fail(err, GH_E_INTERNAL, "HMAC");
	fits = witness.len == len && CRYPTO_memcmp(witness.p, mac, len) == 0;
	OPENSSL_cleanse(mac, sizeof(mac));
	return fits ? 0
		    : gh_refuse(err, GH_E_AUTH_FAILED,
			  "Identification and secret do not fit, or are not known.");
}
