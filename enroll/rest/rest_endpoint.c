/* Endpoints over REST. See rest_endpoint.h. */
#include "store/inventory/endpoint_row.h"

#include "rest_endpoint.h"
#include "rest_list.h"

static void
read_filter(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	static const char *const yes_no[] = {"yes", "no", NULL};
	struct rest_paging paging = rest_param_paging(f, p);
	const char *failing = rest_param_word(f, &p[REST_PAGE_PARAMS_N + 1], yes_no);

	*(struct store_endpoint_filter *)filter =
	    (struct store_endpoint_filter){.after_id = paging.after_id,
		.limit = paging.limit,
		.newest_first = paging.newest_first,
		.host = rest_param_text(f, &p[REST_PAGE_PARAMS_N]),
		.failing = failing != NULL && *failing == 'y'};
}

static int
read_page(struct worker_env *env, const struct call *call, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	(void)call;
	return store_page_endpoints(env->store, filter, entries, next, err);
}

void
rest_endpoints(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const names[] = {REST_PAGE_PARAMS, "host", "failing", NULL};
	static const struct rest_list list = {names, read_filter, read_page};
	struct store_endpoint_filter filter = {0};

	rest_list_reply(&list, env, call, &filter, rep);
}

void
rest_endpoint(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *row;

	if (store_get_endpoint(env->store, call_number(call->parts, "id"), &row, &err) == 0) {
		gh_http_reply_header(rep, "Cache-Control", "no-store");
		rest_json(rep, 200, row);
	} else {
		rest_error(&err, call->http->request_id, NULL, rep);
	}
}
