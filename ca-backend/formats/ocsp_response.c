/* Writer of what OCSP answers say. See ocsp_response.h. */
#include <string.h>

#include "asn1_time.h"
#include "ocsp_response.h"
#include "oid.h"

/* GeneralizedTime in the form of RFC 5280, 4.1.2.5.2. */
static void
put_time(struct gh_buf *b, int64_t t)
{
	struct gh_asn1_time at;

	if (gh_asn1_time_encode_general(t, &at))
		gh_buf_put(b, at.bytes, at.len);
	else
		b->failed = true;
}

static void
put_revoked(struct gh_buf *b, const struct ocsp_status *status)
{
	size_t reason = status->reason != 0 ? 5 : 0;

	gh_der_put_header(b, GH_DER_CONTEXT(1), GH_ASN1_TIME_SIZE + reason);
	put_time(b, status->revoked_at);
	if (reason != 0) {
		unsigned char enumerated[] = {0x0a, 0x01, (unsigned char)status->reason};

		gh_der_put(b, GH_DER_CONTEXT(0), enumerated, sizeof(enumerated));
	}
}

static void
put_status(struct gh_buf *b, const struct ocsp_status *status)
{
	switch (status->status) {
	case OCSP_GOOD:
		gh_der_put(b, GH_DER_PRIMITIVE(0), NULL, 0);
		break;
	case OCSP_REVOKED:
		put_revoked(b, status);
		break;
	case OCSP_UNKNOWN:
		gh_der_put(b, GH_DER_PRIMITIVE(2), NULL, 0);
		break;
	}
}

/* RFC 6960, 4.4.4 */
static void
put_archive_cutoff(struct gh_buf *b, int64_t t)
{
	static const unsigned char oid[] = {GH_OID_DER(GH_OID_OCSP_ARCHIVE_CUTOFF)};
	size_t value = GH_ASN1_TIME_SIZE, ext = sizeof(oid) + gh_der_size(value);

	gh_der_put_header(b, GH_DER_CONTEXT(1), gh_der_size(gh_der_size(ext)));
	gh_der_put_header(b, GH_DER_SEQUENCE, gh_der_size(ext));
	gh_der_put_header(b, GH_DER_SEQUENCE, ext);
	gh_buf_put(b, oid, sizeof(oid));
	gh_der_put_header(b, GH_DER_OCTETS, value);
	put_time(b, t);
}

void
ocsp_put_single(struct gh_buf *b, const struct gh_der *cert_id, const struct ocsp_status *status,
    int64_t this_update, int64_t next_update, int64_t archive_cutoff)
{
	struct gh_buf rest;

	gh_buf_init(&rest, OCSP_SINGLE_MAX);
	put_status(&rest, status);
	put_time(&rest, this_update);
	gh_der_put_header(&rest, GH_DER_CONTEXT(0), GH_ASN1_TIME_SIZE);
	put_time(&rest, next_update);
	if (archive_cutoff != 0)
		put_archive_cutoff(&rest, archive_cutoff);
	gh_der_put_header(b, GH_DER_SEQUENCE, cert_id->len + rest.len);
	gh_buf_put(b, cert_id->p, cert_id->len);
	gh_buf_put(b, rest.data, rest.len);
	b->failed |= rest.failed;
	gh_buf_free(&rest);
}

void
ocsp_put_nonce(struct gh_buf *b, const struct gh_der *nonce)
{
	static const unsigned char oid[] = {GH_OID_DER(GH_OID_OCSP_NONCE)};
	size_t value = gh_der_size(nonce->len);

	gh_der_put_header(b, GH_DER_SEQUENCE, sizeof(oid) + gh_der_size(value));
	gh_buf_put(b, oid, sizeof(oid));
	gh_der_put_header(b, GH_DER_OCTETS, value);
	gh_der_put(b, GH_DER_OCTETS, nonce->p, nonce->len);
}

const unsigned char *
ocsp_error_der(enum ocsp_error e)
{
	/* SEQUENCE { ENUMERATED e } */
	static const unsigned char der[][OCSP_ERROR_SIZE] = {
	    [OCSP_MALFORMED] = {0x30, 0x03, 0x0a, 0x01, OCSP_MALFORMED},
	    [OCSP_INTERNAL] = {0x30, 0x03, 0x0a, 0x01, OCSP_INTERNAL},
	    [OCSP_TRY_LATER] = {0x30, 0x03, 0x0a, 0x01, OCSP_TRY_LATER},
	    [OCSP_UNAUTHORIZED] = {0x30, 0x03, 0x0a, 0x01, OCSP_UNAUTHORIZED},
	};

	return der[e];
}
