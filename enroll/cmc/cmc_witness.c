/* Witnesses of a shared secret. See cmc_witness.h. */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "formats/mac_alg.h"
#include "oid.h"

#include "cmc_witness.h"

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
	struct gh_der in = *value, all, witness;
	unsigned char mac[EVP_MAX_MD_SIZE];
	const EVP_MD *hash, *hmac;
	unsigned len = 0;
	bool fits;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &all) || !mac_alg_take_hash(&all, &hash) ||
	    !mac_alg_take_hmac(&all, &hmac) || !gh_der_take(&all, GH_DER_OCTETS, &witness) ||
	    all.len != 0)
		return gh_refuse(err, GH_E_BAD_REQUEST, "The witness of the secret is malformed.");
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

int
cmc_witness_put(const struct gh_der *secret, const struct gh_der *over, struct gh_buf *out,
    struct gh_error *err)
{
	static const unsigned char sha256[] = {GH_OID_DER(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1)},
				   hmac[] = {GH_OID_DER(GH_OID_RSADSI, 2, 9)};
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!make(EVP_sha256(), EVP_sha256(), secret, over, mac, &len))
		return gh_fail(err, GH_E_INTERNAL, "HMAC");
	gh_der_put_header(out, GH_DER_SEQUENCE,
	    gh_der_size(sizeof(sha256)) + gh_der_size(sizeof(hmac)) + gh_der_size(len));
	gh_der_put(out, GH_DER_SEQUENCE, sha256, sizeof(sha256));
	gh_der_put(out, GH_DER_SEQUENCE, hmac, sizeof(hmac));
	gh_der_put(out, GH_DER_OCTETS, mac, len);
	return gh_buf_check(out, err);
}
