/*
 * What a front door lets its callers ask for: the templates, the CA that signs, and who is let in.
 * Each way in resolves to one (CertEnroll: the profile of the application), and the pipeline knows
 * nothing else of it.
 */
#ifndef ENROLL_PROFILE_H
#define ENROLL_PROFILE_H

#include <stdbool.h>

/* How the CA is chosen. */
enum profile_ca {
	PROFILE_CA_NAMED,   /* it is ca_name */
	PROFILE_CA_BY_RULE, /* by the rules of the catalog; where there are none, the only CA that
			     * issues (enroll/ca_choice.h) */
};

/* Immutable once loaded. A zeroed one lets nobody ask for anything. */
struct enroll_profile {
	char *name; /* for logs and the audit trail: "application web" */
	bool has_all_templates;
	char **templates; /* unless it has all: names, NULL-ended, in the order of the list */
	enum profile_ca ca_by;
	char *ca_name;
	char **groups; /* the requester must be in one of them; NULL = no such demand */
	/* Its requesters need no entry in the directory: what authenticates them is enough. The
	 * templates must agree (tmpl.h). */
	bool admits_without_entry;
};

/* Of calls that no configuration stands behind: all templates, and a CA by rule. What the templates
 * demand holds as everywhere. */
extern const struct enroll_profile enroll_profile_all;

bool enroll_profile_has_template(const struct enroll_profile *p, const char *name);
void enroll_profile_clear(struct enroll_profile *p); /* frees the members; accepts a zeroed one */

#endif
