/* Which keys a template takes (msPKI-Minimal-Key-Size, widened to several types of key). */
#include <string.h>

#include "model.h"

#define USE_KEY_ENCIPHERMENT (1u << 2)
#define USE_DATA_ENCIPHERMENT (1u << 3)
#define USE_KEY_AGREEMENT (1u << 4)
#define USE_ENCIPHER_ONLY (1u << 7)
#define USE_DECIPHER_ONLY (1u << 8)
#define USE_AGREEMENT_BITS (USE_KEY_AGREEMENT | USE_ENCIPHER_ONLY | USE_DECIPHER_ONLY)

/* Usages a key of this type cannot have. */
static const struct {
	enum ca_key_type type;
	uint32_t never;
} usage_limit[] = {
    /* RFC 3279, 2.3.1: RSA does not agree on keys */
    {CA_KEY_RSA, USE_AGREEMENT_BITS},
    /* RFC 8813, 3: EC keys encipher nothing */
    {CA_KEY_EC, USE_KEY_ENCIPHERMENT | USE_DATA_ENCIPHERMENT},
    /* RFC 8410, 5: Ed25519 only signs */
    {CA_KEY_ED25519, USE_KEY_ENCIPHERMENT | USE_DATA_ENCIPHERMENT | USE_AGREEMENT_BITS},
};

uint32_t
tmpl_key_usage_for(int key_type, uint32_t usage)
{
	size_t i;

	for (i = 0; i < sizeof(usage_limit) / sizeof(usage_limit[0]); i++) {
		if ((int)usage_limit[i].type == key_type)
			usage &= ~usage_limit[i].never;
	}
	/* RFC 5280, 4.2.1.3: encipherOnly and decipherOnly mean nothing without keyAgreement */
	if ((usage & USE_KEY_AGREEMENT) == 0)
		usage &= ~(USE_ENCIPHER_ONLY | USE_DECIPHER_ONLY);
	return usage;
}

static int
check_rsa(const struct tmpl_key_rule *r, const struct ca_pkcs10 *csr, struct gh_error *err)
{
	if (csr->key_bits >= r->min_bits && csr->key_bits <= r->max_bits)
		return 0;
	return gh_refuse(err, GH_E_KEY_LENGTH,
	    "the RSA key has %d bits, the template takes %d to %d", csr->key_bits, r->min_bits,
	    r->max_bits);
}

static int
check_ec(const struct tmpl_key_rule *r, const struct ca_pkcs10 *csr, struct gh_error *err)
{
	int smallest = 0;
	size_t i;

	for (i = 0; i < GH_CURVES; i++) {
		if ((r->curves & 1u << i) == 0)
			continue;
		if (strcmp(gh_curve_name((enum gh_curve)i), csr->curve) == 0)
			return 0;
		if (smallest == 0)
			smallest = gh_curve_bits((enum gh_curve)i);
	}
	if (csr->key_bits < smallest)
		return gh_refuse(err, GH_E_KEY_LENGTH,
		    "the EC key has %d bits, the template takes %d and more", csr->key_bits,
		    smallest);
	return gh_refuse(err, GH_E_KEY_TYPE, "the template takes no EC keys on curve %s",
	    csr->curve[0] != '\0' ? csr->curve : "(unknown)");
}

int
tmpl_key_check(const struct tmpl *t, const struct ca_pkcs10 *csr, struct gh_error *err)
{
	size_t i;

	for (i = 0; i < t->keys; i++) {
		const struct tmpl_key_rule *r = &t->key[i];

		if (r->type != (int)csr->key_type)
			continue;
		if (r->type == CA_KEY_RSA)
			return check_rsa(r, csr, err);
		return r->type == CA_KEY_EC ? check_ec(r, csr, err) : 0;
	}
	return gh_refuse(err, GH_E_KEY_TYPE, "the template takes no %s keys",
	    ca_key_type_name(csr->key_type));
}
