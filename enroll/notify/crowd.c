/* Many requests of one requester. See crowd.h. */
#include <string.h>

#include "store/status/notification_look.h"

#include "crowd.h"

/* Those who hear of everybody's requests. */
static bool
is_of_all(const struct notification *n)
{
	return strcmp(n->audience, "officers") == 0 || strcmp(n->audience, "group") == 0;
}

int
crowd_find(const struct worker_env *env, const struct notification *n, enum crowd_place *place,
    struct gh_error *err)
{
	int limit = env->conf->notify.requester_per_hour;
	/* a reminder is of what waits now, whenever it was asked for */
	bool is_reminder = strcmp(n->event, "request.reminder") == 0;
	int64_t request, before;
	int rc;

	*place = CROWD_ALONE;
	if (limit == 0 || !is_of_all(n) || strncmp(n->object, "request ", 8) != 0 ||
	    !gh_json_int(gh_json_get(n->facts, "request"), &request))
		return 0;
	rc = store_count_requests_before(env->store, request, is_reminder, limit + 1, &before, err);
	if (rc == 0 && before >= limit)
		*place = before == limit ? CROWD_LAST : CROWD_BEHIND;
	return rc;
}
