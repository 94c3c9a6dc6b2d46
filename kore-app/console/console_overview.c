/* GET /console. See console.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rest/rest_certificate.h"
#include "rest/rest_request.h"
#include "timestamp.h"

#include "pages/page.h"

#include "console.h"
#include "console_ask.h"
#include "console_overview.h"
#include "console_page.h"

#define COUNT_US 3000000 /* so long one's own are counted; then it is told that there are more */
#define WEEKS 8
#define DAYS 30
#define DAY_SECONDS 86400
#define QUERY_SIZE 160

/* --- counting --------------------------------------------------------------------------------- */

static const char *const states[] = {"active", "hold", "revoked", "expired"};
#define STATES (sizeof(states) / sizeof(states[0]))

/* Of the certificates that the caller may see. */
struct numbers {
	int64_t state[STATES];
	int64_t begin;       /* UTC seconds: Monday of this week */
	int64_t week[WEEKS]; /* that end in it, neither revoked nor on hold */
	int64_t first;       /* UTC seconds: DAYS - 1 days before today */
	int64_t day[DAYS];   /* that were issued on it; of who sees all */
	bool is_least;       /* there are more, which nobody waited for */
};

static void
note_state(struct numbers *n, const char *state, int64_t count)
{
	for (size_t i = 0; i < STATES; i++)
		if (strcmp(states[i], state) == 0)
			n->state[i] += count;
}

static void
note_week(struct numbers *n, const char *end, int64_t count)
{
	int64_t at = 0;

	if (end == NULL || gh_timestamp_parse(end, &at, NULL) != 0 || at < n->begin)
		return;
	at = (at - n->begin) / (7 * DAY_SECONDS);
	if (at < WEEKS)
		n->week[at] += count;
}

static void
note_day(struct numbers *n, const char *begin, int64_t count)
{
	int64_t at = 0;

	if (gh_timestamp_parse(begin, &at, NULL) != 0 || at < n->first)
		return;
	at = (at - n->first) / DAY_SECONDS;
	if (at < DAYS)
		n->day[at] += count;
}

/* Each row of a list of the statistics: a day, named so, and how many. */
static void
note_list(struct numbers *n, const gh_json *list, const char *name,
    void (*note)(struct numbers *n, const char *time, int64_t count))
{
	for (size_t i = 0; i < gh_json_size(list); i++) {
		const gh_json *row = gh_json_at(list, i);
		const char *day = gh_json_string(gh_json_get(row, name));
		char time[GH_TIMESTAMP_SIZE];
		int64_t count = 0;

		(void)gh_json_int(gh_json_get(row, "count"), &count);
		snprintf(time, sizeof(time), "%.10sT00:00:00Z", day != NULL ? day : "");
		note(n, time, count);
	}
}

/* From the counters, for who may see them: no search. */
static int
count_all(struct worker_env *env, const struct call *call, struct numbers *n, struct gh_error *err)
{
	const struct console_ask what = {.handler = rest_certificate_statistics,
	    .method = GH_HTTP_GET};
	gh_json *answer;
	int rc = console_ask(env, call, &what, &answer, err);

	for (size_t i = 0; rc == 0 && i < STATES; i++)
		(void)gh_json_int(gh_json_get(gh_json_get(answer, "by_state"), states[i]),
		    &n->state[i]);
	if (rc == 0) {
		note_list(n, gh_json_get(answer, "by_expiry_week"), "begins", note_week);
		note_list(n, gh_json_get(answer, "by_issue_day"), "day", note_day);
	}
	gh_json_free(answer);
	return rc;
}

static void
note_entries(struct numbers *n, const gh_json *entries)
{
	int64_t now = gh_now();

	for (size_t i = 0; i < gh_json_size(entries); i++) {
		const gh_json *row = gh_json_at(entries, i);
		const char *end = gh_json_string(gh_json_get(row, "not_after"));
		const char *state =
		    console_state(gh_json_string(gh_json_get(row, "status")), end, now);

		note_state(n, state, 1);
		if (strcmp(state, "active") == 0 || strcmp(state, "expired") == 0)
			note_week(n, end, 1);
	}
}

/* The page of one's own behind the one before, which it replaces. */
static int
next_page(struct worker_env *env, const struct call *call, gh_json **page, struct gh_error *err)
{
	struct console_ask what = {.handler = rest_certificate_list, .method = GH_HTTP_GET};
	gh_json *before = *page;
	struct gh_buf q;
	int rc;

	*page = NULL;
	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "query", "Requester -eq \"%ME%\"");
	console_query_put(&q, "limit", "1000");
	console_query_put(&q, "fields", "status,not_after");
	console_query_put(&q, "page", gh_json_string(gh_json_get(before, "next")));
	what.query = (const char *)q.data;
	if ((rc = gh_buf_check(&q, err)) == 0)
		rc = console_ask(env, call, &what, page, err);
	gh_buf_free(&q);
	gh_json_free(before);
	return rc;
}

/* One by one, for a bounded time. */
static int
count_own(struct worker_env *env, const struct call *call, struct numbers *n, struct gh_error *err)
{
	int64_t until = gh_now_us() + COUNT_US;
	gh_json *page = NULL;
	int rc;

	do {
		rc = next_page(env, call, &page, err);
		note_entries(n, gh_json_get(page, "entries"));
		n->is_least = gh_json_string(gh_json_get(page, "next")) != NULL;
	} while (rc == 0 && n->is_least && gh_now_us() < until);
	gh_json_free(page);
	return rc;
}

