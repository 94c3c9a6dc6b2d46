/* The fields of a certificate to be signed. See cert_fields.h. */
#include <string.h>

#include "oid.h"

#include "cert_fields.h"
#include "public_key.h"

/* id-ce (2.5.29) and the last arc, content octets of the OID; RFC 5280, 4.2.1 */
#define OID_CE_SIZE 3
#define CE_SUBJECT_KEY_ID 14
#define CE_KEY_USAGE 15
#define CE_SUBJECT_ALT_NAME 17
#define CE_ISSUER_ALT_NAME 18
#define CE_BASIC_CONSTRAINTS 19
#define CE_CRL_DISTRIBUTION_POINTS 31
#define CE_AUTHORITY_KEY_ID 35
#define CE_EXT_KEY_USAGE 37
#define CE_FRESHEST_CRL 46

/* 2.16.840.1.113730.1.1: by this alone, without basicConstraints, some take a certificate for that
 * of a CA */

/* --- subject ---------------------------------------------------------------------------------- */

/* AttributeTypeAndValue ::= SEQUENCE { type OID, value ANY } */
static bool
is_attribute(struct gh_der *set)
{
	struct gh_der attr;

	return gh_der_take(set, GH_DER_SEQUENCE, &attr) && gh_der_take(&attr, GH_DER_OID, NULL) &&
	    gh_der_next(&attr, NULL, NULL, NULL) && attr.len == 0;
}

/* RDNSequence, RFC 5280, 4.1.2.4 */
static int
read_subject(const struct gh_der *der, struct cert_facts *out, struct gh_error *err)
{
	struct gh_der in = *der, rdns, set;
	unsigned n = 0;

	if (!gh_der_is_strict(der->p, der->len) || !gh_der_take(&in, GH_DER_SEQUENCE, &rdns))
		return gh_fail(err, GH_E_SIGNER, "subject: not a Name");
	while (rdns.len > 0) {
		if (++n > CERT_RDNS_MAX)
			return gh_fail(err, GH_E_SIGNER, "subject: more than %d RDNs",
			    CERT_RDNS_MAX);
		if (!gh_der_take(&rdns, GH_DER_SET, &set))
			return gh_fail(err, GH_E_SIGNER, "subject: RDN %u is no SET", n);
		do {
			if (!is_attribute(&set))
				return gh_fail(err, GH_E_SIGNER, "subject: RDN %u is malformed", n);
		} while (set.len > 0);
	}
	out->subject = *der;
	return 0;
}

/* --- extensions ------------------------------------------------------------------------------- */

/* Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }. DER leaves out the
 * default. */
bool
cert_take_extension(struct gh_der *list, struct cert_extension *out)
{
	struct gh_der in, flag;

	if (!gh_der_take(list, GH_DER_SEQUENCE, &in) || !gh_der_take(&in, GH_DER_OID, &out->oid))
		return false;
	out->is_critical = gh_der_take(&in, GH_DER_BOOLEAN, &flag);
	if (out->is_critical && (flag.len != 1 || flag.p[0] != 0xff))
		return false;
	return gh_der_take(&in, GH_DER_OCTETS, &out->value) && in.len == 0;
}

static int
arc_of_id_ce(const struct gh_der *oid)
{
	if (oid->len != OID_CE_SIZE || oid->p[0] != 0x55 || oid->p[1] != 0x1d)
		return -1;
	return oid->p[2];
}

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
static bool
read_basic_constraints(const struct cert_extension *e, struct cert_facts *out)
{
	struct gh_der in = e->value, body, flag;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body))
		return false;
	out->is_ca = gh_der_take(&body, GH_DER_BOOLEAN, &flag);
	if (out->is_ca && flag.p[0] != 0xff)
		return false;
	if (body.len == 0)
		return true;
	/* RFC 5280, 4.2.1.9: no pathLenConstraint without cA */
	out->has_path_len = true;
	return out->is_ca && gh_der_take_u32(&body, &out->path_len) && body.len == 0;
}

