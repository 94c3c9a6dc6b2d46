/*
 * Rules that say which CA serves a request that names none (docs/ca-choice.md): rows of ca_rule.
 * Which of them decides: ca_choice.h.
 */
#ifndef ENROLL_CA_RULE_H
#define ENROLL_CA_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "json.h"

#define CA_RULE_PRIORITY_MAX 1000000
#define CA_RULE_TEXT_MAX 255  /* bytes of name, tenant, template, CA */
#define CA_RULE_LONG_MAX 1024 /* of the others */

/* Immutable once loaded. A criterion that is NULL holds for every request. */
struct ca_rule {
	int64_t id;
	char *name;
	int64_t priority; /* 0 to CA_RULE_PRIORITY_MAX; the lowest comes first */
	char *tenant;
	char *purpose;
	char *email_domain; /* prepared (mail_domain.h); one that begins with a dot: all below it */
	char *network;      /* a list of base/ip.h */
	char *group;        /* DN, SID or name */
	char *template_name;
	char *ca_name;
};

/* By priority, then name. */
struct ca_rules {
	struct ca_rule *rule;
	size_t n;
	char *
	    unreadable; /* name of one that cannot be read, so that nothing is chosen; NULL: none */
};

/* row: of the table, or of one that is to be: without "id". GH_E_CONF: what it says cannot be;
 * public. */
int ca_rule_load(const gh_json *row, struct ca_rule *out, struct gh_error *err) GH_MUSTCHECK;
void ca_rule_clear(struct ca_rule *r);

/* What the caller himself can choose, and a rule goes by, for whoever he is: "tenant", which the
 * request says, or "mail", which some may edit in their entry; NULL: neither, or a group must fit,
 * too. Static. Such a rule sorts, and keeps nobody from its CA. */
const char *ca_rule_steered_by(const struct ca_rule *r);

/* rows: "ca_rules" of store_load_catalog. GH_E_NOMEM; *out is empty then. */
int ca_rules_load(const gh_json *rows, struct ca_rules *out, struct gh_error *err) GH_MUSTCHECK;
void ca_rules_clear(struct ca_rules *r); /* accepts a zeroed one */

#endif
