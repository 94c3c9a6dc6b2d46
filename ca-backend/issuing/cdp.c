/* URLs of CRLs. See cdp.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdp.h"
#include "der.h"
#include "digest.h"
#include "oid.h"

#define SUFFIX ".crl"

int
cdp_shard(const struct ca *ca, const unsigned char *spki, size_t len)
{
	unsigned char md[GH_DIGEST_MAX];
	uint32_t n;

	if (ca->crl_shards <= 0 || !gh_digest(GH_SHA256, spki, len, md))
		return CDP_NO_SHARD;
	n = (uint32_t)md[0] << 24 | (uint32_t)md[1] << 16 | (uint32_t)md[2] << 8 | md[3];
	return (int)(n % (uint32_t)ca->crl_shards);
}

/* url with text in place of its first {shard}; malloc'd. */
static char *
replace_shard(const char *url, const char *text)
{
	const char *at = strstr(url, CDP_SHARD);
	char *out;

	if (at == NULL)
		return strdup(url);
	if (asprintf(&out, "%.*s%s%s", (int)(at - url), url, text, at + strlen(CDP_SHARD)) < 0)
		return NULL;
	return out;
}

void
cdp_urls_free(char **urls)
{
	for (size_t i = 0; urls != NULL && urls[i] != NULL; i++)
		free(urls[i]);
	free(urls);
}

static bool
has_url(char *const *urls, const char *url)
{
	for (; *urls != NULL; urls++)
		if (strcmp(*urls, url) == 0)
			return true;
	return false;
}

/* What make gives for each URL of the CA; it sets *skip where it has none. */
static char **
map_urls(const struct ca *ca, char *(*make)(const char *url, int shard, bool *skip), int shard)
{
	size_t n = 0, out = 0;
	char **urls;

	while (ca->cdp_urls != NULL && ca->cdp_urls[n] != NULL)
		n++;
	if ((urls = calloc(n + 1, sizeof(*urls))) == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		bool skip = false;
		char *url = make(ca->cdp_urls[i], shard, &skip);

		if (url == NULL && !skip) {
			cdp_urls_free(urls);
			return NULL;
		}
		if (skip || has_url(urls, url))
			free(url);
		else
			urls[out++] = url;
	}
	return urls;
}

static char *
make_shard_url(const char *url, int shard, bool *skip)
{
	char number[16];

	*skip = shard < 0 || strstr(url, CDP_SHARD) == NULL;
	snprintf(number, sizeof(number), "%d", shard);
	return *skip ? NULL : replace_shard(url, number);
}

char **
cdp_shard_urls(const struct ca *ca, int shard)
{
	return map_urls(ca, make_shard_url, shard);
}

static char *
make_plain_url(const char *url, int shard, bool *skip)
{
	(void)shard;
	*skip = strstr(url, CDP_SHARD) != NULL;
	return *skip ? NULL : strdup(url);
}

static char *
make_delta_url(const char *url, int shard, bool *skip)
{
	size_t n = strlen(url);
	char *out;

	(void)shard;
	if (strstr(url, "-s" CDP_SHARD) !=
	    NULL) { /* NAME-s{shard}.crl lies beside NAME-delta.crl */
		const char *at = strstr(url, "s" CDP_SHARD);

		return asprintf(&out, "%.*sdelta%s", (int)(at - url), url,
			   at + 1 + strlen(CDP_SHARD)) < 0
		    ? NULL
		    : out;
	}
	if (strstr(url, CDP_SHARD) != NULL)
		return replace_shard(url, "delta");
	*skip = n <= strlen(SUFFIX) || strcmp(url + n - strlen(SUFFIX), SUFFIX) != 0;
	if (*skip)
		return NULL;
	return asprintf(&out, "%.*s-delta" SUFFIX, (int)(n - strlen(SUFFIX)), url) < 0 ? NULL : out;
}

char **
cdp_delta_urls(const struct ca *ca)
{
	return map_urls(ca, make_delta_url, CDP_NO_SHARD);
}

/* --- extension -------------------------------------------------------------------------------- */

static size_t
names_size(char *const *urls)
{
	size_t size = 0;

	for (; *urls != NULL; urls++)
		size += gh_der_size(strlen(*urls));
	return size;
}

/* Content of a DistributionPoint: distributionPoint [0] { fullName [0] { names } } */
static size_t
point_size(char *const *urls)
{
	size_t names = names_size(urls);

	return names == 0 ? 0 : gh_der_size(gh_der_size(names));
}

static void
put_point(struct gh_buf *b, char *const *urls)
{
	size_t names = names_size(urls);

	if (names == 0)
		return;
	gh_der_put_header(b, GH_DER_SEQUENCE, point_size(urls));
	gh_der_put_header(b, GH_DER_CONTEXT(0), gh_der_size(names));
	gh_der_put_header(b, GH_DER_CONTEXT(0), names);
	for (; *urls != NULL; urls++)
		gh_der_put(b, GH_DER_PRIMITIVE(6), *urls, strlen(*urls));
}

static void
put_points(struct gh_buf *b, char *const *sharded, char *const *plain)
{
	static const unsigned char oid[] = {GH_OID_DER(GH_OID_CRL_DISTRIBUTION_POINTS)};
	size_t one = point_size(sharded), two = point_size(plain);
	size_t points = (one > 0 ? gh_der_size(one) : 0) + (two > 0 ? gh_der_size(two) : 0);
	size_t value = gh_der_size(points);

	if (points == 0)
		return;
	gh_der_put_header(b, GH_DER_SEQUENCE, sizeof(oid) + gh_der_size(value));
	gh_buf_put(b, oid, sizeof(oid));
	gh_der_put_header(b, GH_DER_OCTETS, value);
	gh_der_put_header(b, GH_DER_SEQUENCE, points);
	put_point(b, sharded);
	put_point(b, plain);
}

void
cdp_put_extension(struct gh_buf *b, const struct ca *ca, int shard)
{
	char **sharded = cdp_shard_urls(ca, shard), **plain = map_urls(ca, make_plain_url, shard);

	if (sharded == NULL || plain == NULL)
		b->failed = true;
	else
		put_points(b, sharded, plain);
	cdp_urls_free(sharded);
	cdp_urls_free(plain);
}
