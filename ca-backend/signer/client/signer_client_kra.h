/* The client's questions to a KRA. Outputs are malloc'd, NULL after a failure. kra.h of the signer
 * says what each refuses; GH_E_SIGNER_DOWN as for all of them. */
#ifndef SIGNER_CLIENT_KRA_H
#define SIGNER_CLIENT_KRA_H

#include "signer/protocol/protocol_kra.h"

#include "signer_client.h"

/* As signer_client_new; its calls are measured as those of the KRA. */
int kra_client_new(const char *socket_path, int timeout_ms, struct signer_client **out,
    struct gh_error *err) GH_MUSTCHECK;

/* Loading, passwords, locking of storage and transport keys: as of a CA's key (signer_client.h). */
int kra_client_create_key(struct signer_client *c, const struct kra_create_key *f,
    struct signer_blob *spki, struct signer_blob *sealed, struct gh_error *err) GH_MUSTCHECK;
int kra_client_archive(struct signer_client *c, const struct kra_archive *f,
    struct signer_blob *stored, struct gh_error *err) GH_MUSTCHECK;
/* iv: NULL where the form has none. */
int kra_client_recover(struct signer_client *c, const struct kra_recover *f, struct signer_blob *iv,
    struct signer_blob *out, struct gh_error *err) GH_MUSTCHECK;
int kra_client_rewrap(struct signer_client *c, const struct kra_rewrap *f,
    struct signer_blob *stored, struct gh_error *err) GH_MUSTCHECK;
int kra_client_seal_policy(struct signer_client *c, const struct kra_policy *p,
    struct signer_blob *sealed, struct gh_error *err) GH_MUSTCHECK;
/* *out points into *text. GH_E_SIGNER: damaged, of another name, or not the newest. */
int kra_client_show_policy(struct signer_client *c, const struct kra_show_policy *f,
    struct kra_policy *out, struct signer_blob *text, struct gh_error *err) GH_MUSTCHECK;
/* *agent: id of whose signature it is. GH_E_VALIDATION (public): nobody's of the policy. */
int kra_client_check_approval(struct signer_client *c, const struct kra_recover *f,
    struct signer_blob *agent, struct gh_error *err) GH_MUSTCHECK;
/* Parts that were not asked for are NULL. */
struct kra_client_made {
	enum kra_kind kind;
	struct signer_blob spki, archived, kept, csr, iv, out;
};
int kra_client_generate(struct signer_client *c, const struct kra_generate *f,
    struct kra_client_made *out, struct gh_error *err) GH_MUSTCHECK;
void kra_client_made_free(struct kra_client_made *m);

#endif
