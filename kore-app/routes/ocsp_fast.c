/* Cached OCSP answers. See ocsp_fast.h. What is not that simple goes the long way of
 * exchange_serve.c, which decides on all refusals. */
#include <stdio.h>
#include <string.h>

#include "http_cache.h"
#include "public/ocsp_http.h"
#include "timestamp.h"

#include "http/http_conn.h"
#include "ocsp_fast.h"
#include "routes.h"

#define FIELDS_MAX 1024

static struct ocsp_answer *
find_posted(struct ocsp_service *s, const struct http_conn *c, const struct http_head *h)
{
	if (c->body.len == 0 || !ocsp_type_fits(http_head_field(h, "content-type")))
		return NULL;
	return ocsp_find_ready(s, c->body.data, c->body.len);
}

static struct ocsp_answer *
find_in_path(struct ocsp_service *s, const char *rest)
{
	unsigned char der[512];
	size_t len;

	if (!ocsp_path_decode(rest, der, sizeof(der), &len))
		return NULL;
	return ocsp_find_ready(s, der, len);
}

static void
send_answer(const struct gh_conf *conf, struct http_conn *c, const struct http_head *h,
    const struct ocsp_answer *a)
{
	const char *tags = h->method != GH_HTTP_POST ? http_head_field(h, "if-none-match") : NULL;
	bool is_known = tags != NULL && gh_http_has_tag(tags, a->etag);
	char fields[FIELDS_MAX];
	int n = snprintf(fields, sizeof(fields),
	    "Cache-Control: max-age=%lld, public, no-transform, must-revalidate\r\n%s",
	    (long long)ocsp_max_age(conf, a, gh_now()), a->head);
	struct http_answer answer = {
	    .status = is_known ? 304 : 200,
	    .fields = fields,
	    .fields_len = (size_t)n,
	    .body = a->der,
	    .body_len = a->len,
	};

	(void)http_conn_answer(c, &answer);
}

/* Two lines of these names are for the long way to refuse, or to read as one list. */
static bool
has_doubled_field(const struct http_head *h)
{
	static const char *const names[] = {"content-type", "if-none-match"};
	const char *value;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (http_head_single(h, names[i], &value, NULL) != 0)
			return true;
	return false;
}

bool
ocsp_fast(const struct worker_env *env, struct http_conn *c, const struct route_match *m)
{
	const struct http_head *h = http_conn_head(c);
	struct ocsp_answer *a;

	if (*h->query != '\0' || env->ocsp == NULL || has_doubled_field(h))
		return false;
	a = h->method == GH_HTTP_POST ? find_posted(env->ocsp, c, h)
				      : find_in_path(env->ocsp, m->rest);
	if (a == NULL || a->head == NULL || a->head_len > FIELDS_MAX - 128) {
		ocsp_answer_unref(a);
		return false;
	}
	send_answer(env->conf, c, h, a);
	ocsp_answer_unref(a);
	ocsp_count(OCSP_EVENT_HIT, 1);
	return true;
}
