/* SubjectPublicKeyInfo. See public_key.h. */
#include <pthread.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "public_key.h"

#define RSA_BITS_MAX 16384u
#define ED25519_KEY_SIZE 32

/* AlgorithmIdentifier, whole element: RFC 3279, 2.3.1; RFC 5480, 2.1.1; RFC 8410, 3. */
static const unsigned char alg_rsa[] = {0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1,
    5, 0};
static const unsigned char alg_p256[] = {0x30, 19, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8,
    0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static const unsigned char alg_p384[] = {0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5,
    0x2b, 0x81, 4, 0, 34};
static const unsigned char alg_p521[] = {0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5,
    0x2b, 0x81, 4, 0, 35};
static const unsigned char alg_ed25519[] = {0x30, 5, 6, 3, 0x2b, 0x65, 0x70};

enum curve { CURVE_P256, CURVE_P384, CURVE_P521, CURVES };

/* Groups are only read after they are made, by any thread, and live as long as the process. */
static EC_GROUP *groups[CURVES];
static pthread_once_t groups_once = PTHREAD_ONCE_INIT;

static void
make_groups(void)
{
	groups[CURVE_P256] = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	groups[CURVE_P384] = EC_GROUP_new_by_curve_name(NID_secp384r1);
	groups[CURVE_P521] = EC_GROUP_new_by_curve_name(NID_secp521r1);
}

/* Form (RFC 5480, 2.2: no hybrid ones), range, and on the curve, which EC_POINT_oct2point
 * checks. */
static bool
is_point(enum curve curve, const struct gh_der *bits)
{
	EC_POINT *point;
	bool ok;

	pthread_once(&groups_once, make_groups);
	if (groups[curve] == NULL || bits->len < 1 || bits->p[0] < 2 || bits->p[0] > 4)
		return false;
	if ((point = EC_POINT_new(groups[curve])) == NULL)
		return false;
	ok = EC_POINT_oct2point(groups[curve], point, bits->p, bits->len, NULL) == 1;
	EC_POINT_free(point);
	return ok;
}

static int
read_ec(struct cert_facts *out, enum curve curve, struct gh_error *err)
{
	out->key = CERT_KEY_EC;
	if (!is_point(curve, &out->key_bits))
		return gh_fail(err, GH_E_SIGNER, "public key: not a point of its curve");
	return 0;
}

/* A positive odd INTEGER, as modulus and exponent are; its size in bits. */
static bool
take_odd_positive(struct gh_der *in, unsigned *bits)
{
	struct gh_der v;
	unsigned top;

	if (!gh_der_take(in, GH_DER_INTEGER, &v) || v.len == 0 || (v.p[0] & 0x80) != 0)
		return false;
	if ((v.p[v.len - 1] & 1) == 0)
		return false;
	if (v.p[0] == 0 && v.len > 1) {
		v.p++;
		v.len--;
	}
	if (v.p[0] == 0)
		return false;
	*bits = (unsigned)(v.len - 1) * 8;
	for (top = v.p[0]; top > 0; top >>= 1)
		(*bits)++;
	return true;
}

/* RSAPublicKey, RFC 8017, A.1.1 */
static int
read_rsa(struct cert_facts *out, struct gh_error *err)
{
	struct gh_der in = out->key_bits, body;
	unsigned exponent_bits = 0;

	out->key = CERT_KEY_RSA;
	if (!gh_der_is_strict(in.p, in.len) || !gh_der_take(&in, GH_DER_SEQUENCE, &body) ||
	    !take_odd_positive(&body, &out->rsa_bits) ||
	    !take_odd_positive(&body, &exponent_bits) || body.len != 0)
		return gh_fail(err, GH_E_SIGNER, "public key: not an RSA key (RFC 8017, A.1.1)");
	/* an exponent of 17 bits or more is 65537 or more, since it is odd and above 65536 */
	if (out->rsa_bits > RSA_BITS_MAX || exponent_bits < 17 || exponent_bits > 256)
		return gh_fail(err, GH_E_SIGNER,
		    "public key: RSA modulus of %u bits, exponent of %u bits", out->rsa_bits,
		    exponent_bits);
	return 0;
}

static int
read_ed25519(struct cert_facts *out, struct gh_error *err)
{
	out->key = CERT_KEY_ED25519;
	if (out->key_bits.len != ED25519_KEY_SIZE)
		return gh_fail(err, GH_E_SIGNER, "public key: Ed25519 key of %zu bytes",
		    out->key_bits.len);
	return 0;
}

#define IS(alg, bytes) gh_der_equals(alg, bytes, sizeof(bytes))

int
public_key_read(const struct gh_der *spki, struct cert_facts *out, struct gh_error *err)
{
	struct gh_der in = *spki, body, alg;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) || in.len != 0 ||
	    !gh_der_take_whole(&body, GH_DER_SEQUENCE, &alg) ||
	    !gh_der_take_octet_bits(&body, &out->key_bits) || body.len != 0)
		return gh_fail(err, GH_E_SIGNER, "public key: not a SubjectPublicKeyInfo");
	out->spki = *spki;
	if (IS(&alg, alg_p256))
		return read_ec(out, CURVE_P256, err);
	if (IS(&alg, alg_rsa))
		return read_rsa(out, err);
	if (IS(&alg, alg_p384))
		return read_ec(out, CURVE_P384, err);
	if (IS(&alg, alg_p521))
		return read_ec(out, CURVE_P521, err);
	if (IS(&alg, alg_ed25519))
		return read_ed25519(out, err);
	return gh_fail(err, GH_E_SIGNER, "public key: unknown algorithm");
}
