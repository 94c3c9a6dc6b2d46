/* Times in ASN.1. See asn1_time.h. */
#include <string.h>
#include <time.h>

#include "asn1_time.h"
#include "calendar.h"

#define DIGITS 14 /* YYYYMMDDHHMMSS */
#define CENTURY 2 /* digits that UTCTime leaves out */

bool
gh_asn1_time_get(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm;
	struct gh_date d = {0};

	*out = 0;
	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	d.year = tm.tm_year + 1900;
	d.month = tm.tm_mon + 1;
	d.day = tm.tm_mday;
	d.hour = tm.tm_hour;
	d.minute = tm.tm_min;
	d.second = tm.tm_sec;
	return gh_date_to_time(&d, out);
}

/* --- writing ---------------------------------------------------------------------------------- */

static unsigned char *
put_two(unsigned char *p, int v)
{
	*p++ = (unsigned char)('0' + v / 10);
	*p++ = (unsigned char)('0' + v % 10);
	return p;
}

static bool
encode(int64_t t, bool may_be_utc, struct gh_asn1_time *out)
{
	unsigned char *p = out->bytes;
	struct gh_date d;
	bool is_utc;

	out->len = 0;
	if (!gh_date_of_time(t, &d))
		return false;
	is_utc = may_be_utc && d.year >= 1950 && d.year <= 2049;
	*p++ = is_utc ? GH_DER_UTC_TIME : GH_DER_GEN_TIME;
	*p++ = (unsigned char)(is_utc ? DIGITS + 1 - CENTURY : DIGITS + 1);
	if (!is_utc)
		p = put_two(p, d.year / 100);
	p = put_two(p, d.year % 100);
	p = put_two(p, d.month);
	p = put_two(p, d.day);
	p = put_two(p, d.hour);
	p = put_two(p, d.minute);
	p = put_two(p, d.second);
	*p++ = 'Z';
	out->len = (size_t)(p - out->bytes);
	return true;
}

bool
gh_asn1_time_encode(int64_t t, struct gh_asn1_time *out)
{
	return encode(t, true, out);
}

bool
gh_asn1_time_encode_general(int64_t t, struct gh_asn1_time *out)
{
	return encode(t, false, out);
}

/* --- reading ---------------------------------------------------------------------------------- */

bool
gh_asn1_time_digits(const void *p, int64_t *out)
{
	const unsigned char *s = p;
	int v[DIGITS / 2];
	struct gh_date d = {0};

	*out = 0;
	for (int i = 0; i < DIGITS / 2; i++, s += 2) {
		if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
			return false;
		v[i] = (s[0] - '0') * 10 + (s[1] - '0');
	}
	d.year = v[0] * 100 + v[1];
	d.month = v[2];
	d.day = v[3];
	d.hour = v[4];
	d.minute = v[5];
	d.second = v[6];
	return d.second < 60 && gh_date_to_time(&d, out);
}

static bool
take_general(struct gh_der *in, int64_t *t)
{
	struct gh_der v;

	return gh_der_take(in, GH_DER_GEN_TIME, &v) && v.len == DIGITS + 1 && v.p[DIGITS] == 'Z' &&
	    gh_asn1_time_digits(v.p, t);
}

static bool
take_utc(struct gh_der *in, int64_t *t)
{
	unsigned char text[DIGITS];
	struct gh_der v;

	if (!gh_der_take(in, GH_DER_UTC_TIME, &v) || v.len != DIGITS + 1 - CENTURY ||
	    v.p[v.len - 1] != 'Z')
		return false;
	memcpy(text, v.p[0] >= '5' ? "19" : "20", CENTURY);
	memcpy(text + CENTURY, v.p, DIGITS - CENTURY);
	return gh_asn1_time_digits(text, t);
}

bool
gh_asn1_time_take_general(struct gh_der *in, int64_t *out)
{
	int64_t t = 0;
	bool ok = take_general(in, &t);

	if (out != NULL)
		*out = ok ? t : 0;
	return ok;
}

bool
gh_asn1_time_take(struct gh_der *in, int64_t *out)
{
	const int64_t year_2050 = 2524608000;
	int64_t t = 0;
	bool ok = gh_der_has_tag(in, GH_DER_UTC_TIME) ? take_utc(in, &t)
						      : take_general(in, &t) && t >= year_2050;

	if (out != NULL)
		*out = ok ? t : 0;
	return ok;
}
