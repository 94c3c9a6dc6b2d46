/* The Gregorian calendar. See calendar.h. */
#include <string.h>

#include "calendar.h"

#define DAYS_TO_1970 719468 /* from 1 March of year 0 */
#define DAYS_OF_ERA 146097  /* 400 years */
#define FIRST_DAY (-719528) /* 1 January of year 0 */
#define LAST_DAY 2932896    /* 31 December of 9999 */

/* Years are counted from March here, so that the leap day comes last. */
static void
set_day(int64_t days, struct gh_date *out)
{
	int64_t from_0 = days + DAYS_TO_1970;
	int64_t era = (from_0 >= 0 ? from_0 : from_0 - (DAYS_OF_ERA - 1)) / DAYS_OF_ERA;
	int of_era = (int)(from_0 - era * DAYS_OF_ERA);
	int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int of_year = of_era - (365 * year + year / 4 - year / 100);
	int march = (5 * of_year + 2) / 153; /* months since March */

	out->year = (int)(year + era * 400) + (march >= 10);
	out->month = march < 10 ? march + 3 : march - 9;
	out->day = of_year - (153 * march + 2) / 5 + 1;
	out->weekday = (int)((days - FIRST_DAY + 6) % 7);
}

bool
gh_date_of_time(int64_t t, struct gh_date *out)
{
	int64_t days = t / GH_DAY_SECONDS;
	int second = (int)(t % GH_DAY_SECONDS);

	memset(out, 0, sizeof(*out));
	if (second < 0) {
		second += GH_DAY_SECONDS;
		days--;
	}
	if (days < FIRST_DAY || days > LAST_DAY)
		return false;
	set_day(days, out);
	out->hour = second / 3600;
	out->minute = second / 60 % 60;
	out->second = second % 60;
	return true;
}

static int
days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

static bool
is_date(const struct gh_date *d)
{
	return d->year >= 0 && d->year <= 9999 && d->month >= 1 && d->month <= 12 && d->day >= 1 &&
	    d->day <= days_of_month(d->year, d->month) && d->hour >= 0 && d->hour <= 23 &&
	    d->minute >= 0 && d->minute <= 59 && d->second >= 0 && d->second <= 60;
}

bool
gh_date_to_time(const struct gh_date *d, int64_t *out)
{
	int64_t year, era, of_era;
	int march;

	*out = 0;
	if (!is_date(d))
		return false;
	year = d->month > 2 ? d->year : d->year - 1;
	march = d->month > 2 ? d->month - 3 : d->month + 9;
	era = (year >= 0 ? year : year - 399) / 400;
	of_era = year - era * 400;
	of_era = of_era * 365 + of_era / 4 - of_era / 100 + (153 * march + 2) / 5 + d->day - 1;
	*out = (era * DAYS_OF_ERA + of_era - DAYS_TO_1970) * GH_DAY_SECONDS + d->hour * 3600 +
	    d->minute * 60 + (d->second < 60 ? d->second : 59);
	return true;
}
