/* Checks of what is given for CRLs and OCSP answers. See sign_fields.h. */
#include <string.h>

#include "asn1_time.h"
#include "oid.h"
#include "sign_fields.h"
#include "timestamp.h"

#define SERIAL_MAX 64 /* RFC 5280, 4.1.2.2: 20; an imported CA may have had other ideas */

static const unsigned char oid_aki[] = {GH_OID_AUTHORITY_KEY_ID};
static const unsigned char oid_crl_number[] = {GH_OID_CRL_NUMBER};

/* --- pieces ----------------------------------------------------------------------------------- */

/* certificateIssuer of an entry, indirectCRL [4] of issuingDistributionPoint (RFC
 * 5280, 5.3.3, 5.2.5): by these a worker that was taken over could have one CA speak about the
 * certificates of another. */
static bool
is_of_indirect_crl(const struct gh_der *oid, struct gh_der value)
{
	struct gh_der idp;
	unsigned tag;

	if (!GH_OID_IS(oid, GH_OID_ISSUING_DISTRIBUTION_POINT))
		return GH_OID_IS(oid, GH_OID_CERTIFICATE_ISSUER);
	if (!gh_der_take(&value, GH_DER_SEQUENCE, &idp) || value.len != 0)
		return true;
	while (gh_der_next(&idp, &tag, NULL, NULL))
		if (tag == GH_DER_PRIMITIVE(4))
			return true;
	return idp.len != 0;
}

/* Extension with a value that is DER. */
static bool
take_extension(struct gh_der *list, struct gh_der *oid)
{
	struct gh_der in, flag, value;

	if (!gh_der_take(list, GH_DER_SEQUENCE, &in) || !gh_der_take_whole(&in, GH_DER_OID, oid))
		return false;
	if (!gh_der_is_strict(oid->p, oid->len))
		return false;
	oid->p += 2; /* content: no object identifier here has 128 bytes */
	oid->len -= 2;
	if (gh_der_take(&in, GH_DER_BOOLEAN, &flag) && (flag.len != 1 || flag.p[0] != 0xff))
		return false;
	return gh_der_take(&in, GH_DER_OCTETS, &value) && in.len == 0 &&
	    gh_der_is_strict(value.p, value.len) && !is_of_indirect_crl(oid, value);
}

/* Extensions, each kind once. Gives the object identifiers; false also when there are too many. */
static bool
read_extensions(struct gh_der list, struct gh_der seen[SIGN_EXTENSIONS_MAX], size_t *n)
{
	struct gh_der oid;

	for (*n = 0; list.len > 0; (*n)++) {
		if (*n == SIGN_EXTENSIONS_MAX || !take_extension(&list, &oid) || oid.len >= 0x80 ||
		    gh_der_is_among(&oid, seen, *n))
			return false;
		seen[*n] = oid;
	}
	return true;
}

/* Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension */
static bool
take_extensions(struct gh_der *in)
{
	struct gh_der list, seen[SIGN_EXTENSIONS_MAX];
	size_t n;

	return gh_der_take(in, GH_DER_SEQUENCE, &list) && read_extensions(list, seen, &n) && n > 0;
}

/* CertificateSerialNumber, X.690, 8.3: minimal. */
static bool
take_serial(struct gh_der *in)
{
	struct gh_der v;

	if (!gh_der_take(in, GH_DER_INTEGER, &v) || v.len < 1 || v.len > SERIAL_MAX)
		return false;
	if (v.len == 1)
		return true;
	return !(v.p[0] == 0x00 && v.p[1] < 0x80) && !(v.p[0] == 0xff && v.p[1] >= 0x80);
}

/* --- CRLs ------------------------------------------------------------------------------------- */

int
sign_fields_check_crl(const struct signer_crl_fields *f, struct gh_error *err)
{
	struct gh_der seen[SIGN_EXTENSIONS_MAX], list = {f->extensions, f->extensions_len};
	struct gh_der number = {oid_crl_number, sizeof(oid_crl_number)};
	struct gh_der aki = {oid_aki, sizeof(oid_aki)};
	size_t n;

	if (f->this_update < 0 || f->next_update <= f->this_update)
		return gh_fail(err, GH_E_SIGNER, "CRL: nextUpdate is not after thisUpdate");
	/* an empty CRL of a worker that was taken over must not outlive it for long */
	if (f->next_update > gh_now() + SIGNER_CRL_AHEAD_MAX)
		return gh_fail(err, GH_E_SIGNER, "CRL: nextUpdate is more than two years ahead");
	if (f->entries_len > SIGNER_CRL_ENTRIES_MAX)
		return gh_fail(err, GH_E_SIGNER, "CRL: more than %llu bytes of entries",
		    (unsigned long long)SIGNER_CRL_ENTRIES_MAX);
	if (f->extensions_len > SIGNER_CRL_EXTENSIONS_MAX || !read_extensions(list, seen, &n))
		return gh_fail(err, GH_E_SIGNER,
		    "CRL extensions: malformed, of an indirect CRL, or one stands twice");
	if (gh_der_is_among(&aki, seen, n))
		return gh_fail(err, GH_E_SIGNER,
		    "CRL extensions: the signer makes 2.5.29.35 itself");
	if (!gh_der_is_among(&number, seen, n))
		return gh_fail(err, GH_E_SIGNER, "CRL extensions: cRLNumber is missing");
	return 0;
}

