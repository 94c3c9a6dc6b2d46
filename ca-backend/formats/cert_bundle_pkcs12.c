/* PKCS#12. See cert_bundle_pkcs12.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pkcs12.h>

#include "ber.h"

#include "cert_bundle_pkcs12.h"

#define PKCS12_MAX ((size_t)1024 * 1024) /* bytes */
#define PARTS_MAX 16                     /* that are opened: each derives a key */
#define ROUNDS_MAX 1000000 /* of all derivations; Windows writes 2000 each, others up to 600000 */
#define DEPTH_MAX 4        /* of bags in bags */

/* ---- what it would cost ---- */

/* Rounds of a PBE (RFC 8018), -1: not known, and not opened. */
static long
rounds_of(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *oid;
	const void *value;
	int type;
	long n = -1;

	X509_ALGOR_get0(&oid, &type, &value, alg);
	if (type != V_ASN1_SEQUENCE)
		return -1;
	if (OBJ_obj2nid(oid) == NID_pbes2) {
		PBE2PARAM *p2 =
		    ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), alg->parameter);
		PBKDF2PARAM *kdf =
		    p2 != NULL && OBJ_obj2nid(p2->keyfunc->algorithm) == NID_id_pbkdf2
		    ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), p2->keyfunc->parameter)
		    : NULL;

		n = kdf != NULL ? ASN1_INTEGER_get(kdf->iter) : -1;
		PBKDF2PARAM_free(kdf);
		PBE2PARAM_free(p2);
	} else {
		PBEPARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), alg->parameter);

		n = p != NULL ? ASN1_INTEGER_get(p->iter) : -1;
		PBEPARAM_free(p);
	}
	return n;
}

/* A file while it is opened. */
struct opening {
	struct cert_bundle *to;
	const char *password;
	long left; /* rounds */
};

static bool
pay(struct opening *o, long rounds)
{
	if (rounds < 1 || rounds > o->left)
		return false;
	o->left -= rounds;
	return true;
}

/* ---- bags ---- */

static int
take_cert(struct cert_bundle *b, const PKCS12_SAFEBAG *bag, struct gh_error *err)
{
	X509 *cert = PKCS12_SAFEBAG_get1_cert(bag);
	unsigned char *der = NULL;
	int n = cert != NULL ? i2d_X509(cert, &der) : 0, rc;

	X509_free(cert);
	ERR_clear_error();
	rc = n > 0 ? cert_bundle_add(b, 0, &(struct gh_der){der, (size_t)n}, NULL, err)
		   : cert_bundle_add(b, 0, NULL, "it is no X.509 certificate", err);
	OPENSSL_free(der);
	return rc;
}

static int
take_bags(struct cert_bundle *b, const STACK_OF(PKCS12_SAFEBAG) * bags, int depth,
    struct gh_error *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
		int nid = PKCS12_SAFEBAG_get_nid(bag);

		if (nid == NID_certBag)
			rc = take_cert(b, bag, err);
		else if (nid == NID_keyBag || nid == NID_pkcs8ShroudedKeyBag)
			b->keys++;
		else if (nid == NID_safeContentsBag)
			rc = depth < DEPTH_MAX
			    ? take_bags(b, PKCS12_SAFEBAG_get0_safes(bag), depth + 1, err)
			    : cert_bundle_add(b, 0, NULL, "its bags are in bags too deep", err);
	}
	return rc;
}

/* NULL: another kind, or not to be opened; *why. */
static STACK_OF(PKCS12_SAFEBAG) * open_part(struct opening *o, PKCS7 *part, const char **why)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;

	*why =
	    "a part of it is encrypted in a way that is not known here, or takes too long to open";
	if (PKCS7_type_is_data(part)) {
		*why = "a part of it is damaged";
		bags = PKCS12_unpack_p7data(part);
	} else if (PKCS7_type_is_encrypted(part) && part->d.encrypted != NULL &&
	    pay(o, rounds_of(part->d.encrypted->enc_data->algorithm))) {
		*why = "a part of it cannot be decrypted";
		bags = PKCS12_unpack_p7encdata(part, o->password,
		    o->password != NULL ? (int)strlen(o->password) : 0);
	}
	ERR_clear_error();
	return bags;
}

