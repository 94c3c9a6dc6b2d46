/* Reading the times that clients send, and writing our own. RFC 3339, ISO 8601 and one PowerShell
 * habit. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "timestamp.h"

#define TEXT_MAX 64
#define FRACTION_MAX 9

int64_t
gh_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

int64_t
gh_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static bool
digits(const char **p, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++) {
		if ((*p)[i] < '0' || (*p)[i] > '9')
			return false;
		*out = *out * 10 + ((*p)[i] - '0');
	}
	*p += n;
	return true;
}

static bool
skip(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* "YYYY-MM-DD" or "MM/DD/YYYY" */
static bool
parse_date(const char **p, struct tm *tm)
{
	int y, m, d;

	if ((*p)[0] != '\0' && (*p)[1] != '\0' && (*p)[2] == '/') {
		if (!digits(p, 2, &m) || !skip(p, '/') || !digits(p, 2, &d) || !skip(p, '/') ||
		    !digits(p, 4, &y))
			return false;
	} else if (!digits(p, 4, &y) || !skip(p, '-') || !digits(p, 2, &m) || !skip(p, '-') ||
	    !digits(p, 2, &d)) {
		return false;
	}
	tm->tm_year = y - 1900;
	tm->tm_mon = m - 1;
	tm->tm_mday = d;
	return m >= 1 && m <= 12 && d >= 1 && d <= 31;
}

static bool
parse_clock(const char **p, struct tm *tm)
{
	int n = 0;

	if (!digits(p, 2, &tm->tm_hour) || !skip(p, ':') || !digits(p, 2, &tm->tm_min) ||
	    !skip(p, ':') || !digits(p, 2, &tm->tm_sec))
		return false;
	if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60)
		return false;
	if (tm->tm_sec == 60)
		tm->tm_sec = 59;
	if (**p == '.' || **p == ',') {
		for ((*p)++; **p >= '0' && **p <= '9'; (*p)++)
			n++;
		return n >= 1 && n <= FRACTION_MAX;
	}
	return true;
}

/* Offset from UTC in seconds; no zone means UTC, since every known client converts before it
 * writes. */
static bool
parse_zone(const char **p, int *offset)
{
	int sign, h, m;

	*offset = 0;
	if (**p == '\0' || skip(p, 'Z') || skip(p, 'z'))
		return true;
	if (**p != '+' && **p != '-')
		return false;
	sign = **p == '-' ? -1 : 1;
	(*p)++;
	if (!digits(p, 2, &h))
		return false;
	if (**p == ':')
		(*p)++;
	if (!digits(p, 2, &m) || h > 14 || m > 59)
		return false;
	*offset = sign * (h * 3600 + m * 60);
	return true;
}

static bool
parse(const char *p, int64_t *out)
{
	struct tm tm = {0};
	time_t t;
	int offset, day;

	if (!parse_date(&p, &tm) || (*p != 'T' && *p != 't' && *p != ' '))
		return false;
	p++;
	if (!parse_clock(&p, &tm) || !parse_zone(&p, &offset) || *p != '\0')
		return false;
	/* timegm turns 30 February into 1 March, in tm too; a date that does not exist is no
	 * date */
	day = tm.tm_mday;
	t = timegm(&tm);
	if (tm.tm_mday != day)
		return false;
	*out = (int64_t)t - offset;
	return true;
}

int
gh_timestamp_parse(const char *text, int64_t *out, struct gh_error *err)
{
	char copy[TEXT_MAX];
	size_t n;

	text += strspn(text, " \t\r\n");
	n = strlen(text);
	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		n--;
	if (n < sizeof(copy)) {
		memcpy(copy, text, n);
		copy[n] = '\0';
		if (parse(copy, out))
			return 0;
	}
	*out = 0;
	return gh_fail(err, GH_E_TIMESTAMP, "unreadable time \"%.40s\"", text);
}

char *
gh_timestamp_format(int64_t t, char *out)
{
	time_t tt = (time_t)t;
	struct tm tm;

	if (gmtime_r(&tt, &tm) == NULL ||
	    strftime(out, GH_TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
	return out;
}
