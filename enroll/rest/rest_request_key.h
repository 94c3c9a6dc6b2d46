/*
 * The private key of a request for a certificate: member "archival" of its body, or the control
 * pkiArchiveOptions of its CRMF. It is archived between the decision and the signature.
 */
#ifndef ENROLL_REST_REQUEST_KEY_H
#define ENROLL_REST_REQUEST_KEY_H

#include "kra/key_archive.h"

#include "decide.h"
#include "rest_wrapped.h"

/* Starts zeroed. */
struct rest_request_key {
	bool is_there; /* the request brings its key */
	gh_json *body; /* kept: ask points into its texts */
	struct key_archive_ask ask;
	struct rest_wrapped wrapped;
	struct rest_octets octets;
	struct ca_pkcs10 *message; /* the CRMF as it came; ask.options points into it */
	struct store_archived_key key;
	struct store_new_key row;
};
void rest_request_key_clear(struct rest_request_key *k);

/*
 * {"session_key","secret"} or {"pki_archive_options"}, both with "transport_key"; nothing when it
 * is absent. Wrong members go into f, under "archival.". body is kept.
 */
void rest_request_key_read(gh_json *body, struct rest_fields *f, struct rest_request_key *k);
/*
 * Take the key out of a CRMF: *csr becomes the message without it, which is what is recorded. So
 * its proof of possession is looked at here. Nothing when there is none. GH_E_CSR: one is in
 * "archival", too, or it is too long; all that ca_pkcs10_check refuses.
 */
int rest_request_key_take(struct ca_pkcs10 **csr, struct rest_request_key *k,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * The KRA opens the key, sees that it belongs to the public key of the request, and seals it under
 * the template's policy of recovery; e->key is what is recorded with the request then. Nothing when
 * the request brings none. e was decided. Errors are those of key_archive_seal, in the words of a
 * KRA; then nothing was signed, and nothing is kept.
 */
int rest_request_key_archive(struct worker_env *env, struct rest_request_key *k,
    struct enrollment *e, struct gh_error *err) GH_MUSTCHECK;

#endif