/* Bits count from the left: keyCertSign (5) and cRLSign (6) are 0x04 and 0x02 of the first octet.
 * At least one is set (RFC 5280, 4.2.1.3). */
static bool
read_key_usage(const struct cert_extension *e, struct cert_facts *out)
{
	struct gh_der in = e->value, bits;

	if (!gh_der_take(&in, GH_DER_BIT_STRING, &bits) || bits.len < 2 || bits.len > 3)
		return false;
	if (bits.p[1] == 0 && (bits.len == 2 || bits.p[2] == 0))
		return false;
	out->has_key_usage = true;
	out->may_sign_certs = (bits.p[1] & 0x04) != 0;
	out->may_sign_crls = (bits.p[1] & 0x02) != 0;
	return true;
}

/* ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId */
static bool
read_ext_key_usage(const struct cert_extension *e, struct cert_facts *out)
{
	struct gh_der in = e->value, list;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &list) || list.len == 0)
		return false;
	out->ekus = list;
	while (list.len > 0) {
		if (!gh_der_take(&list, GH_DER_OID, NULL))
			return false;
	}
	return true;
}

/* CRLDistributionPoints ::= SEQUENCE OF DistributionPoint { [0] distributionPoint, [1] reasons, [2]
 * cRLIssuer } */
static bool
read_distribution_points(const struct cert_extension *e, struct cert_facts *out)
{
	struct gh_der in = e->value, list, point;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &list))
		return false;
	while (list.len > 0) {
		if (!gh_der_take(&list, GH_DER_SEQUENCE, &point))
			return false;
		(void)gh_der_take(&point, GH_DER_CONTEXT(0), NULL);
		(void)gh_der_take(&point, GH_DER_PRIMITIVE(1), NULL);
		out->has_foreign_crl_issuer |= point.len > 0;
	}
	return true;
}

static int
read_extension(const struct cert_extension *e, struct cert_facts *out, struct gh_error *err)
{
	int arc = arc_of_id_ce(&e->oid);
	bool ok = gh_der_is_strict(e->value.p, e->value.len);

	switch (arc) {
	case CE_SUBJECT_KEY_ID:
	case CE_AUTHORITY_KEY_ID:
		return gh_fail(err, GH_E_SIGNER, "extensions: the signer makes 2.5.29.%d itself",
		    arc);
	case CE_BASIC_CONSTRAINTS:
		ok = ok && read_basic_constraints(e, out);
		break;
	case CE_KEY_USAGE:
		ok = ok && read_key_usage(e, out);
		break;
	case CE_EXT_KEY_USAGE:
		ok = ok && read_ext_key_usage(e, out);
		break;
	case CE_SUBJECT_ALT_NAME:
		out->san = e->value;
		out->has_critical_san = e->is_critical;
		break;
	case CE_ISSUER_ALT_NAME:
		out->has_issuer_alt_name = true;
		break;
	case CE_CRL_DISTRIBUTION_POINTS:
	case CE_FRESHEST_CRL:
		ok = ok && read_distribution_points(e, out);
		break;
	default:
		out->has_ns_cert_type |= GH_OID_IS(&e->oid, GH_OID_NS_CERT_TYPE);
		break;
	}
	if (!ok && arc >= 0)
		return gh_fail(err, GH_E_SIGNER, "extensions: the value of 2.5.29.%d is malformed",
		    arc);
	return ok ? 0 : gh_fail(err, GH_E_SIGNER, "extensions: a value is not DER");
}

/* Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension; nothing at all stands for none. */
static int
read_extensions(const struct gh_der *der, struct cert_facts *out, struct gh_error *err)
{
	struct gh_der in = *der, list, seen[CERT_EXTENSIONS_MAX];
	struct cert_extension e;
	size_t n = 0;
	int rc;

	if (der->len == 0)
		return 0;
	if (!gh_der_is_strict(der->p, der->len) || !gh_der_take(&in, GH_DER_SEQUENCE, &list))
		return gh_fail(err, GH_E_SIGNER, "extensions: not Extensions");
	out->extensions = list;
	while (list.len > 0) {
		if (n == CERT_EXTENSIONS_MAX)
			return gh_fail(err, GH_E_SIGNER, "extensions: more than %d",
			    CERT_EXTENSIONS_MAX);
		if (!cert_take_extension(&list, &e))
			return gh_fail(err, GH_E_SIGNER, "extensions: number %zu is malformed",
			    n + 1);
		if (gh_der_is_among(&e.oid, seen, n))
			return gh_fail(err, GH_E_SIGNER,
			    "extensions: number %zu stands there twice", n + 1);
		seen[n++] = e.oid;
		if ((rc = read_extension(&e, out, err)) != 0)
			return rc;
	}
	return 0;
}

int
cert_fields_read(const struct signer_cert_fields *f, struct cert_facts *out, struct gh_error *err)
{
	struct gh_der subject = {f->subject, f->subject_len}, spki = {f->spki, f->spki_len};
	struct gh_der extensions = {f->extensions, f->extensions_len};
	int rc;

	memset(out, 0, sizeof(*out));
	out->not_before = f->not_before;
	out->not_after = f->not_after;
	if ((rc = read_subject(&subject, out, err)) != 0)
		return rc;
	if ((rc = public_key_read(&spki, out, err)) != 0)
		return rc;
	return read_extensions(&extensions, out, err);
}

/* --- checks ----------------------------------------------------------------------------------- */

#define EMPTY_NAME_SIZE 2
#define TIME_LAST 253402300799LL /* 9999-12-31T23:59:59Z, RFC 5280, 4.1.2.5.2 */

/*
 * What makes an end entity pass for a CA, or for the issuer of its CRLs, with some relying party.
 * RFC 5280, 6.3.3 (f) looks at cRLSign only where there is a keyUsage: without one, a name is
 * enough. There are no indirect CRLs here.
 */
static int
check_end_entity(const struct cert_facts *c, struct gh_error *err)
{
	/* RFC 5280, 4.2.1.3: keyCertSign only with cA; here cRLSign too */
	if (c->may_sign_certs || c->may_sign_crls)
		return gh_fail(err, GH_E_SIGNER, "keyUsage: keyCertSign or cRLSign without cA");
	if (!c->has_key_usage)
		return gh_fail(err, GH_E_CA_POLICY, "a certificate without keyUsage is not signed");
	if (c->has_ns_cert_type)
		return gh_fail(err, GH_E_CA_POLICY, "the extension nsCertType is not signed");
	if (c->has_issuer_alt_name)
		return gh_fail(err, GH_E_CA_POLICY, "the extension issuerAltName is not signed");
	if (c->has_foreign_crl_issuer)
		return gh_fail(err, GH_E_CA_POLICY,
		    "a cRLIssuer in a distribution point is not signed");
	return 0;
}

int
cert_fields_check_sanity(const struct cert_facts *c, struct gh_error *err)
{
	if (c->not_before < 0 || c->not_after > TIME_LAST)
		return gh_fail(err, GH_E_SIGNER, "validity: a time before 1970 or after 9999");
	if (c->not_before >= c->not_after)
		return gh_fail(err, GH_E_SIGNER, "validity: notBefore is not before notAfter");
	/* RFC 5280, 4.1.2.6 */
	if (c->subject.len == EMPTY_NAME_SIZE && !c->has_critical_san)
		return gh_fail(err, GH_E_SIGNER,
		    "subject: empty, without a critical subjectAltName");
	if (c->subject.len == EMPTY_NAME_SIZE && c->is_ca)
		return gh_fail(err, GH_E_SIGNER, "subject: a CA needs a name");
	return c->is_ca ? 0 : check_end_entity(c, err);
}
