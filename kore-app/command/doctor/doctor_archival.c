/* `gatehouse doctor`: templates that archive private keys, and what they need for it. */
#include "store/key/kra_key.h"

#include "doctor.h"

/* Who must agree to a recovery: nothing is archived under a policy that is not there. */
static void
check_policy(struct doctor *d, const struct tmpl *t)
{
	const char *name = tmpl_recovery_policy(t);
	struct store_kra_policy policy;
	struct gh_error err = {0};
	int rc = 0;

	if (name != NULL) {
		if (d->env.store == NULL)
			return; /* told as such */
		rc = store_get_kra_policy(d->env.store, name, &policy, &err);
		store_kra_policy_clear(&policy);
	}
	if (rc == GH_E_NOT_FOUND)
		finding_wrong(&d->findings, FINDING_ERROR, "archival",
		    "set it with `gatehouse kra policy`, or import the template with another one",
		    "template %s archives keys under the policy of recovery %s, which is not there",
		    tmpl_name(t), name);
	else if (rc == 0)
		finding_ok(&d->findings, "archival", "template %s archives keys under %s",
		    tmpl_name(t), name != NULL ? name : "no policy of its own");
}

void
doctor_archival(struct doctor *d)
{
	for (size_t i = 0; d->gateway.catalog != NULL && i < d->gateway.catalog->tmpls; i++) {
		const struct tmpl *t = d->gateway.catalog->tmpl[i].tmpl;

		if (tmpl_archival(t) == TMPL_ARCHIVAL_NONE)
			continue;
		if (*d->env.conf->kra.socket == '\0')
			finding_wrong(&d->findings, FINDING_ERROR, "archival",
			    "set kra.socket, or import the template without archival",
			    "template %s archives keys, and there is no key recovery authority",
			    tmpl_name(t));
		else
			check_policy(d, t);
	}
}
