/*
 * Seconds since 1970 to dates and back: the Gregorian calendar in UTC, years 0000 to 9999, without
 * leap seconds. gmtime_r does the first half and takes a lock of the C library, which all threads
 * share; timegm turns a date that does not exist into one that does.
 */
#ifndef GH_CALENDAR_H
#define GH_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define GH_DAY_SECONDS 86400LL

struct gh_date {
	int year;         /* 0 to 9999 */
	int month, day;   /* from 1 */
	int hour, minute; /* from 0 */
	int second;       /* 0 to 59; gh_date_to_time takes 60 as 59 */
	int weekday;      /* 0: Sunday; gh_date_to_time does not look at it */
};

/* false: before the year 0000 or after 9999; *out is then zeros. */
bool gh_date_of_time(int64_t t, struct gh_date *out);
/* false: there is no such date, or no such time of the day; *out is then 0. */
bool gh_date_to_time(const struct gh_date *d, int64_t *out);

#endif
