/* GET /console/mine. See console.h. */
#include <stdlib.h>
#include <string.h>

#include "rest/rest_certificate.h"
#include "timestamp.h"

#include "console.h"
#include "console_cert.h"
#include "console_list.h"

#define SOON_SECONDS (30 * 86400)

/* What he may do with it, and whether it ends soon. */
static int
put_row(const struct worker_env *env, const struct call *call, gh_json *row)
{
	const char *end = gh_json_string(gh_json_get(row, "not_after")),
		   *state =
		       console_state(gh_json_string(gh_json_get(row, "status")), end, gh_now());
	bool is_active = strcmp(state, "active") == 0;
	int64_t at = 0;

	(void)(end != NULL && gh_timestamp_parse(end, &at, NULL) == 0);
	return gh_json_set_string(row, "called", console_called(row)) |
	    console_set_day(row, "day", end) | gh_json_set_string(row, "state", state) |
	    gh_json_set_bool(row, "is_ending", is_active && at <= gh_now() + SOON_SECONDS) |
	    gh_json_set_bool(row, "can_renew", console_cert_may_renew(call, row)) |
	    gh_json_set_bool(row, "can_revoke",
		is_active && console_cert_may(env, call, row, "revoked"));
}

/* Of all that he sees, those that he has asked for himself: Requester -eq "%ME%" */
static const struct console_list mine = {.page = "mine",
    .path = "/console/mine",
    .api = rest_certificate_list,
    .query = "query=Requester%20-eq%20%22%25ME%25%22&order_by=not_after&order=desc&limit=20",
    .cursor = "page",
    .row = put_row};

void
console_mine(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&mine, env, call, rep);
}
