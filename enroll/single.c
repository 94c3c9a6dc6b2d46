/* A request that goes through the pipeline alone. See single.h. */
#include <string.h>

#include "approval_stage.h"
#include "single.h"

#define DENIED "Denied by Policy Module" /* enroll_denial_text */

int
single_find_recorded(struct worker_env *env, struct enrollment *e, bool *found, int64_t *ca_id)
{
	const struct enroll_request *req = e->req;
	struct enroll_outcome out = {0};
	struct store_replay r = {.who = &req->requester,
	    .mark = req->replay_mark,
	    .content = req->has_replay_content ? req->replay_content : NULL,
	    .out = &out};

	*found = false;
	*ca_id = 0;
	if (!req->has_replay_mark)
		return 0;
	store_find_replays_send(env->store, &r, 1);
	store_find_replays_collect(env->store, &r, 1);
	if (r.rc != 0) {
		e->err = r.err;
		return r.rc;
	}
	if (r.found) {
		e->out = out;
		*found = true;
		*ca_id = r.ca_id;
	}
	return 0;
}

/* What a password costs is paid once. */
void
single_decide(struct worker_env *env, struct enrollment *e, const char *password)
{
	if (password != NULL) {
		enroll_admit(env, e);
		e->rc = enroll_approval_password(env, e, password);
	}
	if (e->rc == 0)
		enroll_decide(env, e);
}

void
single_finish(struct worker_env *env, const struct call *call, struct enrollment *e)
{
	if (e->rc == 0)
		e->rc = gh_http_check_deadline(call->http, &e->err);
	enroll_sign(env, &e, 1);
	enroll_record(env, &e, 1);
}

/* The reason that was recorded, without what Microsoft's clients expect before it. */
const char *
single_reason(const char *message)
{
	const char *comma = strstr(message, ", ");

	return strncmp(message, DENIED, strlen(DENIED)) == 0 && comma != NULL ? comma + 2 : message;
}

void
single_denial(const struct enrollment *e, bool was_recorded, struct gh_error *err)
{
	gh_refuse(err, was_recorded || e->out.is_replay ? GH_E_DENIED : e->err.code, "%s",
	    single_reason(e->out.message));
}
