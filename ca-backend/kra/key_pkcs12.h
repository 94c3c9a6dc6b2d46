/* A key that the KRA makes for a request for a certificate, and its PKCS#12. docs/kra.md */
#ifndef KEY_PKCS12_H
#define KEY_PKCS12_H

#include "formats/enroll_request.h"
#include "kra_means.h"
#include "store/key/archived_key.h"

struct key_for_request {
	const char *key_alg; /* of gh_key_is_name */
	const char *policy;  /* of recovery; NULL = kra_rules */
	bool is_archived;
	int keep; /* seconds for which the PKCS#12 can be made again */
	const unsigned char
	    *mark; /* of the request: REPLAY_MARK_SIZE bytes that nobody can choose */
	/* of the PKCS#10, DER: Name, and Extensions (empty = none) */
	struct gh_der subject, extensions;
};
/* What is to be recorded with the request, and the PKCS#10 for it. Not to be copied: record points
 * to key. */
struct key_made {
	struct store_archived_key key;
	struct store_new_key record; /* type "generation"; the key's stored forms */
	struct signer_blob csr, kept;
};
/* Nothing is stored yet. The errors of key_generate (key_generate.h); GH_E_CA_LOCKED while the
 * storage key is locked, since the PKCS#12 needs it. *out to be cleared, also after a failure. */
int key_make_for_request(struct kra_means *m, const struct requester *who,
    const struct key_for_request *f, struct key_made *out, struct gh_error *err) GH_MUSTCHECK;
void key_made_clear(struct key_made *made);

struct key_pkcs12_ask {
	const unsigned char *mark; /* of the request */
	const char *password;      /* UTF-8; goes to the KRA as it is */
	bool is_legacy;            /* 3DES and SHA-1 */
	bool has_chain;            /* the issuers, too */
	const char *name;          /* friendlyName, UTF-8; NULL: none */
	const struct cert_chain *chain;
};
/* Of a key that is kept, as store_get_kept_key found it. *out malloc'd, to be
 * wiped. GH_E_CONFLICT (public): it is kept no more; GH_E_SEAL: it is another request's; and what
 * kra_keys_recover returns. */
int key_pkcs12(struct kra_means *m, const struct store_archived_key *kept,
    const struct key_pkcs12_ask *a, struct signer_blob *out, struct gh_error *err) GH_MUSTCHECK;

#endif
