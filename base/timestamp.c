/* Reading the times that clients send, and writing our own. RFC 3339, ISO 8601 and one PowerShell
 * habit. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "calendar.h"
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
parse_date(const char **p, struct gh_date *at)
{
	if ((*p)[0] != '\0' && (*p)[1] != '\0' && (*p)[2] == '/')
		return digits(p, 2, &at->month) && skip(p, '/') && digits(p, 2, &at->day) &&
		    skip(p, '/') && digits(p, 4, &at->year);
	return digits(p, 4, &at->year) && skip(p, '-') && digits(p, 2, &at->month) &&
	    skip(p, '-') && digits(p, 2, &at->day);
}

static bool
parse_clock(const char **p, struct gh_date *at)
{
	int n = 0;

	if (!digits(p, 2, &at->hour) || !skip(p, ':') || !digits(p, 2, &at->minute) ||
	    !skip(p, ':') || !digits(p, 2, &at->second))
		return false;
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
	struct gh_date at = {0}, utc;
	int offset;

	if (!parse_date(&p, &at) || (*p != 'T' && *p != 't' && *p != ' '))
		return false;
	p++;
	if (!parse_clock(&p, &at) || !parse_zone(&p, &offset) || *p != '\0' ||
	    !gh_date_to_time(&at, out))
		return false;
	*out -= offset;
	return gh_date_of_time(*out, &utc); /* an offset can lead out of the calendar */
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
	struct gh_date d;

	if (gh_date_of_time(t, &d))
		snprintf(out, GH_TIMESTAMP_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", d.year, d.month,
		    d.day, d.hour, d.minute, d.second);
	else
		out[0] = '\0';
	return out;
}

/* 1 or 2 digits */
static bool
short_number(const char **p, int *out)
{
	return (*p)[0] != '\0' && (*p)[1] >= '0' && (*p)[1] <= '9' ? digits(p, 2, out)
								   : digits(p, 1, out);
}

bool
gh_day_parse(const char *text, int64_t *out)
{
	struct gh_date d = {0};

	*out = 0;
	return digits(&text, 4, &d.year) && skip(&text, '-') && short_number(&text, &d.month) &&
	    skip(&text, '-') && short_number(&text, &d.day) && *text == '\0' &&
	    gh_date_to_time(&d, out);
}

bool
gh_day_parse_month_first(const char *text, int64_t *out)
{
	struct gh_date d = {0};

	*out = 0;
	return short_number(&text, &d.month) && skip(&text, '/') && short_number(&text, &d.day) &&
	    skip(&text, '/') && digits(&text, 4, &d.year) && *text == '\0' &&
	    gh_date_to_time(&d, out);
}
