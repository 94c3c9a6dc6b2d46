/* GET /console. See console.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_cache.h"
#include "public/ca_pages.h"
#include "public/crl_serve.h"
#include "rest/rest_ca_password.h"
#include "rest/rest_certificate.h"
#include "rest/rest_request.h"
#include "timestamp.h"

#include "pages/page.h"

#include "console.h"
#include "console_ask.h"
#include "console_page.h"

#define COUNT_MAX 200 /* so many are counted one by one; beyond, PostgreSQL's estimate is told */
#define COUNT_MAX_TEXT "200"
#define WEEKS 8
#define DAY_SECONDS 86400
#define QUERY_SIZE 160

/* --- counting --------------------------------------------------------------------------------- */

static int
ask_list(struct worker_env *env, const struct call *call, const char *query, const char *limit,
    const char *count, gh_json **out, struct gh_error *err)
{
	struct console_ask what = {.handler = rest_certificate_list, .method = GH_HTTP_GET};
	struct gh_buf q;
	int rc;

	*out = NULL;
	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "query", query);
	console_query_put(&q, "limit", limit);
	console_query_put(&q, "fields", "id");
	console_query_put(&q, "count", count);
	what.query = (const char *)q.data;
	if ((rc = gh_buf_check(&q, err)) == 0)
		rc = console_ask(env, call, &what, out, err);
	gh_buf_free(&q);
	return rc;
}

/* Of those that the caller may see. Never a scan of all: what is more than COUNT_MAX is *is_about.
 */
static int
count(struct worker_env *env, const struct call *call, const char *query, int64_t *n,
    bool *is_about, struct gh_error *err)
{
	gh_json *page = NULL;
	int rc = ask_list(env, call, query, COUNT_MAX_TEXT, NULL, &page, err);

	*n = rc == 0 ? (int64_t)gh_json_size(gh_json_get(page, "entries")) : 0;
	*is_about = rc == 0 && gh_json_string(gh_json_get(page, "next")) != NULL;
	gh_json_free(page);
	if (!*is_about)
		return rc;
	rc = ask_list(env, call, query, "1", "estimate", &page, err);
	if (rc == 0)
		(void)gh_json_int(gh_json_get(page, "count"), n);
	if (rc == 0 && *n < COUNT_MAX)
		*n = COUNT_MAX;
	gh_json_free(page);
	return rc;
}

/* {name, count, is_about, link} of a query, as one more of the list. */
static int
add_count(struct worker_env *env, const struct call *call, gh_json *list, const char *name,
    const char *query, int64_t *most, struct gh_error *err)
{
	gh_json *o = gh_json_new_object();
	struct gh_buf q;
	int64_t n;
	bool is_about;
	int rc = count(env, call, query, &n, &is_about, err), bad;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "query", query);
	bad = gh_json_set_string(o, "name", name) | gh_json_set_int(o, "count", n) |
	    gh_json_set_bool(o, "is_about", is_about) |
	    console_set_link(o, "link", "/console/certificates", &q);
	gh_buf_free(&q);
	bad |= gh_json_append(list, o);
	if (n > *most)
		*most = n;
	return rc == 0 && bad != 0 ? gh_fail(err, GH_E_NOMEM, "overview") : rc;
}

static int
put_states(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	static const char *const states[] = {"active", "hold", "revoked", "expired"};
	gh_json *list = gh_json_new_array();
	int64_t most = 1;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(states) / sizeof(states[0]); i++) {
		char query[QUERY_SIZE];

		snprintf(query, sizeof(query), "State -eq \"%s\"", states[i]);
		rc = add_count(env, call, list, states[i], query, &most, err);
	}
	if (gh_json_set_int(data, "states_most", most) != 0 ||
	    console_set(data, "states", list) != 0)
		return rc == 0 ? gh_fail(err, GH_E_NOMEM, "overview") : rc;
	return rc;
}

/* From today on, seven days each. */
static int
put_weeks(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	gh_json *list = gh_json_new_array();
	int64_t most = 1, now = gh_now();
	int rc = 0;

	for (int i = 0; rc == 0 && i < WEEKS; i++) {
		char query[QUERY_SIZE], first[GH_TIMESTAMP_SIZE], last[GH_TIMESTAMP_SIZE], name[64];

		gh_timestamp_format(now + 7 * i * DAY_SECONDS, first);
		gh_timestamp_format(now + (7 * i + 6) * DAY_SECONDS, last);
		snprintf(query, sizeof(query),
		    "State -eq \"active\" AND NotAfter -ge \"%.10s\" AND NotAfter -le \"%.10s\"",
		    first, last);
		snprintf(name, sizeof(name), "%.10s – %.10s", first, last);
		rc = add_count(env, call, list, name, query, &most, err);
	}
	if (gh_json_set_int(data, "weeks_most", most) != 0 || console_set(data, "weeks", list) != 0)
		return rc == 0 ? gh_fail(err, GH_E_NOMEM, "overview") : rc;
	return rc;
}

