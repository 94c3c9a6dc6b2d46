/* What a CA may certify. See cert_limits.h. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "calendar.h"
#include "oid.h"

#include "cert_limits.h"

static int
check_key(const struct cert_facts *c, const struct issuer *ca, struct gh_error *err)
{
	const struct signer_limits *l = &ca->limits;

	if ((c->key == CERT_KEY_RSA && !l->allow_rsa) || (c->key == CERT_KEY_EC && !l->allow_ec) ||
	    (c->key == CERT_KEY_ED25519 && !l->allow_ed25519))
		return gh_fail(err, GH_E_CA_POLICY, "keys of this kind are not allowed by the CA");
	if (c->key == CERT_KEY_RSA && c->rsa_bits < l->min_rsa_bits)
		return gh_fail(err, GH_E_CA_POLICY,
		    "an RSA key of %u bits is not allowed by the CA, least is %u", c->rsa_bits,
		    l->min_rsa_bits);
	return 0;
}

static int
check_validity(const struct cert_facts *c, const struct issuer *ca, struct gh_error *err)
{
	int64_t max = ca->limits.max_validity;

	if (c->not_after > ca->not_after)
		return gh_fail(err, GH_E_CA_POLICY,
		    "the end of the validity lies behind that of the CA itself");
	if (max > 0 && c->not_after - c->not_before > max)
		return gh_fail(err, GH_E_CA_POLICY,
		    "a validity of more than %lld days is not allowed by the CA",
		    (long long)(max / GH_DAY_SECONDS));
	return 0;
}

static int
check_ca_flag(const struct cert_facts *c, const struct issuer *ca, struct gh_error *err)
{
	const struct signer_limits *l = &ca->limits;

	if (!c->is_ca)
		return 0;
	if (!l->may_sign_ca)
		return gh_fail(err, GH_E_CA_POLICY, "CA certificates are not allowed by the CA");
	if (l->path_len != SIGNER_PATH_LEN_ANY && (!c->has_path_len || c->path_len > l->path_len))
		return gh_fail(err, GH_E_CA_POLICY,
		    "a pathLenConstraint above %u, or none, is not allowed by the CA", l->path_len);
	return 0;
}

/* --- extended key usages and extensions ------------------------------------------------------- */

/* Never restricted: 2.5.29 and SKI, keyUsage, SAN, basicConstraints, CDP, certificatePolicies, AKI,
 * extKeyUsage. */
static const unsigned char free_id_ce[] = {14, 15, 17, 19, 31, 32, 35, 37};

/* Short name, or the dotted form. */
static void
oid_text(const struct gh_der *oid, char *out, size_t size)
{
	unsigned char der[2 + 127];
	const unsigned char *p = der;
	ASN1_OBJECT *o = NULL;
	int nid;

	strcpy(out, "?");
	if (oid->len > 127)
		return;
	der[0] = GH_DER_OID;
	der[1] = (unsigned char)oid->len;
	memcpy(der + 2, oid->p, oid->len);
	if ((o = d2i_ASN1_OBJECT(NULL, &p, (long)oid->len + 2)) == NULL)
		return;
	nid = OBJ_obj2nid(o);
	if (nid != NID_undef && strlen(OBJ_nid2sn(nid)) < size)
		strcpy(out, OBJ_nid2sn(nid));
	else
		OBJ_obj2txt(out, (int)size, o, 1);
	ASN1_OBJECT_free(o);
}

/* Whoever has such a certificate speaks for the CA about who is revoked, up to its end and whatever
 * is found out meanwhile: a worker that was taken over must not get one for a key of its own. */
static bool
is_allowed_eku(const struct signer_oids *allowed, const struct gh_der *oid)
{
	if (allowed->n == 0)
		return !GH_OID_IS(oid, GH_OID_KP_OCSP_SIGNING);
	return !GH_OID_IS(oid, GH_OID_ANY_EXT_KEY_USAGE) &&
	    signer_oids_has(allowed, oid->p, oid->len);
}

static int
check_ekus(const struct cert_facts *c, const struct signer_oids *allowed, struct gh_error *err)
{
	struct gh_der list = c->ekus, oid;
	char name[80];

	if (allowed->n == 0 && c->is_ca) /* what its CA may certify, not what it does */
		return 0;
	if (allowed->n > 0 && list.len == 0)
		return gh_fail(err, GH_E_CA_POLICY,
		    "a certificate without extended key usage is not allowed by the CA");
	while (gh_der_take(&list, GH_DER_OID, &oid)) {
		if (is_allowed_eku(allowed, &oid))
			continue;
		oid_text(&oid, name, sizeof(name));
		return gh_fail(err, GH_E_CA_POLICY,
		    "extended key usage %s is not allowed by the CA", name);
	}
	return 0;
}

static bool
is_free(const struct gh_der *oid)
{
	if (oid->len == 3 && oid->p[0] == 0x55 && oid->p[1] == 0x1d)
		return memchr(free_id_ce, oid->p[2], sizeof(free_id_ce)) != NULL;
	return GH_OID_IS(oid, GH_OID_AUTHORITY_INFO_ACCESS);
}

static int
check_extensions(const struct cert_facts *c, const struct signer_oids *allowed,
    struct gh_error *err)
{
	struct gh_der list = c->extensions;
	struct cert_extension e;
	char name[80];

	if (allowed->n == 0)
		return 0;
	while (list.len > 0 && cert_take_extension(&list, &e)) {
		if (is_free(&e.oid) || signer_oids_has(allowed, e.oid.p, e.oid.len))
			continue;
		oid_text(&e.oid, name, sizeof(name));
		return gh_fail(err, GH_E_CA_POLICY, "extension %s is not allowed by the CA", name);
	}
	return 0;
}

int
cert_limits_check(const struct cert_facts *c, const struct issuer *ca, struct gh_error *err)
{
	int rc;

	if (ca->kind == ISSUER_OCSP)
		return gh_fail(err, GH_E_SIGNER, "the key of an OCSP signer signs no certificates");
	if ((rc = cert_fields_check_sanity(c, err)) != 0)
		return rc;
	if ((rc = check_key(c, ca, err)) != 0)
		return rc;
	if ((rc = check_ca_flag(c, ca, err)) != 0)
		return rc;
	if ((rc = check_validity(c, ca, err)) != 0)
		return rc;
	if ((rc = check_ekus(c, &ca->limits.ekus, err)) != 0)
		return rc;
	return check_extensions(c, &ca->limits.extensions, err);
}

/* --- names ------------------------------------------------------------------------------------ */

int
cert_limits_check_names(const struct gh_buf *cert, const struct issuer *ca, struct gh_error *err)
{
	const unsigned char *p = cert->data;
	int result = X509_V_ERR_UNSPECIFIED;
	X509 *x;

	if (ca->name_constraints == NULL)
		return 0;
	x = d2i_X509(NULL, &p, (long)cert->len);
	/* decodes the extensions, SANs among them; a certificate that cannot be decoded is not
	 * checked and not given out */
	if (x != NULL && X509_check_purpose(x, -1, 0) == 1) {
		result = NAME_CONSTRAINTS_check(x, ca->name_constraints);
		if (result == X509_V_OK && X509_check_ca(x) == 0)
			result = NAME_CONSTRAINTS_check_CN(x, ca->name_constraints);
	}
	X509_free(x);
	ERR_clear_error();
	if (result == X509_V_OK)
		return 0;
	return gh_fail(err, GH_E_CA_POLICY,
	    "the name constraints of the CA do not allow the names: %s",
	    X509_verify_cert_error_string(result));
}
