/* GET /console/audit. See console.h. */
#include "rest/rest_audit.h"

#include "console.h"
#include "console_list.h"

static const struct console_choice outcomes[] = {
    {"", "audit_outcome.any"},
    {"success", "audit_outcome.success"},
    {"failure", "audit_outcome.failure"},
    {NULL, NULL},
};
static const struct console_list_filter filters[] = {{"event", NULL}, {"actor", NULL},
    {"outcome", outcomes}, {"object", NULL}, {NULL, NULL}};
static const struct console_list trail = {.page = "audit",
    .path = "/console/audit",
    .api = audit_rest_list,
    .query = "order=newest&limit=50",
    .cursor = "after",
    .filters = filters};

void
console_audit(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&trail, env, call, rep);
}
