/*
 * What a client is told of what cannot be opened: one text for keys and one for secrets, whatever
 * is the matter, so that nobody learns from a text how far an altered ciphertext came.
 */
#ifndef SIGNER_REFUSAL_H
#define SIGNER_REFUSAL_H

#include "error.h"

/* Both: GH_E_VALIDATION. */
static inline int
refuse_wrapped_key(struct gh_error *err)
{
	return gh_refuse(err, GH_E_VALIDATION,
	    "The wrapped key cannot be opened with the key that it names.");
}

static inline int
refuse_wrapped_secret(struct gh_error *err)
{
	return gh_refuse(err, GH_E_VALIDATION,
	    "The wrapped secret cannot be opened with its session key.");
}

#endif
