/* One-time passwords. See est_one_time.h. */
#include <string.h>

#include "digest.h"
#include "single.h"

#include "est_one_time.h"

static int
refuse_used(struct gh_error *err)
{
	return gh_refuse(err, GH_E_FORBIDDEN,
	    "This one-time password was used for another request already.");
}

int
est_one_time(struct worker_env *env, struct enrollment *e, struct enroll_request *req, bool *found)
{
	int64_t ca_id;
	int rc;

	if (!req->requester.is_one_time || *found)
		return 0;
	memcpy(req->replay_mark, req->requester.one_time, REPLAY_MARK_SIZE);
	req->has_replay_mark = true;
	if (!gh_digest(GH_SHA256, req->poll_key, strlen(req->poll_key), req->replay_content))
		return gh_fail(&e->err, GH_E_INTERNAL, "content of a request");
	req->has_replay_content = true;
	rc = single_find_recorded(env, e, found, &ca_id);
	return rc == GH_E_CONFLICT || rc == GH_E_REPLAY ? refuse_used(&e->err) : rc;
}

void
est_one_time_settle(struct enrollment *e)
{
	if (e->req->requester.is_one_time && (e->rc == GH_E_CONFLICT || e->rc == GH_E_REPLAY))
		e->rc = refuse_used(&e->err);
}
