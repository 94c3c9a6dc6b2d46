/* Log-ins of browsers over REST. See rest_session.h. */
#include "store/session/session_list.h"

#include "timestamp.h"
#include "rest_list.h"
#include "rest_session.h"

struct sessions {
	struct store_session_filter which;
	struct store_session_page page;
};

static void
read_filter(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	struct rest_paging paging = rest_param_paging(f, p);
	struct sessions *s = filter;

	s->which.name = rest_param_text(f, &p[REST_PAGE_PARAMS_N]);
	/* who looks at them wants to see the last ones: so without a word, too */
	s->page.oldest_first = p[REST_ORDER].value != NULL && !paging.newest_first;
	s->page.after = paging.after_id;
	s->page.limit = paging.limit;
}

static int
read_page(struct worker_env *env, const struct call *call, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	const struct sessions *s = filter;
	struct store_session_page page = s->page;

	(void)call;
	page.now = gh_now();
	page.idle = env->conf->pages.session_idle;
	return store_list_sessions(env->store, &s->which, &page, entries, next, err);
}

void
rest_sessions(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const names[] = {REST_PAGE_PARAMS, "user", NULL};
	static const struct rest_list list = {names, read_filter, read_page};
	struct sessions filter = {0};

	rest_list_reply(&list, env, call, &filter, rep);
}

static int
end(struct worker_env *env, const struct call *call, const struct store_session_filter *which,
    int *ended, struct gh_error *err)
{
	const struct store_session_end how = {.who = call->requester,
	    .event = "session.ended",
	    .detail = "by an administrator",
	    .request_id = call->http->request_id};

	return store_end_sessions(env->store, which, &how, ended, err);
}

/* NULL: out of memory. */
static gh_json *
ended_json(int ended)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set_int(o, "ended", ended) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
rest_sessions_end(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param user = {"user", NULL};
	struct store_session_filter which = {0};
	struct rest_fields f = {0};
	struct gh_error err = {0};
	int ended = 0, rc = rest_params_read(call, &user, 1, &f, &err);

	if (rc == 0) {
		if (user.value == NULL) /* everybody's are ended by the command alone */
			rest_field_wrong(&f, "user", "The parameter user is needed.");
		which.name = rest_param_text(&f, &user);
		rc = rest_fields_check(&f, &err);
	}
	if (rc == 0)
		rc = end(env, call, &which, &ended, &err);
	if (rc == 0)
		rest_json(rep, 200, ended_json(ended));
	else
		rest_error(&err, call->http->request_id, rest_fields_take(&f), rep);
	rest_params_clear(&user, 1);
	rest_fields_clear(&f);
}

void
rest_session_end(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct store_session_filter which = {.handle = call_text(call->parts, "name")};
	struct gh_error err = {0};
	int ended = 0, rc = end(env, call, &which, &ended, &err);

	if (rc == 0 && ended == 0)
		rc = gh_refuse(&err, GH_E_NOT_FOUND, "There is no such session (any more).");
	if (rc == 0)
		rep->status = 204;
	else
		rest_error(&err, call->http->request_id, NULL, rep);
}
