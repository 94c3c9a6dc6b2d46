/* `gatehouse doctor`: rules that choose a CA. */
#include <stdio.h>

#include "doctor.h"

/* A CA that some people may use is safe whatever a rule goes by. */
static void
check_rule(struct doctor *d, const struct ca_rule *r)
{
	const struct ca *ca = ca_set_find(&d->gateway.catalog->cas, r->ca_name);
	const char *by = ca_rule_steered_by(r);
	char todo[256];

	if (by == NULL || ca == NULL || ca->groups != NULL)
		return;
	snprintf(todo, sizeof(todo),
	    "if CA %.60s is not for everybody: `gatehouse ca set %.60s --allow-group GROUP`, or a "
	    "--group in the rule",
	    ca->name, ca->name);
	finding_wrong(&d->findings, FINDING_WARNING, "ca-rule", todo,
	    "rule %s goes by the %s, which callers choose themselves, and keeps nobody from CA %s",
	    r->name, by, ca->name);
}

void
doctor_rules(struct doctor *d)
{
	const struct ca_rules *rules =
	    d->gateway.catalog != NULL ? &d->gateway.catalog->rules : NULL;

	for (size_t i = 0; rules != NULL && i < rules->n; i++)
		check_rule(d, &rules->rule[i]);
	if (rules != NULL && rules->unreadable != NULL)
		finding_wrong(&d->findings, FINDING_ERROR, "ca-rule",
		    "`gatehouse ca rule delete`, or finish the upgrade of this node",
		    "rule %s cannot be read by this version: no rule chooses a CA",
		    rules->unreadable);
}
