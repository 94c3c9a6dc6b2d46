/* Shared by the files of the responder. */
#ifndef OCSP_RESPONDER_PRIVATE_H
#define OCSP_RESPONDER_PRIVATE_H

#include "formats/ocsp_response.h"

#include "ocsp_signers.h"
#include "responder.h"

/* Bytes of the SingleResponses of one answer, and of its extensions. */
#define OCSP_CONTENT_MAX (64 * 1024)

struct ocsp_service {
	struct ocsp_cache *cache;
	struct ocsp_signers *signers;
	void (*prepare)(struct ocsp_answer *a);
};

/* A kept answer to a request about one certificate. late: also in the last part of its life. NULL:
 * there is none, or only its status. */
struct ocsp_answer *ocsp_get_ready(struct ocsp_service *s, const struct ocsp_request *req,
    bool late);
/* For the transport, before others see it. */
void ocsp_prepare_answer(const struct ocsp_service *s, struct ocsp_answer *a);
/* The delegated signer of a CA; errors as ocsp_signers_get. */
int ocsp_get_signer(const struct ocsp_means *m, const struct ca *ca, struct ocsp_signer **out,
    struct gh_error *err) GH_MUSTCHECK;
/* Do both hashes name this CA? */
bool ocsp_is_of_ca(const struct ocsp_cert_id *id, const struct ca *ca);
/* Also a disabled or superseded one. NULL: none of ours. */
const struct ca *ocsp_find_ca(const struct ocsp_means *m, const struct ocsp_cert_id *id);
/* UTC seconds; 0 = not said. */
int64_t ocsp_archive_cutoff(const struct gh_conf *conf, int64_t now);
/* No answer outlives the certificate that signed it. */
int64_t ocsp_next_update(const struct gh_conf *conf, const struct ocsp_signer *signer, int64_t now,
    bool all_known);

#endif
