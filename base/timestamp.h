/* Points in time are int64_t seconds since 1970 UTC everywhere. */
#ifndef GH_TIMESTAMP_H
#define GH_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define GH_TIMESTAMP_SIZE 32

int64_t gh_now(void);    /* UTC seconds */
int64_t gh_now_us(void); /* CLOCK_MONOTONIC, microseconds: for durations only */

/*
 * Every spelling of notes "keyfactor-classic-api" 1.3: ISO 8601 with T or blank, 0 to 9 digits of
 * fraction, Z, offset or no zone (= UTC), and "MM/DD/YYYY hh:mm:ss". Surrounding white space is
 * skipped; dates that do not exist are refused; a leap second 60 is taken as 59.
 * Returns 0 or GH_E_TIMESTAMP.
 */
int gh_timestamp_parse(const char *text, int64_t *out, struct gh_error *err) GH_MUSTCHECK;

/* "2024-01-02T03:04:05Z" into out (GH_TIMESTAMP_SIZE bytes); returns out. "" outside of the years
 * 0000 to 9999. */
char *gh_timestamp_format(int64_t t, char *out);

/* A day, its begin in UTC: "2026-01-02", also "2026-1-2". false: it is written otherwise, or does
 * not exist; *out is then 0. */
bool gh_day_parse(const char *text, int64_t *out);
/* "1/2/2026" in the same way, month first. */
bool gh_day_parse_month_first(const char *text, int64_t *out);

#endif