/* Of officers all, of others their own. */
static int
put_pending(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	const struct console_ask what = {.handler = rest_request_list,
	    .method = GH_HTTP_GET,
	    .query = "status=pending&limit=100"};
	gh_json *page = NULL;
	int rc = console_ask(env, call, &what, &page, err);

	if (rc == 0) {
		int64_t n = (int64_t)gh_json_size(gh_json_get(page, "entries")), next;
		bool has_more = gh_json_int(gh_json_get(page, "next"), &next);

		if (gh_json_set_int(data, "pending", n) != 0 ||
		    gh_json_set_bool(data, "is_waiting", n > 0 || has_more) != 0 ||
		    gh_json_set_bool(data, "has_more", has_more) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "overview");
	}
	gh_json_free(page);
	return rc;
}

/* --- CAs -------------------------------------------------------------------------------------- */

static struct call_parts
part_of(const char *text, const char *suffix)
{
	struct call_parts parts = {.n = 1, .part = {{.name = "name}"}}};

	snprintf(parts.part[0].text, sizeof(parts.part[0].text), "%s%s", text, suffix);
	return parts;
}

/* A header's date, as the API writes times; "": there is none. */
static const char *
date_of(const struct gh_http_reply *rep, const char *name, char out[GH_TIMESTAMP_SIZE], int64_t *at)
{
	*at = 0;
	*out = '\0';
	for (size_t i = 0; i < rep->headers; i++)
		if (strcmp(rep->header[i].name, name) == 0 &&
		    gh_http_date_parse(rep->header[i].value, at))
			gh_timestamp_format(*at, out);
	return out;
}

/* Of the CRL that relying parties get: when it was made, and until when it holds. */
static int
put_crl(struct worker_env *env, const struct call *call, gh_json *ca)
{
	const struct call_parts parts = part_of(gh_json_string(gh_json_get(ca, "slug")), ".crl");
	const struct console_ask what = {.handler = crl_get,
	    .method = GH_HTTP_GET,
	    .parts = &parts};
	char made[GH_TIMESTAMP_SIZE], ends[GH_TIMESTAMP_SIZE];
	struct gh_http_reply rep = {0};
	struct gh_error err = {0};
	int64_t begin, end;
	int bad;

	if (console_fetch(env, call, &what, &rep, &err) != 0)
		return gh_json_set_string(ca, "crl", "none");
	bad = gh_json_set_string(ca, "crl_made", date_of(&rep, "Last-Modified", made, &begin)) |
	    gh_json_set_string(ca, "crl_ends", date_of(&rep, "Expires", ends, &end));
	gh_http_reply_clear(&rep);
	return bad | gh_json_set_string(ca, "crl", end > gh_now() ? "good" : "late");
}

/* For who may know it: whether its key waits for a password. */
static int
put_key(struct worker_env *env, const struct call *call, gh_json *ca)
{
	const struct call_parts parts = part_of(gh_json_string(gh_json_get(ca, "name")), "");
	const struct console_ask what = {.handler = ca_password_rest_status,
	    .method = GH_HTTP_GET,
	    .parts = &parts};
	struct gh_error err = {0};
	gh_json *status = NULL;
	const char *key = "open";

	if (!console_sees_all(call->requester))
		return 0;
	if (console_ask(env, call, &what, &status, &err) != 0)
		key = "unknown";
	else if (gh_json_bool(gh_json_get(status, "requires_private_key_password"), false))
		key = gh_json_string(gh_json_get(status, "unlocked_until")) != NULL ? "unlocked"
										    : "locked";
	gh_json_free(status);
	return gh_json_set_string(ca, "key", key);
}

static int
put_cas(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	const struct console_ask what = {.handler = ca_pages_list, .method = GH_HTTP_GET};
	gh_json *page = NULL, *cas;
	int rc = console_ask(env, call, &what, &page, err), bad = 0;

	cas = gh_json_get(page, "entries");
	for (size_t i = 0; rc == 0 && i < gh_json_size(cas); i++) {
		gh_json *ca = gh_json_at(cas, i);
		const char *state = gh_json_string(gh_json_get(ca, "state"));

		bad |= console_set_day(ca, "day", gh_json_string(gh_json_get(ca, "not_after")));
		if (state != NULL && strcmp(state, "active") == 0)
			bad |= put_crl(env, call, ca) | put_key(env, call, ca);
	}
	if (rc == 0 && (bad != 0 || gh_json_set(data, "cas", gh_json_ref(cas)) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "overview");
	gh_json_free(page);
	return rc;
}

void
console_overview(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *data = gh_json_new_object();
	struct gh_error err = {0};
	int rc = put_pending(env, call, data, &err);

	if (rc == 0)
		rc = put_states(env, call, data, &err);
	if (rc == 0)
		rc = put_weeks(env, call, data, &err);
	if (rc == 0)
		rc = put_cas(env, call, data, &err);
	if (rc == 0 && gh_json_set_bool(data, "sees_all", console_sees_all(call->requester)) != 0)
		rc = gh_fail(&err, GH_E_NOMEM, "overview");
	if (rc == 0) {
		console_reply(env, call, 200, "console", data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
}
