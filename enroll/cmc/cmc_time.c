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

/* --- in its window ---------------------------------------------------------------------------- */

static int
check(struct cmc_run *r, enum found found, int64_t at)
{
	int64_t now = gh_now(), window = r->ctx->time_window;
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

/* Of each signature. */
static int
check_signed(struct cmc_run *r, const struct cms_signed *m)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < m->signers; i++) {
		bool is_there = false;
		const ASN1_TIME *t = cms_signed_time(m, i, &is_there);
		enum found found = ABSENT;
		int64_t at = 0;

		if (is_there)
			found = gh_asn1_time_get(t, &at) ? PRESENT : MALFORMED;
		rc = check(r, found, at);
	}
	return rc;
}

int
cmc_check_time(struct cmc_run *r)
{
	enum found found;
	int64_t at = 0;
	int rc;

	if (r->ctx->time_window <= 0)
		return 0;
	if ((rc = check_signed(r, &r->outer)) != 0 || !cmc_is_authenticated(r))
		return rc != 0 ? rc : check_signed(r, &r->message);
	found = find_in_authenticated(r->authenticated.attributes, &at);
	return check(r, found, at);
}
