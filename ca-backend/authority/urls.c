/* URLs of a CA. See urls.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "issuing/cdp.h"

#include "urls.h"

#define URL_MAX 1024

bool
ca_urls_is_changed(const struct ca_urls_change *c)
{
	return c->base != NULL || c->shards != CA_URLS_KEEP || c->cdp != NULL || c->aia != NULL ||
	    c->ocsp != NULL;
}

static int
replace(char ***urls, const char *const *with, struct gh_error *err)
{
	size_t n = 0;
	char **copy;

	while (with[n] != NULL)
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy != NULL && i < n; i++) {
		copy[i] = strdup(with[i]);
		if (copy[i] == NULL) {
			cdp_urls_free(copy);
			copy = NULL;
		}
	}
	if (copy == NULL)
		return gh_fail(err, GH_E_NOMEM, "URLs");
	cdp_urls_free(*urls);
	*urls = copy;
	return 0;
}

/* RFC 3986, as far as it matters: printable ASCII, absolute. */
static bool
is_url(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return n <= URL_MAX && strstr(text, "://") != NULL;
}

static int
apply_list(const char *word, const char *const *list, char ***urls, struct gh_error *err)
{
	if (list == NULL)
		return 0;
	for (size_t i = 0; list[i] != NULL; i++)
		if (!is_url(list[i]))
			return gh_refuse(err, GH_E_CONF, "%s %.80s: no URL", word, list[i]);
	return replace(urls, list, err);
}

static int
replace_with(char ***urls, const char *base, int base_len, const char *folder, const char *file,
    const char *suffix, struct gh_error *err)
{
	char url[URL_MAX + 256];
	const char *const one[] = {url, NULL};

	snprintf(url, sizeof(url), "%.*s/%s%s%s", base_len, base, folder, file, suffix);
	return replace(urls, one, err);
}

/* Relying parties fetch these before they trust any TLS certificate: RFC 5280, 8. */
static int
apply_base(const char *base, struct ca *ca, const char *word, struct gh_error *err)
{
	int n = (int)strnlen(base, URL_MAX + 1), rc;

	while (n > 0 && base[n - 1] == '/')
		n--;
	if (n > URL_MAX || !is_url(base) || strncasecmp(base, "http://", 7) != 0 || n <= 7)
		return gh_refuse(err, GH_E_CONF,
		    "%s %.80s: a plain HTTP address is needed, as in "
		    "http://pki.corp.example",
		    word, base);
	rc = replace_with(&ca->cdp_urls, base, n, "crl/", ca->slug,
	    ca->crl_shards > 0 ? "-s" CDP_SHARD ".crl" : ".crl", err);
	if (rc == 0)
		rc = replace_with(&ca->aia_urls, base, n, "ca/", ca->slug, ".cer", err);
	if (rc == 0)
		rc = replace_with(&ca->ocsp_urls, base, n, "ocsp", "", "", err);
	return rc;
}

static int
check_shards(const struct ca *ca, const struct authority_words *words, struct gh_error *err)
{
	bool has_shards = false;

	for (char **u = ca->cdp_urls; u != NULL && *u != NULL; u++)
		has_shards |= strstr(*u, CDP_SHARD) != NULL;
	if (ca->crl_shards > 0 && !has_shards)
		return gh_refuse(err, GH_E_CONF, "%s needs %s, or a %s with " CDP_SHARD,
		    words->shards, words->base_url, words->cdp_url);
	if (ca->crl_shards == 0 && has_shards)
		return gh_refuse(err, GH_E_CONF,
		    "a %s with " CDP_SHARD " needs %s; for one CRL, give %s or %s again",
		    words->cdp_url, words->shards, words->base_url, words->cdp_url);
	return 0;
}

int
ca_urls_apply(const struct ca_urls_change *c, struct ca *ca, const struct authority_words *words,
    struct gh_error *err)
{
	int rc = 0;

	if (c->shards != CA_URLS_KEEP && (c->shards < 0 || c->shards > CA_SHARDS_MAX))
		return gh_refuse(err, GH_E_CONF, "%s is from 0 to %d", words->shards,
		    CA_SHARDS_MAX);
	if (c->shards != CA_URLS_KEEP)
		ca->crl_shards = c->shards;
	if (c->base != NULL)
		rc = apply_base(c->base, ca, words->base_url, err);
	if (rc == 0)
		rc = apply_list(words->cdp_url, c->cdp, &ca->cdp_urls, err);
	if (rc == 0)
		rc = apply_list(words->aia_url, c->aia, &ca->aia_urls, err);
	if (rc == 0)
		rc = apply_list(words->ocsp_url, c->ocsp, &ca->ocsp_urls, err);
	return rc == 0 ? check_shards(ca, words, err) : rc;
}

static bool
has_any(const char *const *list)
{
	return list != NULL && list[0] != NULL;
}

int
ca_urls_apply_new(const struct ca_urls_change *c, struct ca *ca,
    const struct authority_words *words, struct gh_error *err)
{
	bool is_given = c->base != NULL || has_any(c->cdp) || has_any(c->ocsp);

	if (!is_given && !c->none)
		return gh_refuse(err, GH_E_CONF,
		    "CA %.60s: give %s: without it no certificate of this CA tells "
		    "where its CRL and OCSP responder are, and nobody can add that later (if you want that: %s)",
		    ca->name, words->base_url, words->no_urls);
	return ca_urls_apply(c, ca, words, err);
}

/* The last "/SLUG" of the URL that is a name of its own; NULL when there is none. */
static const char *
find_slug(const char *url, const char *slug)
{
	size_t n = strlen(slug);

	for (const char *p = url + strlen(url); p-- > url;) {
		if (*p == '/' && strncasecmp(p + 1, slug, n) == 0 &&
		    (p[1 + n] == '.' || p[1 + n] == '-' || p[1 + n] == '\0'))
			return p + 1;
	}
	return NULL;
}

static char *
renamed(const char *url, const char *old_slug, const char *new_slug, bool *all)
{
	const char *at = find_slug(url, old_slug);
	size_t size = strlen(url) + strlen(new_slug) + 1;
	char *copy = malloc(size);

	if (copy != NULL && at != NULL)
		snprintf(copy, size, "%.*s%s%s", (int)(at - url), url, new_slug,
		    at + strlen(old_slug));
	else if (copy != NULL)
		strcpy(copy, url);
	*all &= at != NULL;
	return copy;
}

char **
ca_urls_renamed(char *const *urls, const char *old_slug, const char *new_slug, bool *all)
{
	size_t n = 0;
	char **copy;

	*all = true;
	while (urls != NULL && urls[n] != NULL)
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy != NULL && i < n; i++) {
		copy[i] = renamed(urls[i], old_slug, new_slug, all);
		if (copy[i] == NULL) {
			cdp_urls_free(copy);
			return NULL;
		}
	}
	return copy;
}
