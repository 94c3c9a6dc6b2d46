/* The audit trail over HTTP. See rest_audit.h. */
#include "store/audit/audit_check_row.h"
#include "store/audit/audit_seal_row.h"

#include "rest_audit.h"
#include "rest_job.h"
#include "rest_list.h"

enum { EVENT = REST_PAGE_PARAMS_N, ACTOR, OUTCOME, OBJECT };
static const char *const names[] = {REST_PAGE_PARAMS, "event", "actor", "outcome", "object", NULL};

static void
read_filter(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	static const char *const outcomes[] = {"success", "failure", NULL};
	struct rest_paging paging = rest_param_paging(f, p);

	*(struct store_audit_filter *)filter =
	    (struct store_audit_filter){.after_id = paging.after_id,
		.limit = paging.limit,
		.newest_first = paging.newest_first,
		.event = rest_param_text(f, &p[EVENT]),
		.actor = rest_param_text(f, &p[ACTOR]),
		.outcome = rest_param_word(f, &p[OUTCOME], outcomes),
		.object = rest_param_text(f, &p[OBJECT])};
}

static int
read_page(struct worker_env *env, const struct call *call, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	(void)call;
	return store_audit_page(env->store, filter, entries, next, err);
}

void
audit_rest_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct rest_list list = {names, read_filter, read_page};
	struct store_audit_filter filter = {0};

	rest_list_reply(&list, env, call, &filter, rep);
}

void
audit_rest_checks(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *checks;

	if (store_audit_checks(env->store, &checks, &err) != 0) {
		rest_error(&err, call->http->request_id, NULL, rep);
		return;
	}
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, 200, checks);
}

void
audit_rest_verify(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	rest_job_want(env, call, "audit-verify", rep);
}
