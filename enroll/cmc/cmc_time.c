/*
 * When a message was signed (RFC 5652, 11.3; RFC 5272, 6.1.4): one that is old is perhaps somebody
 * else's, who has kept it until its nonce is forgotten.
 */
#include <openssl/err.h>

#include "asn1_time.h"
#include "timestamp.h"

#include "cmc_run.h"

/* signingTime, 1.2.840.113549.1.9.5 */
#define SIGNING_TIME GH_OID_RSADSI, 1, 9, 5

enum found { ABSENT, PRESENT, MALFORMED };

static enum found
find_in_signed(const struct cms_signed *m, int64_t *out)
{
	bool is_there = false;
	const ASN1_TIME *t = m->signers > 0 ? cms_signed_time(m, 0, &is_there) : NULL;

	return !is_there ? ABSENT : gh_asn1_time_get(t, out) ? PRESENT : MALFORMED;
}

static enum found
read_time(const struct gh_der *der, int64_t *out)
{
	const unsigned char *p = der->p;
	ASN1_TIME *t = d2i_ASN1_TIME(NULL, &p, (long)der->len);
	bool ok = t != NULL && p == der->p + der->len && gh_asn1_time_get(t, out);

	ASN1_TIME_free(t);
	ERR_clear_error();
	return ok ? PRESENT : MALFORMED;
}

/* attributes: content of a SET OF Attribute. Twice is as bad as malformed. */
static enum found
find_in_authenticated(struct gh_der attributes, int64_t *out)
{
	struct gh_der one, type, values, value;
	enum found found = ABSENT;

	while (gh_der_take(&attributes, GH_DER_SEQUENCE, &one)) {
		if (!gh_der_take(&one, GH_DER_OID, &type) || !GH_OID_IS(&type, SIGNING_TIME))
			continue;
		if (found != ABSENT || !gh_der_take(&one, GH_DER_SET, &values) ||
		    !gh_der_next(&values, NULL, &value, NULL) || values.len != 0)
			return MALFORMED;
		found = read_time(&value, out);
	}
	return found;
}

static enum found
find_time(const struct cmc_run *r, int64_t *out)
{
	return cmc_is_authenticated(r) ? find_in_authenticated(r->authenticated.attributes, out)
				       : find_in_signed(&r->message, out);
}

int
cmc_check_time(struct cmc_run *r)
{
	int64_t at = 0, now = gh_now(), window = r->ctx->time_window;
	enum found found = window > 0 ? find_time(r, &at) : ABSENT;
	struct gh_error err;

	if (found == ABSENT || (found == PRESENT && at >= now - window && at <= now + window))
		return 0;
	if (found == MALFORMED)
		gh_refuse(&err, GH_E_TIMESTAMP_WINDOW, "signingTime is malformed, or there twice.");
	else
		gh_refuse(&err, GH_E_TIMESTAMP_WINDOW,
		    "signingTime is too far from the time here: set the clock.");
	return cmc_refuse(r, 0, &err);
}
