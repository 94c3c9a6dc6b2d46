/* Hashes and HMACs by their identifiers. See mac_alg.h. */
#include "oid.h"

#include "mac_alg.h"

/* 2.16.840.1.101.3.4.2 and 1.2.840.113549.2 */
#define HASH(n) 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, (n)
#define HMAC_WITH(n) GH_OID_RSADSI, 2, (n)

/* oid: its content. */
static bool
take_algorithm(struct gh_der *in, struct gh_der *oid)
{
	struct gh_der alg, null;

	if (!gh_der_take(in, GH_DER_SEQUENCE, &alg) || !gh_der_take(&alg, GH_DER_OID, oid))
		return false;
	return alg.len == 0 ||
	    (gh_der_take(&alg, GH_DER_NULL, &null) && null.len == 0 && alg.len == 0);
}

bool
mac_alg_take_hash(struct gh_der *in, const EVP_MD **md)
{
	struct gh_der oid;

	*md = NULL;
	if (!take_algorithm(in, &oid))
		return false;
	*md = GH_OID_IS(&oid, HASH(1)) ? EVP_sha256()
	    : GH_OID_IS(&oid, HASH(2)) ? EVP_sha384()
	    : GH_OID_IS(&oid, HASH(3)) ? EVP_sha512()
				       : NULL;
	return true;
}

bool
mac_alg_take_hmac(struct gh_der *in, const EVP_MD **md)
{
	struct gh_der oid;

	*md = NULL;
	if (!take_algorithm(in, &oid))
		return false;
	*md = GH_OID_IS(&oid, HMAC_WITH(9))  ? EVP_sha256()
	    : GH_OID_IS(&oid, HMAC_WITH(10)) ? EVP_sha384()
	    : GH_OID_IS(&oid, HMAC_WITH(11)) ? EVP_sha512()
					     : NULL;
	return true;
}
