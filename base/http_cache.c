/* Dates, tags and conditional requests of HTTP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "digest.h"
#include "hex.h"
#include "http_cache.h"

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
    "Oct", "Nov", "Dec"};

char *
gh_http_date(int64_t t, char out[GH_HTTP_DATE_SIZE])
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	struct gh_date d;

	(void)gh_date_of_time(t, &d);
	snprintf(out, GH_HTTP_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[d.weekday],
	    d.day, months[d.month > 0 ? d.month - 1 : 0], d.year, d.hour, d.minute, d.second);
	return out;
}

static bool
find_month(const char *name, int *out)
{
	for (int i = 0; i < 12; i++) {
		if (strcmp(name, months[i]) == 0) {
			*out = i + 1;
			return true;
		}
	}
	return false;
}

/* The three forms of RFC 9110, 5.6.7. Returns how many bytes were read; 0: none of them. */
static int
scan_date(const char *text, struct gh_date *d, char month[4])
{
	char day[12], zone[4];
	int n = 0;

	if (sscanf(text, "%3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %3s%n", day, &d->day, month,
		&d->year, &d->hour, &d->minute, &d->second, zone, &n) == 8)
		return strcmp(zone, "GMT") == 0 ? n : 0;
	if (sscanf(text, "%11[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d %3s%n", day, &d->day, month,
		&d->year, &d->hour, &d->minute, &d->second, zone, &n) == 8) {
		d->year += d->year < 70 ? 2000 : 1900;
		return strcmp(zone, "GMT") == 0 ? n : 0;
	}
	if (sscanf(text, "%3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", day, month, &d->day,
		&d->hour, &d->minute, &d->second, &d->year, &n) == 7)
		return n;
	return 0;
}

bool
gh_http_date_parse(const char *text, int64_t *out)
{
	struct gh_date d = {0};
	char month[4] = "";
	int n = scan_date(text, &d, month);

	*out = 0;
	return n > 0 && text[n] == '\0' && find_month(month, &d.month) && gh_date_to_time(&d, out);
}

bool
gh_http_has_tag(const char *list, const char *tag)
{
	size_t n = strlen(tag);

	for (const char *p = list + strspn(list, " \t,"); *p != '\0'; p += strspn(p, " \t,")) {
		if (*p == '*')
			return true;
		if (strncmp(p, "W/", 2) == 0)
			p += 2;
		if (strncmp(p, tag, n) == 0)
			return true;
		p += *p == '"' ? 1 + strcspn(p + 1, "\"") : strcspn(p, " \t,");
		p += *p == '"';
	}
	return false;
}

bool
gh_http_matches(const char *list, const char *tag)
{
	size_t n = strlen(tag);

	while (*list != '\0') {
		size_t len;

		list += strspn(list, " \t,");
		len = strcspn(list, " \t,");
		if ((len == 1 && *list == '*') || (len == n && memcmp(list, tag, n) == 0))
			return true;
		list += len;
	}
	return false;
}

bool
gh_http_is_not_modified(const struct gh_http_request *http, const char *tag, int64_t modified)
{
	const char *tags = gh_http_header(http, "if-none-match"),
		   *date = gh_http_header(http, "if-modified-since");
	int64_t since;

	if (tags != NULL)
		return gh_http_has_tag(tags, tag);
	return date != NULL && gh_http_date_parse(date, &since) && modified <= since;
}

void
gh_http_cache_headers(struct gh_http_reply *rep, const char *tag, int64_t modified, int64_t expires,
    int64_t now)
{
	char text[64], date[GH_HTTP_DATE_SIZE];

	gh_http_reply_header(rep, "ETag", tag);
	gh_http_reply_header(rep, "Last-Modified", gh_http_date(modified, date));
	gh_http_reply_header(rep, "Expires", gh_http_date(expires, date));
	snprintf(text, sizeof(text), "public, max-age=%lld",
	    (long long)(expires > now ? expires - now : 0));
	gh_http_reply_header(rep, "Cache-Control", text);
}

void
gh_http_content_tag(const void *body, size_t len, char tag[GH_HTTP_TAG_SIZE])
{
	unsigned char md[32] = {0};

	(void)gh_digest(GH_SHA256, body, len, md);
	*tag = '"';
	gh_hex_lower(md, 16, tag + 1);
	strcpy(tag + 33, "\"");
}

void
gh_http_cache_content(const struct gh_http_request *http, struct gh_http_reply *rep,
    const char *control)
{
	const char *known = gh_http_header(http, "if-none-match");
	char tag[GH_HTTP_TAG_SIZE];

	if (rep->status != 200)
		return;
	gh_http_content_tag(rep->body, rep->body_len, tag);
	gh_http_reply_header(rep, "ETag", tag);
	gh_http_reply_header(rep, "Cache-Control", control);
	if (known == NULL || !gh_http_has_tag(known, tag))
		return;
	free(rep->body);
	rep->body = NULL;
	rep->body_len = 0;
	rep->status = 304;
}
