/*
 * The delegated OCSP signers (RFC 6960, 4.2.2.2) of all CAs: found in the database, made when there
 * is none, remembered for a while. Private to the responder.
 */
#ifndef OCSP_OCSP_SIGNER_H
#define OCSP_OCSP_SIGNER_H

#include "issuing/ca.h"
#include "conf.h"
#include "error.h"
#include "requester.h"
#include "signer/client/signer_client.h"
#include "store/store.h"

#define OCSP_SIGNER_MARGIN 60 /* seconds that a signer must still be valid to be used */

/* Immutable; shared by reference count. */
struct ocsp_signer;
struct ocsp_signer *ocsp_signer_ref(struct ocsp_signer *o);
void ocsp_signer_unref(struct ocsp_signer *o);                    /* accepts NULL */
const unsigned char *ocsp_signer_id(const struct ocsp_signer *o); /* SIGNER_CA_ID_SIZE bytes */
int64_t ocsp_signer_not_after(const struct ocsp_signer *o);
/* Give its key to the signer process, which does not know it yet or was restarted. */
int ocsp_signer_load(const struct ocsp_signer *o, struct signer_client *signer,
    struct gh_error *err) GH_MUSTCHECK;

/* What a signer is made with; all borrowed. */
struct ocsp_issuing {
	const struct gh_conf *conf;
	struct store *store;
	struct signer_client *signer;
	const struct ca *ca;
};

struct ocsp_signers;
int ocsp_signers_new(struct ocsp_signers **out, struct gh_error *err) GH_MUSTCHECK;
void ocsp_signers_free(struct ocsp_signers *s);
/* One reference. GH_E_CA_UNAVAILABLE, GH_E_CA_LOCKED, GH_E_DB_DOWN, GH_E_SIGNER_DOWN: there is none
 * now. After a failure the next try for this CA comes some seconds later. */
int ocsp_signers_get(struct ocsp_signers *s, const struct ocsp_issuing *i, struct ocsp_signer **out,
    struct gh_error *err) GH_MUSTCHECK;
/* A certificate of this serial was revoked: is it one of ours? Then it is forgotten. */
bool ocsp_signers_forget(struct ocsp_signers *s, int64_t ca_id, const unsigned char *serial,
    size_t len);
/* All are to be looked up again. */
void ocsp_signers_recheck(struct ocsp_signers *s);

/* Make and record a signer of the CA unless there is one that is valid after `until`. who: of the
 * audit row. Used by the job, too. */
struct store_ocsp_signer;
int ocsp_signer_issue(const struct ocsp_issuing *i, const struct requester *who, int64_t until,
    struct store_ocsp_signer *out, bool *is_new, struct gh_error *err) GH_MUSTCHECK;

#endif
