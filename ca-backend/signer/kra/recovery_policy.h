/*
 * Who must agree to a recovery: policies as they are sealed for the KRA, so that neither a worker
 * nor the database makes a weaker one. A secret names its policy (stored_key.h).
 */
#ifndef SIGNER_KRA_RECOVERY_POLICY_H
#define SIGNER_KRA_RECOVERY_POLICY_H

#include "signer/keys/sealed.h"
#include "signer/protocol/protocol_kra.h"

/* The newest revision of each policy that was seen since the start: older ones are refused. Any
 * thread. */
struct policy_table;
struct policy_table *policy_table_new(void);    /* NULL: no memory */
void policy_table_free(struct policy_table *t); /* accepts NULL */

/* Append the sealed policy. GH_E_VALIDATION (public): what policy_rules.h refuses. */
int policy_seal(const struct sealing_key *key, const struct kra_policy *p, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Append what was sealed, as kra_get_policy reads it. GH_E_SIGNER: another policy than the one of
 * this name, an older one, damaged. */
int policy_show(const struct sealing_key *key, struct policy_table *t,
    const struct kra_show_policy *f, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

/* Is there such a policy? GH_E_VALIDATION (public): none is named; GH_E_SIGNER as above. */
int policy_require(const struct sealing_key *key, struct policy_table *t,
    const struct kra_show_policy *f, struct gh_error *err) GH_MUSTCHECK;

/* Whose is the one approval of f? Appends the id of the agent. GH_E_VALIDATION (public): nobody's
 * of the policy over this recovery, or approvals of this policy are not signed; GH_E_SIGNER. */
int policy_check_approval(const struct sealing_key *key, struct policy_table *t,
    const struct kra_recover *f, struct gh_buf *agent, struct gh_error *err) GH_MUSTCHECK;

/* May this recovery be made now? GH_E_CONFLICT (public): too few approvals, or the request has
 * expired; GH_E_SIGNER: another policy than the secret names, an older one, damaged. */
int policy_check(const struct sealing_key *key, struct policy_table *t, const struct kra_recover *f,
    struct gh_error *err) GH_MUSTCHECK;

#endif
