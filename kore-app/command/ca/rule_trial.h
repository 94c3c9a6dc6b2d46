/* The parts of `gatehouse ca rule`. */
#ifndef COMMAND_RULE_TRIAL_H
#define COMMAND_RULE_TRIAL_H

#include "verb.h"

/* What the options say; NULL: not given. */
struct ca_rule_options {
	const char *ca, *tenant, *purpose, *email_domain, *network, *group, *template_name;
	int priority; /* CA_RULE_NO_PRIORITY: not given */
	/* of test */
	const char *app, *user, *email, *address;
};
#define CA_RULE_NO_PRIORITY (-1)

/* Who asks so is served by which CA, and why? Into c->out; c->exit where none is. */
int ca_rule_try(struct verb_call *c, const struct ca_rule_options *o, struct gh_error *err);
int ca_rule_show_trial(const gh_json *trial);

#endif
