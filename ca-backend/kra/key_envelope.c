/* A key for its owner alone. See key_envelope.h. */
#include <stdlib.h>

#include "key_describe.h"
#include "key_envelope.h"
#include "kra_keys.h"

int
key_envelope(struct kra_means *m, const struct store_archived_key *kept,
    const struct key_envelope_ask *a, struct signer_blob *out, struct gh_error *err)
{
	struct kra_recover q = {.stored = {kept->stored.p, kept->stored.len},
	    .release = {.form = KRA_KEY_PACKAGE, .package = a->package}};
	struct signer_blob iv;
	int rc = key_describe_check_call(a->mark, REPLAY_MARK_SIZE, kept, err);

	*out = (struct signer_blob){NULL, 0};
	if (rc != 0 || (rc = store_archived_key_facts(kept, &q.facts, err)) != 0)
		return rc;
	q.release.cert = (struct gh_der){a->chain->cert[0].der, a->chain->cert[0].len};
	rc = kra_keys_recover(m, &q, &iv, out, err);
	free(iv.p);
	return rc;
}
