/* Times in DER. See der_time.h. */
#include <string.h>
#include <time.h>

#include "der_time.h"

#define CENTURY 2 /* digits that UTCTime leaves out */
#define UTC_LAST_YEAR 2049

static bool
encode(int64_t t, bool is_utc, struct der_time *out)
{
	char text[32], *from = text;
	time_t clock = (time_t)t;
	struct tm tm;
	size_t n;

	if (t < 0 || gmtime_r(&clock, &tm) == NULL || tm.tm_year + 1900 > 9999)
		return false;
	is_utc = is_utc && tm.tm_year + 1900 <= UTC_LAST_YEAR;
	n = strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm);
	if (n == 0 || n + 2 > sizeof(out->bytes))
		return false;
	if (is_utc) {
		from += CENTURY;
		n -= CENTURY;
	}
	out->bytes[0] = is_utc ? GH_DER_UTC_TIME : GH_DER_GEN_TIME;
	out->bytes[1] = (unsigned char)n;
	memcpy(out->bytes + 2, from, n);
	out->len = n + 2;
	return true;
}

bool
der_time_encode(int64_t t, struct der_time *out)
{
	return encode(t, true, out);
}

bool
der_time_encode_general(int64_t t, struct der_time *out)
{
	return encode(t, false, out);
}

/* Two digits from min to max. */
static bool
is_pair(const unsigned char *p, int min, int max)
{
	int value = (p[0] - '0') * 10 + (p[1] - '0');

	return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9' && value >= min &&
	    value <= max;
}

/* "MMDDHHMMSSZ"; the length of a month is not looked at. */
static bool
is_rest(const unsigned char *p)
{
	return is_pair(p, 1, 12) && is_pair(p + 2, 1, 31) && is_pair(p + 4, 0, 23) &&
	    is_pair(p + 6, 0, 59) && is_pair(p + 8, 0, 59) && p[10] == 'Z';
}

bool
der_time_take_general(struct gh_der *in)
{
	struct gh_der v;

	return gh_der_take(in, GH_DER_GEN_TIME, &v) && v.len == 15 && is_pair(v.p, 0, 99) &&
	    is_pair(v.p + 2, 0, 99) && is_rest(v.p + 4);
}

bool
der_time_take(struct gh_der *in)
{
	struct gh_der v;

	if (gh_der_has_tag(in, GH_DER_UTC_TIME))
		return gh_der_take(in, GH_DER_UTC_TIME, &v) && v.len == 13 && is_pair(v.p, 0, 99) &&
		    is_rest(v.p + 2);
	v = *in;
	return der_time_take_general(in) && memcmp(v.p + 2, "2050", 4) >= 0;
}
