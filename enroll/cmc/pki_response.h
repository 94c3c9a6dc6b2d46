/* PKIResponse (RFC 5272, 4.2.1): the content of a Full PKI Response. */
#ifndef CMC_PKI_RESPONSE_H
#define CMC_PKI_RESPONSE_H

#include "cmc_control.h"
#include "cmc_status.h"

struct pki_response {
	struct gh_buf controls; /* of controlSequence */
	struct gh_buf messages; /* of cmsSequence */
	uint32_t last_id;       /* bodyPartIDs are 1, 2, ... */
};

void pki_response_init(struct pki_response *r);
void pki_response_free(struct pki_response *r);
/* One control with one value, an element in DER. */
void pki_response_add(struct pki_response *r, enum cmc_kind kind, const struct gh_der *value);
/* The same, the value an OCTET STRING with this content. */
void pki_response_add_octets(struct pki_response *r, enum cmc_kind kind, const void *p, size_t len);
/* A message in cmsSequence: whole ContentInfo. Returns its bodyPartID. */
uint32_t pki_response_add_message(struct pki_response *r, const struct gh_der *message);
/* kind: statusInfoV2, or statusInfo: what is sent has one form in both, since bodies are only
 * numbers and otherInfo is failInfo or pendInfo (6.1.1, 6.1.2). */
int pki_response_add_status(struct pki_response *r, enum cmc_kind kind, const struct cmc_status *s,
    struct gh_error *err) GH_MUSTCHECK;
/* The whole in DER. GH_E_NOMEM. */
int pki_response_put(const struct pki_response *r, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
