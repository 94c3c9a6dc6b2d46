/* HTTP around the responder. See ocsp_http.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_cache.h"
#include "percent.h"
#include "timestamp.h"

#include "ocsp_http.h"

static int
base64_value(int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A'
	    : c >= 'a' && c <= 'z'  ? c - 'a' + 26
	    : c >= '0' && c <= '9'  ? c - '0' + 52
	    : c == '+' || c == '-'  ? 62
	    : c == '/' || c == '_'  ? 63
				    : -1;
}

bool
ocsp_path_decode(const char *text, unsigned char *out, size_t max, size_t *len)
{
	const char *end = text + strlen(text);
	unsigned bits = 0, held = 0;
	size_t n = 0;

	*len = 0;
	while (text < end) {
		int c = gh_percent_next(&text, end), v = base64_value(c);

		if (c == '=')
			break;
		if (v < 0)
			return false;
		bits = bits << 6 | (unsigned)v;
		held += 6;
		if (held >= 8) {
			if (n == max)
				return false;
			held -= 8;
			out[n++] = (unsigned char)(bits >> held);
		}
	}
	while (text < end)
		if (gh_percent_next(&text, end) != '=')
			return false;
	if (n == 0 || held >= 6 || (bits & ((1u << held) - 1)) != 0)
		return false;
	*len = n;
	return true;
}

bool
ocsp_type_fits(const char *content_type)
{
	size_t n = strlen(OCSP_TYPE_REQUEST);

	if (content_type == NULL)
		return true;
	return strncasecmp(content_type, OCSP_TYPE_REQUEST, n) == 0 &&
	    strchr("; \t", content_type[n]) != NULL;
}

int64_t
ocsp_max_age(const struct gh_conf *conf, const struct ocsp_answer *a, int64_t now)
{
	int64_t left = a->next_update - now;

	return left < 0 ? 0 : left < conf->ocsp.max_age ? left : conf->ocsp.max_age;
}

void
ocsp_http_prepare(struct ocsp_answer *a)
{
	char modified[GH_HTTP_DATE_SIZE], expires[GH_HTTP_DATE_SIZE], text[512];

	gh_http_date(a->this_update, modified);
	gh_http_date(a->next_update, expires);
	snprintf(text, sizeof(text),
	    "content-type: " OCSP_TYPE_RESPONSE "\r\nlast-modified: %s\r\nexpires: %s\r\n"
	    "etag: %s\r\nx-content-type-options: nosniff\r\n",
	    modified, expires, a->etag);
	a->head = strdup(text);
	a->head_len = a->head != NULL ? strlen(a->head) : 0;
}

/* --- replies ---------------------------------------------------------------------------------- */

static void
put_error(enum ocsp_error e, struct gh_http_reply *rep)
{
	rep->status = 200; /* RFC 6960, A.2: errors are answers, too */
	gh_http_reply_type(rep, OCSP_TYPE_RESPONSE);
	rep->body = malloc(OCSP_ERROR_SIZE);
	if (rep->body == NULL) {
		rep->status = 500;
		return;
	}
	memcpy(rep->body, ocsp_error_der(e), OCSP_ERROR_SIZE);
	rep->body_len = OCSP_ERROR_SIZE;
}

static void
put_answer(const struct gh_conf *conf, const struct gh_http_request *http,
    const struct ocsp_answer *a, struct gh_http_reply *rep)
{
	const char *tags =
	    http->method != GH_HTTP_POST ? gh_http_header(http, "if-none-match") : NULL;
	char text[128];
	int64_t now = gh_now();

	gh_http_date(now, text);
	gh_http_reply_header(rep, "Date", text);
	gh_http_date(a->this_update, text);
	gh_http_reply_header(rep, "Last-Modified", text);
	gh_http_date(a->next_update, text);
	gh_http_reply_header(rep, "Expires", text);
	gh_http_reply_header(rep, "ETag", a->etag);
	snprintf(text, sizeof(text), "max-age=%lld, public, no-transform, must-revalidate",
	    (long long)ocsp_max_age(conf, a, now));
	gh_http_reply_header(rep, "Cache-Control", text);
	gh_http_reply_type(rep, OCSP_TYPE_RESPONSE);
	rep->status = 200;
	if (tags != NULL && gh_http_has_tag(tags, a->etag)) {
		rep->status = 304;
		return;
	}
	rep->body = malloc(a->len);
	if (rep->body == NULL) {
		rep->status = 500;
		return;
	}
	memcpy(rep->body, a->der, a->len);
	rep->body_len = a->len;
}

static void
put_reply(const struct gh_conf *conf, const struct call_item *i, struct ocsp_reply *r)
{
	if (r->why.code != GH_OK)
		gh_http_reply_cause(i->rep, &r->why);
	if (r->answer != NULL)
		put_answer(conf, i->call.http, r->answer, i->rep);
	else
		put_error(r->error, i->rep);
	ocsp_answer_unref(r->answer);
}

/* --- requests --------------------------------------------------------------------------------- */

/* What is no base64 is malformed, as an empty request is. *decoded is malloc'd, and may be NULL. */
static struct ocsp_ask
read_path(const char *rest, unsigned char **decoded)
{
	struct ocsp_ask ask = {0};
	size_t size = strlen(rest);

	*decoded = malloc(size + 1);
	if (*decoded != NULL && ocsp_path_decode(rest, *decoded, size, &ask.len))
		ask.p = *decoded;
	return ask;
}

/* False: it is answered. */
static bool
read_call(const struct call_item *i, struct ocsp_ask *ask, unsigned char **decoded)
{
	const struct gh_http_request *http = i->call.http;

	*decoded = NULL;
	if (http->method != GH_HTTP_POST) {
		*ask = read_path(i->call.rest, decoded);
		return true;
	}
	if (!ocsp_type_fits(gh_http_header(http, "content-type"))) {
		gh_http_reply_text(i->rep, 415, "text/plain",
		    strdup("Content-Type must be " OCSP_TYPE_REQUEST "\n"));
		return false;
	}
	*ask = (struct ocsp_ask){http->body, http->body_len};
	return true;
}

struct ocsp_means
ocsp_http_means(const struct worker_env *env)
{
	return (struct ocsp_means){.conf = env->conf,
	    .service = env->ocsp,
	    .cas = env->catalog != NULL ? &env->catalog->cas : NULL,
	    .store = env->store,
	    .signer = env->signer};
}

void
ocsp_http_batch(struct worker_env *env, struct call_item *calls, size_t n)
{
	struct ocsp_reply reply[OCSP_BATCH_MAX];
	struct ocsp_ask ask[OCSP_BATCH_MAX];
	unsigned char *decoded[OCSP_BATCH_MAX];
	const struct call_item *of[OCSP_BATCH_MAX];
	const struct ocsp_means means = ocsp_http_means(env);
	size_t asks = 0;

	for (size_t i = 0; i < n; i++)
		if (read_call(&calls[i], &ask[asks], &decoded[asks]))
			of[asks++] = &calls[i];
	if (asks > 0)
		ocsp_answer(&means, ask, asks, reply);
	for (size_t i = 0; i < asks; i++) {
		put_reply(env->conf, of[i], &reply[i]);
		free(decoded[i]);
	}
}

void
ocsp_http(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct call_item one = {.call = *call, .rep = rep};

	ocsp_http_batch(env, &one, 1);
}
