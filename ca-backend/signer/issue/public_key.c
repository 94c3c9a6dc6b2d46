/* SubjectPublicKeyInfo. See public_key.h. */
#include <pthread.h>
#include <string.h>

#include <openssl/ec.h>

#include "key_alg.h"

#include "public_key.h"

#define RSA_BITS_MAX 16384u
#define ED25519_KEY_SIZE 32

/* Groups are only read after they are made, by any thread, and live as long as the process. */
static EC_GROUP *groups[GH_CURVES];
static pthread_once_t groups_once = PTHREAD_ONCE_INIT;

static void
make_groups(void)
{
	for (int i = 0; i < GH_CURVES; i++)
		groups[i] = EC_GROUP_new_by_curve_name(gh_curve_nid((enum gh_curve)i));
}

/* Form (RFC 5480, 2.2: no hybrid ones), range, and on the curve, which EC_POINT_oct2point
 * checks. */
static bool
is_point(enum gh_curve curve, const struct gh_der *bits)
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
read_ec(struct cert_facts *out, enum gh_curve curve, struct gh_error *err)
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

int
public_key_read(const struct gh_der *spki, struct cert_facts *out, struct gh_error *err)
{
	struct gh_der in = *spki, body, alg;
	enum gh_curve curve;
	enum gh_key_alg kind;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) || in.len != 0 ||
	    !gh_der_take_whole(&body, GH_DER_SEQUENCE, &alg) ||
	    !gh_der_take_octet_bits(&body, &out->key_bits) || body.len != 0)
		return gh_fail(err, GH_E_SIGNER, "public key: not a SubjectPublicKeyInfo");
	out->spki = *spki;
	if (!gh_key_alg_read(&alg, &kind, &curve))
		return gh_fail(err, GH_E_SIGNER, "public key: unknown algorithm");
	switch (kind) {
	case GH_KEY_EC:
		return read_ec(out, curve, err);
	case GH_KEY_RSA:
		return read_rsa(out, err);
	case GH_KEY_ED25519:
		break;
	}
	return read_ed25519(out, err);
}
