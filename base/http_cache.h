/*
 * HTTP caching of what changes at known times: dates, entity tags, conditional requests (RFC
 * 9110, 5.6.7, 8.8, 13.1; RFC 9111, 5.2).
 */
#ifndef GH_HTTP_CACHE_H
#define GH_HTTP_CACHE_H

#include "http.h"

#define GH_HTTP_DATE_SIZE 48 /* "Sun, 06 Nov 1994 08:49:37 GMT", and room for any int */

/* t: UTC seconds. Returns out. */
char *gh_http_date(int64_t t, char out[GH_HTTP_DATE_SIZE]);
/* IMF-fixdate and the two obsolete forms; false: none of them. */
bool gh_http_date_parse(const char *text, int64_t *out);

/* Is a quoted tag in the list of an If-Match or If-None-Match header ("*" has every one)? Weak tags
 * count. */
bool gh_http_has_tag(const char *list, const char *tag);
/* The same for an If-Match that protects a change (RFC 9110, 13.1.1): a weak tag never matches. */
bool gh_http_matches(const char *list, const char *tag);
/* What the client has is what it would get: If-None-Match, or without it If-Modified-Since. */
bool gh_http_is_not_modified(const struct gh_http_request *http, const char *tag, int64_t modified);

#define GH_HTTP_TAG_SIZE 35 /* 16 bytes in hex, quotes, NUL */
/* The same content has the same tag on every node. */
void gh_http_content_tag(const void *body, size_t len, char tag[GH_HTTP_TAG_SIZE]);
/* Cache-Control, and the tag of its content as ETag, for a reply of 200; it becomes 304 where the
 * client has that content. */
void gh_http_cache_content(const struct gh_http_request *http, struct gh_http_reply *rep,
    const char *control);

/* ETag, Last-Modified, Expires, and Cache-Control "public, max-age=..." up to expires. tag:
 * quoted. */
void gh_http_cache_headers(struct gh_http_reply *rep, const char *tag, int64_t modified,
    int64_t expires, int64_t now);

#endif
