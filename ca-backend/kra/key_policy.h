/* Policies of recovery: who must agree. docs/kra.md */
#ifndef KEY_POLICY_H
#define KEY_POLICY_H

#include "kra_means.h"

/*
 * Have a policy sealed and store it, new or as the next revision of the one of its name. spec:
 * {"name","required","requester_counts","signed","agents":[{"id","name","certificate"}]}; id is
 * that of the directory entry (objectGUID, entryUUID) or the name of a local user, certificate the
 * base64 of its DER, where approvals are signed. kra: with the right to seal (inherited socket).
 * GH_E_VALIDATION (public): something is missing or unknown; GH_E_CONFLICT (public): another one
 * was faster.
 */
int key_policy_set(struct store *s, struct signer_client *kra, const struct requester *who,
    const gh_json *spec, uint64_t *revision, struct gh_error *err) GH_MUSTCHECK;

#endif
