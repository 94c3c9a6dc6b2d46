/* Rules that show certificates to groups, over REST, for administrators: the same as `gatehouse
 * view`. docs/inventory.md, "Who sees what" */
#ifndef ENROLL_REST_VIEW_RULE_H
#define ENROLL_REST_VIEW_RULE_H

#include "call.h"

/* GET /pki/view-rules is in rest_stored.h. */

/* GET /pki/view-rules/{name} */
void rest_view_rule(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* POST /pki/view-rules: {"name","group"} and one of "template", "ca", "field" with "value". 201. */
void rest_view_rule_add(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* DELETE /pki/view-rules/{name}: 204 */
void rest_view_rule_remove(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
