/* What a client can decrypt. See smime_caps.h. */
#include <string.h>

#include "oid.h"

#include "smime_caps.h"

#define SHA2(n) 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, (n)
#define STD_DH(n) 0x2b, 0x81, 4, 1, 11, (n) /* dhSinglePass-stdDH-*: RFC 5753, 7.1.4 */
#define STD_DH_SHA1 0x2b, 0x81, 5, 0x10, 0x86, 0x48, 0x3f, 0, 2

static int
refuse(struct gh_error *err, const char *why)
{
	return gh_refuse(err, GH_E_BAD_REQUEST, "SMIMECapabilities: %s", why);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* -1: it is no key wrap. */
static int
wrap_size(const struct gh_der *oid)
{
	return GH_OID_IS(oid, GH_OID_AES(5)) ? 0
	    : GH_OID_IS(oid, GH_OID_AES(25)) ? 1
	    : GH_OID_IS(oid, GH_OID_AES(45)) ? 2
					     : -1;
}

static int
cbc_size(const struct gh_der *oid)
{
	return GH_OID_IS(oid, GH_OID_AES(2)) ? 0
	    : GH_OID_IS(oid, GH_OID_AES(22)) ? 1
	    : GH_OID_IS(oid, GH_OID_AES(42)) ? 2
					     : -1;
}

/* The OID of an AlgorithmIdentifier that is all of der. */
static bool
take_algorithm(struct gh_der *in, struct gh_der *oid, struct gh_der *params)
{
	return gh_der_take(in, GH_DER_SEQUENCE, params) && gh_der_take(params, GH_DER_OID, oid);
}

/* RSAES-OAEP-params (RFC 8017, A.2.1): one hash for the label and for MGF1, and no label. */
static const char *
oaep_name(struct gh_der params)
{
	struct gh_der seq, tagged, hash, mgf, mgf_hash, rest;

	if (params.len == 0)
		return "RSA-OAEP";
	if (!gh_der_take(&params, GH_DER_SEQUENCE, &seq) || params.len > 0)
		return NULL;
	if (seq.len == 0)
		return "RSA-OAEP";
	if (!gh_der_take(&seq, GH_DER_CONTEXT(0), &tagged) ||
	    !take_algorithm(&tagged, &hash, &rest) ||
	    !gh_der_take(&seq, GH_DER_CONTEXT(1), &tagged) ||
	    !take_algorithm(&tagged, &mgf, &rest) || !GH_OID_IS(&mgf, GH_OID_MGF1) ||
	    !take_algorithm(&rest, &mgf_hash, &tagged) || seq.len > 0 ||
	    !gh_der_equals(&hash, mgf_hash.p, mgf_hash.len))
		return NULL;
	return GH_OID_IS(&hash, GH_OID_SHA256) ? "RSA-OAEP-256"
	    : GH_OID_IS(&hash, SHA2(2))        ? "RSA-OAEP-384"
	    : GH_OID_IS(&hash, SHA2(3))        ? "RSA-OAEP-512"
					       : NULL;
}

static void
take_ecdh(struct smime_caps *c, const struct gh_der *oid, struct gh_der params)
{
	const char *name = GH_OID_IS(oid, STD_DH(1)) ? "ECDH-SHA256"
	    : GH_OID_IS(oid, STD_DH(2))              ? "ECDH-SHA384"
	    : GH_OID_IS(oid, STD_DH(3))              ? "ECDH-SHA512"
						     : NULL;
	struct gh_der wrap, rest;
	int size;

	if (name == NULL && !GH_OID_IS(oid, STD_DH_SHA1))
		return;
	c->has_ecdh = true;
	if (name == NULL)
		return;
	if (c->ecdh == NULL)
		c->ecdh = name;
	if (take_algorithm(&params, &wrap, &rest) && (size = wrap_size(&wrap)) >= 0)
		c->has_wrap[size] = true;
}

static void
take(struct smime_caps *c, const struct gh_der *oid, struct gh_der params)
{
	int cbc = cbc_size(oid), wrap = wrap_size(oid);

	if (cbc >= 0) {
		c->has_cbc[cbc] = true;
	} else if (wrap >= 0) {
		c->has_wrap[wrap] = true;
	} else if (GH_OID_IS(oid, GH_OID_RSA)) {
		c->has_rsa = true;
	} else if (GH_OID_IS(oid, GH_OID_RSAES_OAEP)) {
		c->has_oaep = true;
		if (c->oaep == NULL)
			c->oaep = oaep_name(params);
	} else {
		take_ecdh(c, oid, params);
	}
}

int
smime_caps_read(const struct gh_der *der, struct smime_caps *out, struct gh_error *err)
{
	struct gh_der in = *der, list, oid, params;
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &list) || in.len > 0)
		return refuse(err, "it is no list (RFC 8551, 2.5.2).");
	while (list.len > 0) {
		if (!take_algorithm(&list, &oid, &params))
			return refuse(err, "it is no list of algorithms (RFC 8551, 2.5.2).");
		if (++n > SMIME_CAPS_MAX)
			return refuse(err, "too many algorithms.");
		take(out, &oid, params);
	}
	return 0;
}

/* --- choosing --------------------------------------------------------------------------------- */

static const char *const contents[SMIME_AES_SIZES] = {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"};

static bool
has_any(const bool has[SMIME_AES_SIZES])
{
	return has[0] || has[1] || has[2];
}

/* may: NULL: each size may be. */
static int
choose_content(const struct smime_caps *c, const bool *may, struct smime_choice *out,
    struct gh_error *err)
{
	for (int i = SMIME_AES_SIZES - 1; i >= 0; i--)
		if (c->has_cbc[i] && (may == NULL || may[i])) {
			out->content_alg = contents[i];
			return 0;
		}
	return refuse(err,
	    has_any(c->has_cbc) ? "no AES key wrap of the size of an AES-CBC in it."
				: "no AES-CBC in it, which the answer is encrypted with.");
}

int
smime_caps_choose_kek(const struct smime_caps *c, size_t kek_len, struct smime_choice *out,
    struct gh_error *err)
{
	size_t size = kek_len / 8 - 2;

	out->key_alg = "";
	if (kek_len % 8 != 0 || size >= SMIME_AES_SIZES || !c->has_wrap[size])
		return refuse(err, "no AES key wrap in it that the key of this identifier is for.");
	return choose_content(c, NULL, out, err);
}

static int
choose_rsa(const struct smime_caps *c, struct smime_choice *out, struct gh_error *err)
{
	if (c->oaep != NULL)
		out->key_alg = c->oaep;
	else if (c->has_rsa || !c->has_oaep)
		out->key_alg = "RSA1_5";
	else
		return refuse(err, "its RSAES-OAEP is not supported: one hash of SHA-2, or SHA-1.");
	return choose_content(c, NULL, out, err);
}

static int
choose_ec(const struct smime_caps *c, struct smime_choice *out, struct gh_error *err)
{
	if (c->ecdh == NULL && c->has_ecdh)
		return refuse(err, "its key agreement is not supported: SHA-256 or longer.");
	out->key_alg = c->ecdh != NULL ? c->ecdh : "ECDH-SHA256";
	return choose_content(c, has_any(c->has_wrap) ? c->has_wrap : NULL, out, err);
}

int
smime_caps_choose_key(const struct smime_caps *c, const EVP_PKEY *key, struct smime_choice *out,
    struct gh_error *err)
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return choose_rsa(c, out, err);
	if (EVP_PKEY_is_a(key, "EC"))
		return choose_ec(c, out, err);
	return gh_refuse(err, GH_E_BAD_REQUEST, "Nothing is encrypted for a key of this kind.");
}
