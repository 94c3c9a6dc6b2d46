/* In which form a recovered key leaves, as members of a body; and what left. docs/pki-rest.md */
#ifndef ENROLL_REST_RELEASE_H
#define ENROLL_REST_RELEASE_H

#include "kra/key_recovery.h"

#include "rest_wrapped.h"

/* Names of the members, for rest_only. */
#define REST_RELEASE_MEMBERS \
	"transport_key", "session_key", "format", "algorithm", "password", "friendly_name"

struct rest_release {
	struct kra_release release; /* certificate and chain are not the caller's to say */
	struct rest_wrapped wrapped;
};

/* Is anything said about it? */
bool rest_release_is_there(const gh_json *body);
/* {"format":"wrapped", "session_key", "algorithm"}, or {"format":"pkcs12" or "pkcs12-legacy",
 * "session_key", "password"}. Texts are borrowed from body. */
void rest_release_read(struct rest_fields *f, const gh_json *body, struct rest_release *out);
void rest_release_clear(struct rest_release *r);

/* What left: {"key_id","format","iv","value","is_repeated"}. NULL: no memory. */
gh_json *rest_release_json(const struct key_retrieved *k);

#endif
