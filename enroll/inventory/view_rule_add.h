/* Rules that show certificates to groups (catalog/view_rule.h) are added: by the command, over REST
 * and in the console. */
#ifndef ENROLL_VIEW_RULE_ADD_H
#define ENROLL_VIEW_RULE_ADD_H

#include "catalog/catalog.h"
#include "requester.h"
#include "store/store.h"

/* rule: {"name","group"} and one of "template", "ca", and "field" with "value"; the others are
 * null, or not there. *out: it as it is now, all members, by gh_json_free; NULL: not wanted.
 * GH_E_VALIDATION: "MEMBER: what is wrong with it"; GH_E_CONFLICT: the name is taken. */
int view_rule_add(struct store *s, const struct catalog *catalog, const struct requester *who,
    const gh_json *rule, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

#endif
