/* Public keys as they stand in certificates and requests. See spki.h. */
#include "oid.h"
#include "spki.h"

/* RFC 5480, 2.2 and SEC 1, 2.3.3: 02 or 03 and x; 04 (hybrid: 06 or 07), x and y */
static void
take_x(const struct gh_der *bits, struct gh_der *core)
{
	core->p = bits->p + 1;
	core->len = bits->p[0] == 2 || bits->p[0] == 3 ? bits->len - 1 : (bits->len - 1) / 2;
}

/* RSAPublicKey, RFC 8017, A.1.1; leading zeros do not count */
static bool
take_modulus(struct gh_der in, struct gh_der *core)
{
	struct gh_der body, modulus;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) || in.len != 0 ||
	    !gh_der_take(&body, GH_DER_INTEGER, &modulus) ||
	    !gh_der_take(&body, GH_DER_INTEGER, NULL) || body.len != 0)
		return false;
	while (modulus.len > 0 && modulus.p[0] == 0) {
		modulus.p++;
		modulus.len--;
	}
	*core = modulus;
	return modulus.len > 0;
}

bool
gh_spki_core(const struct gh_der *spki, struct gh_der *core)
{
	struct gh_der in = *spki, body, alg, oid, bits;

	*core = (struct gh_der){NULL, 0};
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) || in.len != 0 ||
	    !gh_der_take(&body, GH_DER_SEQUENCE, &alg) || !gh_der_take(&alg, GH_DER_OID, &oid) ||
	    !gh_der_take_octet_bits(&body, &bits) || body.len != 0 || bits.len == 0)
		return false;
	if (GH_OID_IS(&oid, GH_OID_EC))
		take_x(&bits, core);
	else if (!take_modulus(bits, core))
		*core = bits;
	return true;
}

/* Certificate { TBSCertificate { [0] version, serial, signature, issuer, validity, subject, SPKI;
 * RFC 5280, 4.1 */
bool
gh_spki_of_cert(const struct gh_der *cert, struct gh_der *spki)
{
	struct gh_der in = *cert, body, tbs;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) || !gh_der_take(&body, GH_DER_SEQUENCE, &tbs))
		return false;
	(void)gh_der_take(&tbs, GH_DER_CONTEXT(0), NULL);
	if (!gh_der_take(&tbs, GH_DER_INTEGER, NULL))
		return false;
	for (int i = 0; i < 4; i++)
		if (!gh_der_take(&tbs, GH_DER_SEQUENCE, NULL))
			return false;
	return gh_der_take_whole(&tbs, GH_DER_SEQUENCE, spki);
}
