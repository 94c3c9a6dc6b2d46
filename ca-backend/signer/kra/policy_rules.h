/* What a policy of recovery must be before it is sealed: its agents are so many people, who can be
 * told from each other by what they sign. */
#ifndef SIGNER_KRA_POLICY_RULES_H
#define SIGNER_KRA_POLICY_RULES_H

#include "signer/protocol/protocol_kra.h"

/* now: UTC seconds. GH_E_VALIDATION (public): no name; more approvals than agents; an agent without
 * an id, or twice; where approvals are signed: a certificate that cannot be read or has ended, and
 * two with one public key, one issuer and serial number, or one subject key identifier. */
int policy_rules_check(const struct kra_policy *p, int64_t now, struct gh_error *err) GH_MUSTCHECK;

/* Ids and names of people, whose case (ASCII) says nothing. */
bool policy_is_same_id(const struct gh_der *a, const struct gh_der *b);

#endif