/* SEQUENCE { userCertificate, revocationDate, crlEntryExtensions OPTIONAL } */
static bool
take_entry(struct gh_der *in)
{
	struct gh_der entry;

	return gh_der_take(in, GH_DER_SEQUENCE, &entry) && take_serial(&entry) &&
	    gh_asn1_time_take(&entry, NULL) && (entry.len == 0 || take_extensions(&entry)) &&
	    entry.len == 0;
}

int
sign_fields_check_entries(const unsigned char *p, size_t len, struct gh_error *err)
{
	struct gh_der in = {p, len};

	do {
		if (!take_entry(&in))
			return gh_fail(err, GH_E_SIGNER,
			    "CRL entries: malformed, or of an indirect CRL, %zu bytes before the end of the piece",
			    in.len);
	} while (in.len > 0);
	return 0;
}

/* --- OCSP ------------------------------------------------------------------------------------- */

/* CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } */
static bool
take_cert_id(struct gh_der *in)
{
	struct gh_der id, whole, alg;

	return gh_der_take(in, GH_DER_SEQUENCE, &id) &&
	    gh_der_take_whole(&id, GH_DER_SEQUENCE, &whole) &&
	    gh_der_is_strict(whole.p, whole.len) && gh_der_take(&whole, GH_DER_SEQUENCE, &alg) &&
	    gh_der_take(&alg, GH_DER_OID, NULL) && gh_der_take(&id, GH_DER_OCTETS, NULL) &&
	    gh_der_take(&id, GH_DER_OCTETS, NULL) && take_serial(&id) && id.len == 0;
}

/* CRLReason, RFC 5280, 5.3.1: 0 to 10, without 7 */
static bool
take_reason(struct gh_der *in)
{
	struct gh_der v;

	return gh_der_take(in, GH_DER_ENUMERATED, &v) && v.len == 1 && v.p[0] <= 10 && v.p[0] != 7;
}

/* RevokedInfo ::= SEQUENCE { revocationTime, revocationReason [0] EXPLICIT OPTIONAL } */
static bool
is_revoked_info(struct gh_der in)
{
	struct gh_der reason;

	if (!gh_asn1_time_take_general(&in, NULL))
		return false;
	if (in.len == 0)
		return true;
	return gh_der_take(&in, GH_DER_CONTEXT(0), &reason) && in.len == 0 &&
	    take_reason(&reason) && reason.len == 0;
}

/* good [0] and unknown [2] IMPLICIT NULL, revoked [1] IMPLICIT RevokedInfo */
static bool
take_status(struct gh_der *in)
{
	struct gh_der v;

	if (gh_der_take(in, GH_DER_CONTEXT(1), &v))
		return is_revoked_info(v);
	return (gh_der_take(in, GH_DER_PRIMITIVE(0), &v) ||
		   gh_der_take(in, GH_DER_PRIMITIVE(2), &v)) &&
	    v.len == 0;
}

static bool
take_single_response(struct gh_der *in)
{
	struct gh_der r, v;

	if (!gh_der_take(in, GH_DER_SEQUENCE, &r) || !take_cert_id(&r) || !take_status(&r) ||
	    !gh_asn1_time_take_general(&r, NULL))
		return false;
	if (gh_der_take(&r, GH_DER_CONTEXT(0), &v) &&
	    (!gh_asn1_time_take_general(&v, NULL) || v.len != 0))
		return false;
	if (gh_der_take(&r, GH_DER_CONTEXT(1), &v) && (!take_extensions(&v) || v.len != 0))
		return false;
	return r.len == 0;
}

int
sign_fields_check_ocsp(const struct signer_ocsp_fields *f, struct gh_error *err)
{
	struct gh_der in = {f->responses, f->responses_len}, seen[SIGN_EXTENSIONS_MAX];
	struct gh_der list = {f->extensions, f->extensions_len};
	size_t n;

	if (f->responses_len > SIGNER_OCSP_RESPONSES_MAX)
		return gh_fail(err, GH_E_SIGNER, "OCSP responses: longer than %d bytes",
		    SIGNER_OCSP_RESPONSES_MAX);
	do {
		if (!take_single_response(&in))
			return gh_fail(err, GH_E_SIGNER,
			    "OCSP responses: no SingleResponse %zu bytes before the end", in.len);
	} while (in.len > 0);
	if (f->extensions_len > SIGNER_OCSP_EXTENSIONS_MAX || !read_extensions(list, seen, &n))
		return gh_fail(err, GH_E_SIGNER,
		    "OCSP response extensions: malformed, or one stands twice");
	return 0;
}
