/*
 * The policy of a CA: a change of it, the readable copy in the database (JSON,
 * docs/certificate-authorities.md), and the limits that the signer enforces.
 */
#ifndef AUTHORITY_POLICY_H
#define AUTHORITY_POLICY_H

#include <stdbool.h>

#include "error.h"
#include "json.h"
#include "signer/client/signer_client.h"

#include "authority_words.h"

#define CA_POLICY_KEEP (-1)

/* What is to be otherwise. Lists are NULL-ended; NULL: as before, without elements: any. */
struct ca_policy_change {
	int max_validity; /* days, 0: what it issues lives up to the CA's own end; CA_POLICY_KEEP */
	int approval;     /* 1: an officer must approve each request; 0, CA_POLICY_KEEP */
	const char *const *keys;       /* "RSA", "RSA:3072" (least bits), "EC", "Ed25519" */
	const char *const *ekus;       /* OIDs, or names that OpenSSL knows */
	const char *const *extensions; /* likewise */
	/* DN, SID or name; their members may use the CA, by any door; any: anybody */
	const char *const *groups;
};
#define CA_POLICY_CHANGE_NONE \
	{ \
		.max_validity = CA_POLICY_KEEP, .approval = CA_POLICY_KEEP \
	}

/* Does it change anything? */
bool ca_policy_is_changed(const struct ca_policy_change *c);
/* Put what is changed into the object. GH_E_CONF names the setting that is wrong. */
int ca_policy_apply(const struct ca_policy_change *c, gh_json *policy,
    const struct authority_words *words, struct gh_error *err) GH_MUSTCHECK;
/* path_len: pathLenConstraint of the CA's certificate, 0 = it signs no CAs, -1 = none. GH_E_CONF:
 * the object is not what ca_policy_apply makes. */
int ca_policy_limits(const gh_json *policy, long path_len, struct signer_limits *out,
    struct gh_error *err) GH_MUSTCHECK;

/* A copy for people and the audit trail: "approval_password" is true in place of its hash. NULL:
 * out of memory. */
gh_json *ca_policy_shown(const gh_json *policy);

#endif
