/*
 * PKIData (RFC 5272, 3.2.1): the content of a Full PKI Request. A strict parser without policy over
 * DER; all that it gives points into what it was given.
 */
#ifndef CMC_PKI_DATA_H
#define CMC_PKI_DATA_H

#include <stdint.h>

#include "formats/pkcs10.h"

#include "cmc_control.h"

#define PKI_DATA_CONTROLS_MAX 64
#define PKI_DATA_REQUESTS_MAX 16
#define PKI_DATA_OTHERS_MAX 32 /* of cmsSequence and otherMsgSequence together */

/* TaggedAttribute (3.2.1.1). */
struct pki_control {
	uint32_t id;         /* bodyPartID */
	enum cmc_kind kind;  /* CMC_UNKNOWN: of another arc, or not of the table */
	struct gh_der value; /* the one value, whole element; empty: none, or several */
};

enum pki_request_form { PKI_REQUEST_PKCS10, PKI_REQUEST_CRMF, PKI_REQUEST_OTHER };

/* TaggedRequest (3.2.1.2). */
struct pki_request {
	uint32_t id;
	enum pki_request_form form;
	/* CertificationRequest, or CertReqMsg: whole, with the tag of a SEQUENCE to be put in front
	 * of content */
	struct gh_der content;
	bool has_reg_info; /* of a CRMF */
};

/* TaggedContentInfo (3.2.1.3), or OtherMsg (3.2.1.4). */
struct pki_message {
	uint32_t id;
	struct gh_der content; /* what follows the id: not looked at */
};

struct pki_data {
	struct pki_control control[PKI_DATA_CONTROLS_MAX];
	size_t controls;
	struct pki_request request[PKI_DATA_REQUESTS_MAX];
	size_t requests;
	/* As it came, with tag and length: what proofs of identity are over (6.2). */
	struct gh_der req_sequence;
	/* TaggedContentInfo of cmsSequence, then entries of otherMsgSequence. What nothing refers
	 * to is passed over. */
	struct pki_message other[PKI_DATA_OTHERS_MAX];
	size_t messages; /* of them in cmsSequence: the first ones */
	size_t others;
};

/*
 * GH_E_BAD_REQUEST (public): not PKIData in DER with its four sequences, something behind it, more
 * parts than the limits above, a bodyPartID that is 0 (3.2.2) or there twice.
 */
int pki_data_parse(const struct gh_der *der, struct pki_data *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Of cmsSequence; borrowed; NULL: there is none. */
const struct pki_message *pki_data_find_message(const struct pki_data *d, uint32_t id);

/* The request as one value: ca_pkcs10_parse and ca_crmf_parse. *csr is owned by the caller.
 * GH_E_CSR, GH_E_CSR_SIGNATURE: as they have it; of a CRMF also regInfo (RFC 5272, 3.2.1.2.2) and
 * the controls regToken and authenticator. GH_E_NOT_IMPLEMENTED: of a form that nobody knows. */
int pki_request_read(const struct pki_request *r, struct ca_pkcs10 **csr,
    struct gh_error *err) GH_MUSTCHECK;

#endif
