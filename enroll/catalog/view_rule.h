/*
 * Rules that show certificates of others to members of a group (docs/inventory.md, "Who sees
 * what"): rows of view_rule. What they make of a caller: inventory/cert_sight.h.
 */
#ifndef ENROLL_VIEW_RULE_H
#define ENROLL_VIEW_RULE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "json.h"

#define VIEW_RULES_MAX 1000     /* of all groups */
#define VIEW_RULES_MAX_GROUP 32 /* of one group, and that count for one person */
#define VIEW_RULE_TEXT_MAX 255  /* bytes of name, template, CA, field */
#define VIEW_RULE_LONG_MAX 1024 /* of group and value */

/* Immutable once loaded. */
struct view_rule {
	int64_t id;
	char *name;
	char *group; /* DN, SID or name */
	char *query; /* which certificates, in the language of the inventory: one test */
};

struct view_rules {
	struct view_rule *rule; /* by id */
	size_t n;
};

/* row: of the table, or of one that is to be: without "id". GH_E_CONF: what it says cannot be;
 * public. */
int view_rule_load(const gh_json *row, struct view_rule *out, struct gh_error *err) GH_MUSTCHECK;
void view_rule_clear(struct view_rule *r);

/* rows: "view_rules" of store_load_catalog. One that cannot be read shows nothing, and is logged.
 * GH_E_NOMEM; *out is empty then. */
int view_rules_load(const gh_json *rows, struct view_rules *out, struct gh_error *err) GH_MUSTCHECK;
void view_rules_clear(struct view_rules *r); /* accepts a zeroed one */

#endif
