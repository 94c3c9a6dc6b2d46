/* The parts of a certificate. See cert_parts.h. */
#include <string.h>

#include "asn1_time.h"
#include "oid.h"

#include "cert_parts.h"

/* As OpenSSL reads it: a CA from elsewhere may write a GeneralizedTime where RFC 5280 has a
 * UTCTime. */
static bool
take_time(struct gh_der *in, int64_t *out)
{
	struct gh_der whole;
	const unsigned char *p;
	ASN1_TIME *t;
	bool is_read;

	if (!gh_der_next(in, NULL, &whole, NULL))
		return false;
	p = whole.p;
	t = d2i_ASN1_TIME(NULL, &p, (long)whole.len);
	is_read = gh_asn1_time_get(t, out);
	ASN1_TIME_free(t);
	return is_read;
}

/* false: malformed before it was found. value: empty where it is not there. */
static bool
find_extension(struct gh_der list, const void *wanted, size_t n, struct gh_der *value)
{
	struct gh_der one, oid;

	*value = (struct gh_der){NULL, 0};
	while (list.len > 0) {
		if (!gh_der_take(&list, GH_DER_SEQUENCE, &one) ||
		    !gh_der_take(&one, GH_DER_OID, &oid))
			return false;
		(void)gh_der_take(&one, GH_DER_BOOLEAN, NULL); /* critical */
		if (gh_der_equals(&oid, wanted, n))
			return gh_der_take(&one, GH_DER_OCTETS, value);
	}
	return true;
}

/* Behind the public key. */
static bool
read_extensions(struct gh_der *tbs, struct cert_parts *out)
{
	static const unsigned char alt_name[] = {GH_OID_SUBJECT_ALT_NAME};
	struct gh_der all;

	(void)gh_der_take(tbs, GH_DER_PRIMITIVE(1), NULL); /* issuerUniqueID */
	(void)gh_der_take(tbs, GH_DER_PRIMITIVE(2), NULL); /* subjectUniqueID */
	if (tbs->len == 0)
		return true;
	return gh_der_take(tbs, GH_DER_CONTEXT(3), &all) && tbs->len == 0 &&
	    gh_der_take(&all, GH_DER_SEQUENCE, &out->extensions) &&
	    find_extension(out->extensions, alt_name, sizeof(alt_name), &out->san);
}

bool
cert_parts_extension(const struct cert_parts *parts, const void *oid, size_t oid_len,
    struct gh_der *value)
{
	return find_extension(parts->extensions, oid, oid_len, value) && value->p != NULL;
}

bool
cert_parts_read(const unsigned char *der, size_t len, struct cert_parts *out)
{
	struct gh_der in = {der, len}, cert, tbs, validity;

	memset(out, 0, sizeof(*out));
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &cert) || in.len != 0 ||
	    !gh_der_take(&cert, GH_DER_SEQUENCE, &tbs))
		return false;
	(void)gh_der_take(&tbs, GH_DER_CONTEXT(0), NULL); /* version; none: 1 */
	return gh_der_take(&tbs, GH_DER_INTEGER, &out->serial) && out->serial.len > 0 &&
	    gh_der_take(&tbs, GH_DER_SEQUENCE, NULL) && /* signature */
	    gh_der_take_whole(&tbs, GH_DER_SEQUENCE, &out->issuer) &&
	    gh_der_take(&tbs, GH_DER_SEQUENCE, &validity) &&
	    take_time(&validity, &out->not_before) && take_time(&validity, &out->not_after) &&
	    gh_der_take_whole(&tbs, GH_DER_SEQUENCE, &out->subject) &&
	    gh_der_take_whole(&tbs, GH_DER_SEQUENCE, &out->spki) && read_extensions(&tbs, out);
}
