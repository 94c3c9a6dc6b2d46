/*
 * The short way of OCSP answers that lie ready: on the event loop, from the bytes that Kore received, without a
 * copy of the request, a request id, or a line in the log. What is not that simple goes the long way of
 * kore_http.c, which decides on all refusals.
 */
#include <kore/kore.h>
#include <kore/http.h>

#include "http_cache.h"
#include "ocsp_http.h"
#include "timestamp.h"

#include "kore_app.h"

#define PATH "/ocsp"
#define HEAD_MAX 1024

/* Header lines that matter here. */
struct seen {
	const char *content_length, *content_type, *if_none_match;
	bool wants_close;
};

/* False: a line that the long way has to look at. */
static bool
read_headers(const struct http_request *r, struct seen *seen)
{
	const struct http_header *h;
	int n = 0;

	memset(seen, 0, sizeof(*seen));
	TAILQ_FOREACH(h, &r->req_headers, list) {
		const char **to = NULL;

		n++;
		switch (h->header[0] | 0x20) {
		case 'c':
			if (strcasecmp(h->header, "content-length") == 0)
				to = &seen->content_length;
			else if (strcasecmp(h->header, "content-type") == 0)
				to = &seen->content_type;
			else if (strcasecmp(h->header, "connection") == 0)
				seen->wants_close |= strcasecmp(h->value, "close") == 0;
			break;
		case 'i':
			if (strcasecmp(h->header, "if-none-match") == 0)
				to = &seen->if_none_match;
			break;
		case 't':
			if (strcasecmp(h->header, "transfer-encoding") == 0)
				return false;
			break;
		}
		if (to != NULL && *to != NULL)
			return false;
		if (to != NULL)
			*to = h->value;
	}
	return n < HTTP_REQ_HEADER_MAX - 3;
}

static struct ocsp_answer *
find_posted(const struct http_request *r, const struct seen *seen)
{
	if (r->path[sizeof(PATH) - 1] != '\0' || r->http_body == NULL || seen->content_length == NULL ||
	    seen->content_length[strspn(seen->content_length, "0123456789")] != '\0' ||
	    r->http_body->offset != 0 || r->http_body_length > OCSP_REQUEST_MAX ||
	    !ocsp_type_fits(seen->content_type))
		return NULL;
	return ocsp_find_ready(app_state.ocsp, r->http_body->data, r->http_body_length);
}

static struct ocsp_answer *
find_in_path(const struct http_request *r, const struct seen *seen)
{
	unsigned char der[512];
	size_t len;

	if (r->path[sizeof(PATH) - 1] != '/' || (seen->content_length != NULL &&
	    strcmp(seen->content_length, "0") != 0) ||
	    !ocsp_path_decode(r->path + sizeof(PATH), der, sizeof(der), &len))
		return NULL;
	return ocsp_find_ready(app_state.ocsp, der, len);
}

/* One text for each second. */
static const char *
date_line(int64_t now)
{
	static char line[GH_HTTP_DATE_SIZE];
	static int64_t of;

	if (of != now)
		gh_http_date(now, line);
	of = now;
	return line;
}

static void
send_answer(struct http_request *r, const struct ocsp_answer *a, const struct seen *seen)
{
	bool is_known = r->method != HTTP_METHOD_POST && seen->if_none_match != NULL &&
	    gh_http_has_tag(seen->if_none_match, a->etag);
	bool closes = seen->wants_close || (r->flags & HTTP_VERSION_1_0) || (r->owner->flags & CONN_CLOSE_EMPTY);
	struct connection *c = r->owner;
	char head[HEAD_MAX], length[48] = "";
	int64_t now = gh_now();
	int n;

	if (!is_known) /* RFC 9110, 8.6: of a 304 it would be the length of the 200 */
		snprintf(length, sizeof(length), "content-length: %zu\r\n", a->len);
	n = snprintf(head, sizeof(head), "HTTP/1.%c %s\r\nserver: gatehouse\r\ndate: %s\r\nconnection: %s\r\n"
	    "cache-control: max-age=%lld, public, no-transform, must-revalidate\r\n%s%s\r\n",
	    r->flags & HTTP_VERSION_1_0 ? '0' : '1', is_known ? "304 Not Modified" : "200 OK", date_line(now),
	    closes ? "close" : "keep-alive", (long long)ocsp_max_age(app_state.conf, a, now), length, a->head);
	net_send_queue(c, head, (size_t)n);
	if (!is_known && r->method != HTTP_METHOD_HEAD)
		net_send_queue(c, a->der, a->len);
	r->status = is_known ? 304 : 200;
	if (closes)
		c->flags |= CONN_CLOSE_EMPTY;
	else if (!(c->flags & CONN_IS_BUSY))
		http_start_recv(c);
}

bool
app_fast_ocsp(struct http_request *r)
{
	bool is_get = r->method == HTTP_METHOD_GET || r->method == HTTP_METHOD_HEAD;
	struct ocsp_answer *a = NULL;
	struct seen seen;

	if (strncmp(r->path, PATH, sizeof(PATH) - 1) != 0 || r->query_string != NULL || app_state.ocsp == NULL ||
	    !read_headers(r, &seen))
		return false;
	if (is_get)
		a = find_in_path(r, &seen);
	else if (r->method == HTTP_METHOD_POST)
		a = find_posted(r, &seen);
	if (a == NULL || a->head == NULL || a->head_len > HEAD_MAX - 320) {
		ocsp_answer_unref(a);
		return false;
	}
	send_answer(r, a, &seen);
	ocsp_answer_unref(a);
	ocsp_count(OCSP_EVENT_HIT, 1);
	return true;
}
