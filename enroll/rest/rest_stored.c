/* Lists of the store over REST. See rest_stored.h. */
#include "store/store.h"

#include "rest_ca_key.h"
#include "rest_list.h"
#include "rest_stored.h"

struct wish {
	enum store_list what;
	struct store_filter filter;
};

static void
read_paging(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	struct rest_paging paging = rest_param_paging(f, p);
	struct wish *w = filter;

	w->filter.after_id = paging.after_id;
	w->filter.limit = paging.limit;
	w->filter.newest_first = paging.newest_first;
}

static int
read_page(struct worker_env *env, const struct call *call, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	const struct wish *w = filter;
	int rc = store_list(env->store, w->what, &w->filter, entries, err);
	size_t n = rc == 0 ? gh_json_size(*entries) : 0;

	(void)call;
	*next = 0;
	if (rc == 0 && n == (size_t)w->filter.limit)
		(void)gh_json_int(gh_json_get(gh_json_at(*entries, n - 1), "id"), next);
	return rc;
}

static void
reply(enum store_list what, struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	static const char *const names[] = {REST_PAGE_PARAMS, NULL};
	static const struct rest_list list = {names, read_paging, read_page};
	struct wish w = {.what = what};

	rest_list_reply(&list, env, call, &w, rep);
}

static int
read_authorities(struct worker_env *env, const struct call *call, const void *filter,
    gh_json **entries, int64_t *next, struct gh_error *err)
{
	int rc = read_page(env, call, filter, entries, next, err);

	return rc == 0 && rest_ca_keys_put(env, *entries) != 0 ? gh_fail(err, GH_E_NOMEM, "CAs")
							       : rc;
}

void
rest_authorities(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const names[] = {REST_PAGE_PARAMS, NULL};
	static const struct rest_list list = {names, read_paging, read_authorities};
	struct wish w = {.what = STORE_LIST_CAS};

	rest_list_reply(&list, env, call, &w, rep);
}

void
rest_templates(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	reply(STORE_LIST_TEMPLATES, env, call, rep);
}

void
rest_applications(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	reply(STORE_LIST_APPS, env, call, rep);
}

void
rest_labels(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	reply(STORE_LIST_EST_LABELS, env, call, rep);
}

void
rest_users(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	reply(STORE_LIST_USERS, env, call, rep);
}

void
rest_view_rules(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	reply(STORE_LIST_VIEW_RULES, env, call, rep);
}

static void
read_messages(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	static const char *const states[] = {"waiting", "sent", "dead", NULL};
	struct wish *w = filter;

	read_paging(p, f, filter);
	w->filter.state = rest_param_word(f, &p[REST_PAGE_PARAMS_N], states);
	w->filter.name = rest_param_text(f, &p[REST_PAGE_PARAMS_N + 1]);
}

void
rest_messages(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const names[] = {REST_PAGE_PARAMS, "state", "address", NULL};
	static const struct rest_list list = {names, read_messages, read_page};
	struct wish w = {.what = STORE_LIST_DELIVERIES};

	rest_list_reply(&list, env, call, &w, rep);
}
