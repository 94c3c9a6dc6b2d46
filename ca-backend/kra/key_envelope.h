/* A key that the KRA made for a request, signed and encrypted for a key that its owner has: the
 * private key is in the clear in the KRA alone. docs/kra.md */
#ifndef KEY_ENVELOPE_H
#define KEY_ENVELOPE_H

#include "formats/enroll_request.h"
#include "kra_means.h"
#include "store/key/archived_key.h"

struct key_envelope_ask {
	const unsigned char *mark; /* of the request */
	const struct cert_chain *chain;
	struct kra_key_package package; /* secrets in it go to the KRA as they are */
};
/* Of a key that is kept, as store_get_kept_key found it. *out: ContentInfo{EnvelopedData}
 * (signer/kra/key_package.h), malloc'd. GH_E_CONFLICT (public): it is kept no more; GH_E_SEAL: it
 * is another request's; and what kra_keys_recover returns. */
int key_envelope(struct kra_means *m, const struct store_archived_key *kept,
    const struct key_envelope_ask *a, struct signer_blob *out, struct gh_error *err) GH_MUSTCHECK;

#endif
