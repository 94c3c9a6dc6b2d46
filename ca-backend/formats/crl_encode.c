/*
 * Entries and extensions of CRLs. An entry is written straight into memory: a million of them must
 * not cost more than the database that they come from.
 */
#include <string.h>

#include "asn1_time.h"
#include "crl_encode.h"
#include "der.h"
#include "oid.h"

#define DER_ENUMERATED 0x0a
#define NUMBER_MAX 9 /* content of an INTEGER below 2^64 */

/* --- entries ---------------------------------------------------------------------------------- */

/* Time, RFC 5280, 5.1.2.6; GeneralizedTime always for an invalidityDate. NULL: no such year. */
static unsigned char *
put_time(unsigned char *p, int64_t t, bool is_general)
{
	struct gh_asn1_time at;

	if (is_general ? !gh_asn1_time_encode_general(t, &at) : !gh_asn1_time_encode(t, &at))
		return NULL;
	memcpy(p, at.bytes, at.len);
	return p + at.len;
}

/* CertificateSerialNumber. NULL: wrong length. */
static unsigned char *
put_serial(unsigned char *p, const unsigned char *serial, size_t len)
{
	bool is_high;

	if (len == 0 || len > CRL_SERIAL_MAX)
		return NULL;
	for (; len > 1 && serial[0] == 0; len--)
		serial++;
	is_high = serial[0] >= 0x80;
	*p++ = GH_DER_INTEGER;
	*p++ = (unsigned char)(len + is_high);
	if (is_high)
		*p++ = 0;
	memcpy(p, serial, len);
	return p + len;
}

/* reasonCode, RFC 5280, 5.3.1 */
static unsigned char *
put_reason(unsigned char *p, int reason)
{
	static const unsigned char head[] = {GH_DER_SEQUENCE, 10, GH_OID_DER(GH_OID_CRL_REASON),
	    GH_DER_OCTETS, 3, DER_ENUMERATED, 1};

	if (reason == 0)
		return p;
	memcpy(p, head, sizeof(head));
	p[sizeof(head)] = (unsigned char)reason;
	return p + sizeof(head) + 1;
}

/* invalidityDate, RFC 5280, 5.3.2: GeneralizedTime in any year. NULL: no such year. */
static unsigned char *
put_invalidity(unsigned char *p, const struct crl_entry *e)
{
	static const unsigned char head[] = {GH_DER_SEQUENCE, 24,
	    GH_OID_DER(GH_OID_INVALIDITY_DATE), GH_DER_OCTETS, GH_ASN1_TIME_SIZE};

	if (!e->has_invalidity)
		return p;
	memcpy(p, head, sizeof(head));
	return put_time(p + sizeof(head), e->invalidity, true);
}

size_t
crl_encode_entry(const struct crl_entry *e, unsigned char out[CRL_ENTRY_MAX])
{
	unsigned char *p = put_serial(out + 2, e->serial, e->serial_len), *list;

	if (p == NULL || (p = put_time(p, e->revoked_at, false)) == NULL)
		return 0;
	list = p;
	p = put_reason(p + 2, e->reason);
	if ((p = put_invalidity(p, e)) == NULL)
		return 0;
	/* both lengths stay below 128: one octet each */
	if (p == list + 2) {
		p = list;
	} else {
		list[0] = GH_DER_SEQUENCE;
		list[1] = (unsigned char)(p - list - 2);
	}
	out[0] = GH_DER_SEQUENCE;
	out[1] = (unsigned char)(p - out - 2);
	return (size_t)(p - out);
}

/* --- extensions ------------------------------------------------------------------------------- */

enum extension {
	EXT_CRL_NUMBER = 20,
	EXT_DELTA = 27,
	EXT_IDP = 28,
	EXT_FRESHEST = 46
}; /* id-ce n */

/* Extension up to its extnValue's content, which the caller writes. RFC 5280, 4.1 */
static void
put_extension(struct gh_buf *b, enum extension id, bool is_critical, size_t value)
{
	static const unsigned char critical[] = {GH_DER_BOOLEAN, 1, 0xff};
	const unsigned char oid[] = {GH_OID_DER(GH_OID_CE((unsigned char)id))};

	gh_der_put_header(b, GH_DER_SEQUENCE,
	    sizeof(oid) + (is_critical ? sizeof(critical) : 0) + gh_der_size(value));
	gh_buf_put(b, oid, sizeof(oid));
	if (is_critical)
		gh_buf_put(b, critical, sizeof(critical));
	gh_der_put_header(b, GH_DER_OCTETS, value);
}

static size_t
number_content(uint64_t v, unsigned char out[NUMBER_MAX])
{
	size_t n = 0;

	for (int shift = 64; shift >= 0; shift -= 8) {
		unsigned char octet = shift == 64 ? 0 : (unsigned char)(v >> shift);
		unsigned char next = shift == 0 ? 0x80 : (unsigned char)(v >> (shift - 8));

		/* leading zeros go, unless the next octet would make it negative */
		if (n > 0 || octet != 0 || next >= 0x80)
			out[n++] = octet;
	}
	return n;
}

static void
put_number(struct gh_buf *b, enum extension id, bool is_critical, uint64_t v)
{
	unsigned char content[NUMBER_MAX];
	size_t n = number_content(v, content);

	put_extension(b, id, is_critical, gh_der_size(n));
	gh_der_put(b, GH_DER_INTEGER, content, n);
}

static size_t
urls_size(char *const *urls)
{
	size_t size = 0;

	for (size_t i = 0; urls != NULL && urls[i] != NULL; i++)
		size += gh_der_size(strlen(urls[i]));
	return size;
}

/* DistributionPointName [0] { fullName [0] { uniformResourceIdentifier [6] ... } } */
static void
put_point_name(struct gh_buf *b, char *const *urls, size_t names)
{
	gh_der_put_header(b, GH_DER_CONTEXT(0), gh_der_size(names));
	gh_der_put_header(b, GH_DER_CONTEXT(0), names);
	for (size_t i = 0; urls[i] != NULL; i++)
		gh_der_put(b, GH_DER_PRIMITIVE(6), urls[i], strlen(urls[i]));
}

/* IssuingDistributionPoint ::= SEQUENCE { distributionPoint [0] }. RFC 5280, 5.2.5: critical. */
static void
put_idp(struct gh_buf *b, char *const *urls)
{
	size_t names = urls_size(urls), point = gh_der_size(gh_der_size(names));

	if (names == 0)
		return;
	put_extension(b, EXT_IDP, true, gh_der_size(point));
	gh_der_put_header(b, GH_DER_SEQUENCE, point);
	put_point_name(b, urls, names);
}

/* FreshestCRL ::= SEQUENCE OF DistributionPoint. RFC 5280, 5.2.6: not critical. */
static void
put_freshest(struct gh_buf *b, char *const *urls)
{
	size_t names = urls_size(urls), point = gh_der_size(gh_der_size(names));

	if (names == 0)
		return;
	put_extension(b, EXT_FRESHEST, false, gh_der_size(gh_der_size(point)));
	gh_der_put_header(b, GH_DER_SEQUENCE, gh_der_size(point));
	gh_der_put_header(b, GH_DER_SEQUENCE, point);
	put_point_name(b, urls, names);
}

void
crl_put_extensions(struct gh_buf *b, const struct crl_extensions *x)
{
	put_number(b, EXT_CRL_NUMBER, false, x->number);
	if (x->is_delta)
		put_number(b, EXT_DELTA, true, x->base_number); /* 5.2.4: critical */
	put_idp(b, x->idp_urls);
	if (!x->is_delta)
		put_freshest(b, x->delta_urls);
}
