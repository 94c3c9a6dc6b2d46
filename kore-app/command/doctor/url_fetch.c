/* See url_fetch.h. */
#include <stdio.h>

#include <curl/curl.h>

#include "url_fetch.h"

#define TIMEOUT 10L /* seconds */

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct gh_buf *body = arg;

	gh_buf_put(body, data, size * n);
	return body->failed ? 0 : size * n;
}

static CURLcode
set_options(CURL *c, const char *url, const struct url_post *post, struct curl_slist *headers,
    struct gh_buf *out)
{
	CURLcode rc = curl_easy_setopt(c, CURLOPT_URL, url);

#define SET(option, value) \
	do { \
		if (rc == CURLE_OK) \
			rc = curl_easy_setopt(c, option, value); \
	} while (0)
	SET(CURLOPT_PROTOCOLS_STR, "http");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_NOPROXY, "*"); /* what this host says, not what a proxy remembers */
	SET(CURLOPT_TIMEOUT, TIMEOUT);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, out);
	SET(CURLOPT_HTTPHEADER, headers);
	if (post != NULL) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE, (long)post->len);
		SET(CURLOPT_POSTFIELDS, post->data);
	}
#undef SET
	return rc;
}

static int
perform(CURL *c, struct gh_error *err)
{
	CURLcode rc = curl_easy_perform(c);
	long status = 0;

	if (rc != CURLE_OK)
		return gh_refuse(err, GH_E_BUSY, "%s", curl_easy_strerror(rc));
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	return status == 200 ? 0 : gh_refuse(err, GH_E_NOT_FOUND, "HTTP status %ld", status);
}

int
url_fetch(const char *url, const struct url_post *post, struct gh_buf *out, struct gh_error *err)
{
	struct curl_slist *headers = NULL;
	CURL *c = NULL;
	char type[128];
	int rc = 0;

	gh_buf_init(out, URL_FETCH_MAX);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return gh_fail(err, GH_E_NOMEM, "libcurl");
	if (post != NULL) {
		snprintf(type, sizeof(type), "Content-Type: %s", post->type);
		headers = curl_slist_append(NULL, type);
	}
	c = curl_easy_init();
	if (c == NULL || (post != NULL && headers == NULL) ||
	    set_options(c, url, post, headers, out) != CURLE_OK)
		rc = gh_fail(err, GH_E_NOMEM, "libcurl");
	if (rc == 0)
		rc = perform(c, err);
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
	curl_global_cleanup();
	if (rc != 0)
		gh_buf_free(out);
	return rc;
}
