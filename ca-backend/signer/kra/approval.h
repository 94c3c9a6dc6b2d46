/*
 * Approvals of a recovery that the KRA can verify itself: each is a CMS signature (RFC 5652, 5) by
 * the certificate of an agent over one text, which says what is recovered, for whom, and what it is
 * wrapped in. So neither a worker nor the database can make one, nor turn it to another recovery.
 */
#ifndef SIGNER_KRA_APPROVAL_H
#define SIGNER_KRA_APPROVAL_H

#include "signer/wrap/approval_text.h"

/* Who may approve: certificates, DER. */
struct approval_agents {
	struct gh_der cert[KRA_AGENTS_MAX];
	size_t n;
};

/*
 * Verify one approval: a SignedData with one signer, SHA-256 or stronger, whose certificate is one
 * of the agents' and valid at now (UTC seconds), over the text of s, which it may hold or not.
 * *agent: which one. GH_E_VALIDATION (public): no agent's signature over this recovery, or the
 * certificate has ended; GH_E_VALIDATION: no SignedData.
 */
int approval_verify(const struct gh_der *cms, const struct approval_subject *s,
    const struct approval_agents *agents, int64_t now, size_t *agent,
    struct gh_error *err) GH_MUSTCHECK;

#endif