static int
take_parts(struct opening *o, const PKCS12 *p12, struct gh_error *err)
{
	STACK_OF(PKCS7) *parts = PKCS12_unpack_authsafes(p12);
	int rc = 0;

	if (parts == NULL || sk_PKCS7_num(parts) > PARTS_MAX) {
		sk_PKCS7_pop_free(parts, PKCS7_free);
		ERR_clear_error();
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "the PKCS#12 is damaged, or has more than %d parts", PARTS_MAX);
	}
	for (int i = 0; rc == 0 && i < sk_PKCS7_num(parts); i++) {
		const char *why;
		STACK_OF(PKCS12_SAFEBAG) *bags = open_part(o, sk_PKCS7_value(parts, i), &why);

		rc = bags != NULL ? take_bags(o->to, bags, 0, err)
				  : cert_bundle_add(o->to, 0, NULL, why, err);
		sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	}
	sk_PKCS7_pop_free(parts, PKCS7_free);
	return rc;
}

/* ---- all of it ---- */

/* A digest alone, whose rounds stand beside it: what PBMAC1 (RFC 9579) has in its parameters, newer
 * versions of OpenSSL would derive, however long it takes. */
static bool
is_plain_mac(const X509_ALGOR *alg)
{
	int type = V_ASN1_UNDEF;

	X509_ALGOR_get0(NULL, &type, NULL, alg);
	return type == V_ASN1_UNDEF || type == V_ASN1_NULL;
}

/* Of a file without a MAC the password shows when its parts are opened. An empty one is written in
 * two ways. */
static int
check_mac(struct opening *o, PKCS12 *p12, struct gh_error *err)
{
	const ASN1_INTEGER *rounds = NULL;
	const X509_ALGOR *alg = NULL;
	bool is_right;

	if (PKCS12_mac_present(p12) == 0)
		return 0;
	PKCS12_get0_mac(NULL, &alg, NULL, &rounds, p12);
	if (!is_plain_mac(alg))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "the MAC of the PKCS#12 is of a kind that is not known here");
	if (rounds != NULL && !pay(o, ASN1_INTEGER_get(rounds)))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "the PKCS#12 wants more than %d rounds to be opened", ROUNDS_MAX);
	if (o->password != NULL && *o->password == '\0')
		o->password = NULL;
	is_right = PKCS12_verify_mac(p12, o->password, o->password != NULL ? -1 : 0) == 1;
	if (!is_right && o->password == NULL) {
		o->password = "";
		is_right = PKCS12_verify_mac(p12, "", 0) == 1;
	}
	ERR_clear_error();
	return is_right ? 0
			: gh_refuse(err, GH_E_AUTH_FAILED,
			      "the password of the PKCS#12 is wrong, or the file is damaged");
}

int
cert_bundle_pkcs12(struct cert_bundle *b, const struct gh_der *in, const char *password,
    struct gh_error *err)
{
	struct opening o = {b, password, ROUNDS_MAX};
	const unsigned char *p;
	PKCS12 *p12 = NULL;
	struct gh_buf der;
	int rc = 0;

	gh_buf_init(&der, PKCS12_MAX);
	if (in->len <= PKCS12_MAX && gh_ber_put_der(in, &der)) {
		p = der.data;
		p12 = d2i_PKCS12(NULL, &p, (long)der.len);
	}
	if (p12 == NULL)
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "it is no PKCS#12, or has more than %zu bytes", PKCS12_MAX);
	ERR_clear_error();
	if (rc == 0 && (rc = check_mac(&o, p12, err)) == 0)
		rc = take_parts(&o, p12, err);
	if (rc == 0 && b->n == 0)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "there is no certificate in the PKCS#12");
	PKCS12_free(p12);
	gh_buf_free(&der);
	return rc;
}
