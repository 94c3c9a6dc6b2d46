/* Witnesses of the first version. See cmc_legacy.h. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "cmc_legacy.h"

#define SIZE 20 /* bytes of a SHA-1 */

int
cmc_legacy_check_witness(const struct gh_der *witness, const struct gh_der *secret,
    const struct gh_der *over, struct gh_error *err)
{
	unsigned char key[SIZE], mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	bool is_made, fits;

	is_made = EVP_Digest(secret->p, secret->len, key, NULL, EVP_sha1(), NULL) == 1 &&
	    HMAC(EVP_sha1(), key, SIZE, over->p, over->len, mac, &n) != NULL && n == SIZE;
	fits = is_made && witness->len == SIZE && CRYPTO_memcmp(witness->p, mac, SIZE) == 0;
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(mac, sizeof(mac));
	if (!is_made)
		return gh_fail(err, GH_E_INTERNAL, "HMAC");
	return fits ? 0
		    : gh_refuse(err, GH_E_AUTH_FAILED,
			  "Identification and secret do not fit, or are not known.");
}
