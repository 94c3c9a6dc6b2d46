/* The KRA's own keys: which are used, and that the KRA has them. */
#ifndef KRA_KEYS_H
#define KRA_KEYS_H

#include "kra_means.h"
#include "store/key/kra_key.h"

/*
 * The key of this kind that is used now. For a transport key the KRA is asked, too, and its
 * certificate compared: nobody who can write the database makes clients wrap for another key. *out
 * for store_kra_key_clear. GH_E_CA_UNAVAILABLE (public): no KRA is set up; GH_E_SEAL: the row was
 * changed.
 */
int kra_keys_current(struct kra_means *m, enum store_kra_kind kind, struct store_kra_key *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Id of the storage key that new secrets are stored under. The same errors. */
int kra_keys_storage_id(struct kra_means *m, unsigned char out[KRA_KEY_ID_SIZE],
    struct gh_error *err) GH_MUSTCHECK;
/* Is a row a key of the KRA, and its certificate of this key? GH_E_SEAL: no; GH_E_CA_UNAVAILABLE,
 * GH_E_SIGNER, GH_E_SIGNER_DOWN: the KRA does not take it, or is away. */
int kra_keys_check_row(struct kra_means *m, const struct store_kra_key *k,
    struct gh_error *err) GH_MUSTCHECK;
/* May a client have wrapped for it? All zero is replaced by the id of the one that is used now.
 * GH_E_VALIDATION (public): it is none of ours, or its certificate has ended. */
int kra_keys_check_transport(struct kra_means *m, unsigned char id[KRA_KEY_ID_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

/* Questions of signer_client_kra.h. A KRA that was restarted says GH_E_NOT_FOUND: then it is given
 * its keys, and asked once more. */
int kra_keys_archive(struct kra_means *m, const struct kra_archive *f, struct signer_blob *stored,
    struct gh_error *err) GH_MUSTCHECK;
/* What the KRA says of a policy of recovery: who can write the database makes none weaker. *out
 * points into *text, malloc'd. GH_E_SEAL (public): not as it was sealed, or not the newest. */
int kra_keys_show_policy(struct kra_means *m, const char *name, const struct store_kra_policy *row,
    struct kra_policy *out, struct signer_blob *text, struct gh_error *err) GH_MUSTCHECK;
/* Whose the one approval of f is, as the KRA says. *agent: malloc'd. GH_E_VALIDATION (public):
 * nobody's who may approve. */
int kra_keys_check_approval(struct kra_means *m, const struct kra_recover *f,
    struct signer_blob *agent, struct gh_error *err) GH_MUSTCHECK;
int kra_keys_recover(struct kra_means *m, const struct kra_recover *f, struct signer_blob *iv,
    struct signer_blob *out, struct gh_error *err) GH_MUSTCHECK;
/* GH_E_BUSY is public here. */
int kra_keys_generate(struct kra_means *m, const struct kra_generate *f,
    struct kra_client_made *out, struct gh_error *err) GH_MUSTCHECK;

#endif
