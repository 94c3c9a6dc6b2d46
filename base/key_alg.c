/* Public keys: names and encodings. See key_alg.h. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include "key_alg.h"
#include "oid.h"

/* --- curves ----------------------------------------------------------------------------------- */

static const struct {
	const char *name, *openssl;
	int bits, nid;
} curves[GH_CURVES] = {
    [GH_P256] = {"P-256", SN_X9_62_prime256v1, 256, NID_X9_62_prime256v1},
    [GH_P384] = {"P-384", SN_secp384r1, 384, NID_secp384r1},
    [GH_P521] = {"P-521", SN_secp521r1, 521, NID_secp521r1},
};

const char *
gh_curve_name(enum gh_curve curve)
{
	return curves[curve].name;
}

int
gh_curve_bits(enum gh_curve curve)
{
	return curves[curve].bits;
}

int
gh_curve_nid(enum gh_curve curve)
{
	return curves[curve].nid;
}

bool
gh_curve_find(const char *name, enum gh_curve *out)
{
	for (int i = 0; i < GH_CURVES; i++) {
		if (strcmp(name, curves[i].name) == 0 || strcmp(name, curves[i].openssl) == 0) {
			*out = (enum gh_curve)i;
			return true;
		}
	}
	return false;
}

bool
gh_curve_of_key(const EVP_PKEY *key, enum gh_curve *out)
{
	char group[80] = "";

	return EVP_PKEY_is_a(key, "EC") &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	    gh_curve_find(group, out);
}

/* --- SubjectPublicKeyInfo --------------------------------------------------------------------- */

static const unsigned char rsa[] = {GH_DER_SEQUENCE, 13, GH_OID_DER(GH_OID_RSA), GH_DER_NULL, 0};
static const unsigned char p256[] = {GH_DER_SEQUENCE, 19, GH_OID_DER(GH_OID_EC),
    GH_OID_DER(GH_OID_P256)};
static const unsigned char p384[] = {GH_DER_SEQUENCE, 16, GH_OID_DER(GH_OID_EC),
    GH_OID_DER(GH_OID_P384)};
static const unsigned char p521[] = {GH_DER_SEQUENCE, 16, GH_OID_DER(GH_OID_EC),
    GH_OID_DER(GH_OID_P521)};
static const unsigned char ed25519[] = {GH_DER_SEQUENCE, 5, GH_OID_DER(GH_OID_ED25519)};

/* The most frequent first. */
static const struct {
	const unsigned char *der;
	size_t len;
	enum gh_key_alg alg;
	enum gh_curve curve;
} algorithms[] = {
    {p256, sizeof(p256), GH_KEY_EC, GH_P256},
    {rsa, sizeof(rsa), GH_KEY_RSA, GH_CURVES},
    {p384, sizeof(p384), GH_KEY_EC, GH_P384},
    {p521, sizeof(p521), GH_KEY_EC, GH_P521},
    {ed25519, sizeof(ed25519), GH_KEY_ED25519, GH_CURVES},
};

bool
gh_key_alg_read(const struct gh_der *algorithm, enum gh_key_alg *out, enum gh_curve *curve)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (gh_der_equals(algorithm, algorithms[i].der, algorithms[i].len)) {
			*out = algorithms[i].alg;
			*curve = algorithms[i].curve;
			return true;
		}
	}
	return false;
}

/* --- keys that are made ----------------------------------------------------------------------- */

static const struct made {
	const char *name, *type;
	int rsa_bits; /* 0: not RSA */
} made[] = {
    {"P-256", "EC", 0},
    {"P-384", "EC", 0},
    {"RSA-2048", "RSA", 2048},
    {"RSA-3072", "RSA", 3072},
    {"RSA-4096", "RSA", 4096},
    {"Ed25519", "ED25519", 0},
};
#define N_MADE (sizeof(made) / sizeof(made[0]))

static const struct made *
find_made(const char *name)
{
	for (size_t i = 0; i < N_MADE; i++)
		if (strcmp(name, made[i].name) == 0)
			return &made[i];
	return NULL;
}

bool
gh_key_is_name(const char *name)
{
	return find_made(name) != NULL;
}

EVP_PKEY *
gh_key_make(const char *name)
{
	const struct made *m = find_made(name);

	if (m == NULL)
		return NULL;
	if (m->rsa_bits != 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, m->type, (size_t)m->rsa_bits);
	if (strcmp(m->type, "EC") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, m->type, m->name);
	return EVP_PKEY_Q_keygen(NULL, NULL, m->type);
}

const char *
gh_key_name_like(const EVP_PKEY *key)
{
	enum gh_curve curve;

	if (EVP_PKEY_is_a(key, "EC"))
		return gh_curve_of_key(key, &curve) && curve == GH_P256 ? "P-256" : "P-384";
	for (size_t i = 0; i < N_MADE; i++)
		if (EVP_PKEY_is_a(key, made[i].type) &&
		    (made[i].rsa_bits == 0 || EVP_PKEY_get_bits(key) <= made[i].rsa_bits))
			return made[i].name;
	return NULL;
}