/* {name, count, is_least, link} of a query, as one more of the list. */
static int
add_count(gh_json *list, const char *name, const char *query, int64_t count, bool is_least)
{
	gh_json *o = gh_json_new_object();
	struct gh_buf q;
	int bad;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "query", query);
	bad = gh_json_set_string(o, "name", name) | gh_json_set_int(o, "count", count) |
	    gh_json_set_bool(o, "is_least", is_least) |
	    console_set_link(o, "link", "/console/certificates", &q);
	gh_buf_free(&q);
	return bad | gh_json_append(list, o);
}

/* For <meter>, whose end is above its beginning. */
static int64_t
most_of(const int64_t *n, size_t len)
{
	int64_t most = 1;

	for (size_t i = 0; i < len; i++)
		most = n[i] > most ? n[i] : most;
	return most;
}

static int
put_states(gh_json *data, const struct numbers *n)
{
	gh_json *list = gh_json_new_array();
	int bad = 0;

	for (size_t i = 0; i < STATES; i++) {
		char query[QUERY_SIZE];

		snprintf(query, sizeof(query), "State -eq \"%s\"", states[i]);
		bad |= add_count(list, states[i], query, n->state[i], n->is_least);
	}
	return bad | gh_json_set_int(data, "states_most", most_of(n->state, STATES)) |
	    console_set(data, "states", list);
}

static int
put_weeks(gh_json *data, const struct numbers *n)
{
	gh_json *list = gh_json_new_array();
	int bad = 0;

	for (int i = 0; i < WEEKS; i++) {
		char query[QUERY_SIZE], first[GH_TIMESTAMP_SIZE], last[GH_TIMESTAMP_SIZE], name[64];

		gh_timestamp_format(n->begin + 7 * i * DAY_SECONDS, first);
		gh_timestamp_format(n->begin + (7 * i + 6) * DAY_SECONDS, last);
		snprintf(query, sizeof(query),
		    "State -ne \"revoked\" AND State -ne \"hold\" AND NotAfter -ge \"%.10s\" AND "
		    "NotAfter -le \"%.10s\"",
		    first, last);
		snprintf(name, sizeof(name), "%.10s – %.10s", first, last);
		bad |= add_count(list, name, query, n->week[i], n->is_least);
	}
	return bad | gh_json_set_int(data, "weeks_most", most_of(n->week, WEEKS)) |
	    console_set(data, "weeks", list);
}

static int
put_days(gh_json *data, const struct numbers *n)
{
	gh_json *list = gh_json_new_array();
	int bad = 0;

	for (int i = 0; i < DAYS; i++) {
		char query[QUERY_SIZE], day[GH_TIMESTAMP_SIZE];

		gh_timestamp_format(n->first + i * DAY_SECONDS, day);
		day[10] = '\0';
		snprintf(query, sizeof(query), "NotBefore -ge \"%s\" AND NotBefore -le \"%s\"", day,
		    day);
		bad |= add_count(list, day, query, n->day[i], false);
	}
	return bad | gh_json_set_int(data, "days_most", most_of(n->day, DAYS)) |
	    console_set(data, "days", list);
}

static int
put_numbers(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	int64_t day = gh_now() / DAY_SECONDS;
	struct numbers n = {.begin =
				(day - (day + 3) % 7) * DAY_SECONDS, /* 1970 began on a Thursday */
	    .first = (day - DAYS + 1) * DAY_SECONDS};
	bool sees_all = console_sees_all(call->requester);
	int rc = sees_all ? count_all(env, call, &n, err) : count_own(env, call, &n, err);

	if (rc == 0 &&
	    ((put_states(data, &n) | put_weeks(data, &n)) != 0 ||
		(sees_all && put_days(data, &n) != 0)))
		rc = gh_fail(err, GH_E_NOMEM, "overview");
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

/* Of when it is, and that it follows where a script runs. */
static int
put_frame(gh_json *data, const struct call *call, struct gh_error *err)
{
	char now[GH_TIMESTAMP_SIZE];

	gh_timestamp_format(gh_now(), now);
	if (gh_json_set_bool(data, "sees_all", console_sees_all(call->requester)) == 0 &&
	    gh_json_set_bool(data, "has_script", true) == 0 &&
	    gh_json_set_string(data, "as_of", now) == 0 &&
	    console_set_minute(data, "as_of_minute", now) == 0)
		return 0;
	return gh_fail(err, GH_E_NOMEM, "overview");
}

void
console_overview(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static int (*const put[])(struct worker_env * env, const struct call *call, gh_json *data,
	    struct gh_error *err) = {overview_put_house, overview_put_cas, put_pending,
	    put_numbers};
	gh_json *data = gh_json_new_object();
	struct gh_error err = {0};
	int rc = put_frame(data, call, &err);

	for (size_t i = 0; rc == 0 && i < sizeof(put) / sizeof(put[0]); i++)
		rc = put[i](env, call, data, &err);
	if (rc == 0) {
		console_reply(env, call, 200, "console", data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
}
