/*
 * PKIData as a client writes it (RFC 5272, 3.2.1): controls and requests one by one, then the proof
 * of identity over the requests, then the whole.
 */
#ifndef CMC_PKI_DRAFT_H
#define CMC_PKI_DRAFT_H

#include <stdint.h>

#include "buf.h"
#include "der.h"
#include "error.h"

#include "cmc_control.h"

struct pki_draft {
	struct gh_buf controls, requests;
	uint32_t last_id; /* bodyPartIDs are 1, 2, ... up to 127 */
};

void pki_draft_init(struct pki_draft *d);
void pki_draft_free(struct pki_draft *d);
/* One control with one value: an element of this tag with this content. Returns its bodyPartID.
 * What fails is told by pki_draft_put. */
uint32_t pki_draft_add_value(struct pki_draft *d, enum cmc_kind kind, unsigned tag, const void *p,
    size_t len);
/* A PKCS#10, DER. */
uint32_t pki_draft_add_pkcs10(struct pki_draft *d, const struct gh_der *csr);
/* identification and identityProofV2 with SHA-256 over the requests as they are now (6.2.1).
 * GH_E_NOMEM. */
int pki_draft_prove(struct pki_draft *d, const char *identification, const char *secret,
    struct gh_error *err) GH_MUSTCHECK;
/* Append the DER. GH_E_NOMEM. */
int pki_draft_put(const struct pki_draft *d, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

#endif
