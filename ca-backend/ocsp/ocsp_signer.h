/* A delegated OCSP signer (RFC 6960, 4.2.2.2): its row as a value, and making one. */
#ifndef OCSP_OCSP_SIGNER_H
#define OCSP_OCSP_SIGNER_H

#include "issuing/ca.h"
#include "conf.h"
#include "error.h"
#include "requester.h"
#include "signer/client/signer_client.h"
#include "store/store.h"

/* Immutable; shared by reference count. */
struct ocsp_signer;
struct ocsp_signer *ocsp_signer_ref(struct ocsp_signer *o);
void ocsp_signer_unref(struct ocsp_signer *o);                    /* accepts NULL */
const unsigned char *ocsp_signer_id(const struct ocsp_signer *o); /* SIGNER_CA_ID_SIZE bytes */
int64_t ocsp_signer_not_after(const struct ocsp_signer *o);
/* serial: magnitude as in ocsp_cert_id. */
bool ocsp_signer_has_serial(const struct ocsp_signer *o, const unsigned char *serial, size_t len);
/* Takes over the sealed record of the row; one reference. GH_E_DB: the row is damaged. */
struct store_signer;
int ocsp_signer_of_row(struct store_signer *row, struct ocsp_signer **out,
    struct gh_error *err) GH_MUSTCHECK;
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

/* Make and record a signer of the CA unless there is one that is valid after `until`. who: of the
 * audit row. Used by the job, too. */
int ocsp_signer_issue(const struct ocsp_issuing *i, const struct requester *who, int64_t until,
    struct store_signer *out, bool *is_new, struct gh_error *err) GH_MUSTCHECK;

#endif
