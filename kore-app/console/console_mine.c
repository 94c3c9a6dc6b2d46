/* GET /console/mine. See console.h. */
#include <stdlib.h>
#include <string.h>

#include "rest/rest_certificate.h"
#include "rest/rest_list.h"
#include "timestamp.h"

#include "pages/page.h"

#include "console.h"
#include "console_ask.h"
#include "console_cert.h"
#include "console_page.h"

#define ROWS "20" /* of a page */
#define PATH "/console/mine"
#define SOON_SECONDS (30 * 86400)

/* Of all that he sees, those that he has asked for himself. */
static int
ask(struct worker_env *env, const struct call *call, const char *page, gh_json **out,
    struct gh_error *err)
{
	struct console_ask what = {.handler = rest_certificate_list, .method = GH_HTTP_GET};
	struct gh_buf q;
	int rc;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "query", "Requester -eq \"%ME%\"");
	console_query_put(&q, "page", page);
	console_query_put(&q, "order_by", "not_after");
	console_query_put(&q, "order", "desc");
	console_query_put(&q, "limit", ROWS);
	what.query = (const char *)q.data;
	if ((rc = gh_buf_check(&q, err)) == 0)
		rc = console_ask(env, call, &what, out, err);
	gh_buf_free(&q);
	return rc;
}

/* What he may do with it, and whether it ends soon. */
static int
put_row(const struct worker_env *env, const struct call *call, gh_json *row, int64_t now)
{
	const char *end = gh_json_string(gh_json_get(row, "not_after")),
		   *state = console_state(gh_json_string(gh_json_get(row, "status")), end, now);
	bool is_active = strcmp(state, "active") == 0;
	int64_t at = 0;

	(void)(end != NULL && gh_timestamp_parse(end, &at, NULL) == 0);
	return gh_json_set_string(row, "called", console_called(row)) |
	    console_set_day(row, "day", end) | gh_json_set_string(row, "state", state) |
	    gh_json_set_bool(row, "is_ending", is_active && at <= now + SOON_SECONDS) |
	    gh_json_set_bool(row, "can_renew", console_cert_may_renew(call, row)) |
	    gh_json_set_bool(row, "can_revoke",
		is_active && console_cert_may(env, call, row, "revoked"));
}

static int
put_link(gh_json *data, const char *name, const gh_json *page)
{
	struct gh_buf q;
	int bad;

	if (gh_json_string(page) == NULL)
		return 0;
	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "page", gh_json_string(page));
	bad = console_set_link(data, name, PATH, &q);
	gh_buf_free(&q);
	return bad;
}

static gh_json *
data_of(const struct worker_env *env, const struct call *call, const gh_json *page)
{
	gh_json *data = gh_json_new_object(), *entries = gh_json_get(page, "entries");
	int64_t now = gh_now();
	int bad = gh_json_set_bool(data, "has_rows", gh_json_size(entries) > 0);

	for (size_t i = 0; i < gh_json_size(entries); i++)
		bad |= put_row(env, call, gh_json_at(entries, i), now);
	bad |= gh_json_set(data, "entries", gh_json_ref(entries)) |
	    put_link(data, "next", gh_json_get(page, "next")) |
	    put_link(data, "previous", gh_json_get(page, "previous"));
	if (bad == 0)
		return data;
	gh_json_free(data);
	return NULL;
}

void
console_mine(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[] = {{"page", NULL}, {"lang", NULL}};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *page = NULL;
	int rc = rest_params_read(call, p, 2, &fields, &err);

	if (rc == 0 && (rc = rest_fields_check(&fields, &err)) == 0)
		rc = ask(env, call, p[0].value, &page, &err);
	if (rc == 0)
		console_reply(env, call, 200, "mine", data_of(env, call, page), rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(page);
	rest_fields_clear(&fields);
	rest_params_clear(p, 2);
}
