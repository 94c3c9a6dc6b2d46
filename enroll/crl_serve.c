/* CRLs over HTTP. See crl_serve.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "store/crl.h"
#include "timestamp.h"

#include "crl_cache.h"
#include "crl_serve.h"
#include "rest.h"

#define HTTP_DATE_SIZE 40
#define SHARD_DIGITS 4

/* --- names of files ------------------------------------------------------------------------------ */

static const struct ca *
find_ca(const struct catalog *catalog, const char *name)
{
	for (size_t i = 0; i < catalog->cas; i++)
		if (strcasecmp(catalog->ca[i]->slug, name) == 0)
			return catalog->ca[i];
	return catalog_find_ca(catalog, name);
}

static bool
cut_suffix(char *text, const char *suffix)
{
	size_t n = strlen(text), s = strlen(suffix);

	if (n <= s || strcasecmp(text + n - s, suffix) != 0)
		return false;
	text[n - s] = '\0';
	return true;
}

/* "-s12" at the end of stem: cut off, and its number; else false. */
static bool
cut_shard(char *stem, int *shard)
{
	char *dash = strrchr(stem, '-');
	size_t digits;

	if (dash == NULL || dash == stem || (dash[1] != 's' && dash[1] != 'S'))
		return false;
	digits = strspn(dash + 2, "0123456789");
	if (digits == 0 || digits > SHARD_DIGITS || dash[2 + digits] != '\0' || (digits > 1 && dash[2] == '0'))
		return false;
	*shard = atoi(dash + 2);
	if (*shard >= CA_SHARDS_MAX)
		return false;
	*dash = '\0';
	return true;
}

int
crl_file_parse(const struct catalog *catalog, const char *name, struct crl_file *out, struct gh_error *err)
{
	char stem[CRL_FILE_SIZE];

	memset(out, 0, sizeof(*out));
	out->shard = STORE_CRL_COMPLETE;
	if (strlen(name) >= sizeof(stem))
		return gh_fail(err, GH_E_NOT_FOUND, "name of a CRL is too long");
	strcpy(stem, name);
	out->is_pem = cut_suffix(stem, ".pem");
	if (!out->is_pem && !cut_suffix(stem, ".crl"))
		return gh_refuse(err, GH_E_NOT_FOUND, "CRLs end in .crl (DER) or .pem.");
	if ((out->ca = find_ca(catalog, stem)) != NULL)
		return 0;
	if (cut_suffix(stem, "-delta"))
		out->is_delta = true;
	else if (!cut_shard(stem, &out->shard))
		out->ca = NULL;
	if (out->is_delta || out->shard != STORE_CRL_COMPLETE)
		out->ca = find_ca(catalog, stem);
	if (out->ca == NULL)
		return gh_refuse(err, GH_E_NOT_FOUND, "There is no such CRL.");
	return 0;
}

/* --- HTTP dates ---------------------------------------------------------------------------------- */

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
	"Dec"};

static char *
http_date(int64_t t, char out[HTTP_DATE_SIZE])
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	time_t tt = (time_t)t;
	struct tm tm;

	if (gmtime_r(&tt, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	snprintf(out, HTTP_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday % 7], tm.tm_mday % 100,
	    months[tm.tm_mon % 12], (tm.tm_year + 1900) % 10000, tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
	return out;
}

static bool
find_month(const char *name, int *out)
{
	for (int i = 0; i < 12; i++) {
		if (strncmp(name, months[i], 3) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

bool
crl_http_date_parse(const char *text, int64_t *out)
{
	char month[4], day[12], zone[4];
	struct tm tm = {0};
	int n = 0;

	if (sscanf(text, "%3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %3s%n", day, &tm.tm_mday, month, &tm.tm_year,
	    &tm.tm_hour, &tm.tm_min, &tm.tm_sec, zone, &n) == 8) {
		tm.tm_year -= 1900;
	} else if (sscanf(text, "%11[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d %3s%n", day, &tm.tm_mday, month,
	    &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, zone, &n) == 8) {
		tm.tm_year += tm.tm_year < 70 ? 100 : 0;
	} else if (sscanf(text, "%3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", day, month, &tm.tm_mday, &tm.tm_hour,
	    &tm.tm_min, &tm.tm_sec, &tm.tm_year, &n) == 7) {
		tm.tm_year -= 1900;
		strcpy(zone, "GMT");
	} else
		return false;
	if (text[n] != '\0' || strcmp(zone, "GMT") != 0 || !find_month(month, &tm.tm_mon) || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	*out = timegm(&tm);
	return true;
}

/* --- replies ------------------------------------------------------------------------------------- */

/* One of the tags, weak or not, or "*". RFC 9110, 13.1.2 */
static bool
has_tag(const char *list, const char *tag)
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

/* If-Modified-Since counts only without If-None-Match. RFC 9110, 13.1.3 */
static bool
is_not_modified(const struct gh_http_request *http, const struct crl_cached *c, const char *tag)
{
	int64_t since;

	if (http->if_none_match != NULL)
		return has_tag(http->if_none_match, tag);
	return http->if_modified_since != NULL && crl_http_date_parse(http->if_modified_since, &since) &&
	    c->crl.this_update <= since;
}

/* Takes the reference of c->body. */
static void
reply(const struct gh_http_request *http, const struct crl_cached *c, bool is_pem, struct gh_http_reply *rep)
{
	int64_t left = c->crl.next_update - gh_now();
	char text[80], date[HTTP_DATE_SIZE], tag[80];
	size_t n = 0;

	tag[n++] = '"';
	for (size_t i = 0; i < sizeof(c->crl.sha256); i++)
		n += (size_t)snprintf(tag + n, sizeof(tag) - n, "%02x", c->crl.sha256[i]);
	snprintf(tag + n, sizeof(tag) - n, "%s\"", is_pem ? "-pem" : "");
	gh_http_reply_header(rep, "ETag", tag);
	gh_http_reply_header(rep, "Last-Modified", http_date(c->crl.this_update, date));
	snprintf(text, sizeof(text), "public, max-age=%lld", (long long)(left > 0 ? left : 0));
	gh_http_reply_header(rep, "Cache-Control", text);
	gh_http_reply_header(rep, "Expires", http_date(c->crl.next_update, date));
	rep->content_type = is_pem ? "application/x-pem-file" : "application/pkix-crl";
	if (is_not_modified(http, c, tag)) {
		rep->status = 304;
		gh_shared_unref(c->body);
		return;
	}
	rep->status = 200;
	rep->shared = c->body;
}

void
crl_get(struct enroll_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	struct crl_cached found;
	struct crl_file file;
	int rc;

	if (env->catalog == NULL)
		rc = gh_fail(&err, GH_E_DB_DOWN, "no configuration read from the database yet");
	else
		rc = crl_file_parse(env->catalog, call->name, &file, &err);
	if (rc == 0)
		rc = crl_cache_get(env->store, &file, call->name, &found, &err);
	if (rc != 0)
		rest_error(&err, call->http->request_id, NULL, rep);
	else
		reply(call->http, &found, file.is_pem, rep);
}

bool
crl_get_cached(const struct gh_http_request *http, const char *name, struct gh_http_reply *rep)
{
	struct crl_cached found;
	bool is_pem;

	if (!crl_cache_find(name, &is_pem, &found))
		return false;
	reply(http, &found, is_pem, rep);
	return true;
}

void
crl_serve_clear(void)
{
	crl_cache_clear();
}
