/* From bytes to parts: envelope, PKIData, controls and requests, before anything is believed. */
#include <string.h>

#include "cmc_envelope.h"
#include "cmc_ra.h"
#include "cmc_run.h"

/* id-cct-PKIData, 1.3.6.1.5.5.7.12.2 */
#define PKI_DATA GH_OID_PKIX, 12, 2

/* Which controls a client may send, and how many of a kind. What is missing is unknown here, and
 * makes the whole fail (3.2.1.1): it may change what the request means. */
enum times { NEVER, ONCE, SEVERAL };
static const enum times allowed[CMC_KINDS] = {
    [CMC_IDENTIFICATION] = ONCE,
    [CMC_IDENTITY_PROOF_V2] = ONCE,
    [CMC_DATA_RETURN] = ONCE,
    [CMC_TRANSACTION_ID] = ONCE,
    [CMC_SENDER_NONCE] = ONCE,
    [CMC_RECIPIENT_NONCE] = ONCE,
    [CMC_DECRYPTED_POP] = SEVERAL,
    [CMC_GET_CERT] = SEVERAL,
    [CMC_GET_CRL] = SEVERAL,
    [CMC_REVOKE_REQUEST] = SEVERAL,
    [CMC_CONFIRM_CERT_ACCEPTANCE] = SEVERAL,
    [CMC_REG_INFO] = ONCE,
    [CMC_QUERY_PENDING] = ONCE,
    [CMC_POP_LINK_RANDOM] = ONCE,
    [CMC_BATCH_REQUESTS] = ONCE,
    [CMC_ADD_EXTENSIONS] = SEVERAL,
    [CMC_MOD_CERT_TEMPLATE] = SEVERAL,
    [CMC_LRA_POP_WITNESS] = SEVERAL,
    [CMC_CONTROL_PROCESSED] = SEVERAL,
    [CMC_RA_IDENTITY_WITNESS] = SEVERAL,
};

/* Certificates and CRLs, which anybody gets, are asked for outside. */
static bool
is_too_deep(const struct cmc_run *r, enum cmc_kind kind)
{
	switch (kind) {
	case CMC_BATCH_REQUESTS:
		return r->layer >= CMC_LAYERS_MAX;
	case CMC_GET_CERT:
	case CMC_GET_CRL:
		return r->layer > 0;
	default:
		return false;
	}
}

static enum times
times_of(const struct cmc_run *r, const struct pki_control *c)
{
	return c->kind == CMC_IDENTITY_PROOF && (r->ctx->is_legacy || cmc_ra_has_proven(r, c))
	    ? ONCE
	    : allowed[c->kind];
}

static int
take_control(struct cmc_run *r, const struct pki_control *c)
{
	const enum times times = times_of(r, c);
	struct gh_error err;

	if (times == NEVER && cmc_ra_has_processed(r, c))
		return 0;
	if (times == NEVER)
		gh_refuse(&err, GH_E_BAD_REQUEST, "There is no control of this type.");
	else if (is_too_deep(r, c->kind))
		gh_refuse(&err, GH_E_BAD_REQUEST,
		    "The control is not for a message that is so deep inside of others.");
	else if (c->value.len == 0)
		gh_refuse(&err, GH_E_BAD_REQUEST, "The control must have one value.");
	else if (times == ONCE && r->control[c->kind] != NULL)
		gh_refuse(&err, GH_E_BAD_REQUEST, "The control is there twice.");
	else {
		if (r->control[c->kind] == NULL)
			r->control[c->kind] = c;
		return 0;
	}
	if (c->kind == CMC_AUTH_DATA) /* 6.16: nothing here takes data in that way */
		return cmc_refuse_as(r, c->id, CMC_AUTH_DATA_FAIL, &err);
	return cmc_refuse(r, c->id, &err);
}

/* All that are wrong are named. */
static int
take_controls(struct cmc_run *r)
{
	int rc = 0, one;

	for (size_t i = 0; i < r->data.controls; i++)
		if ((one = take_control(r, &r->data.control[i])) != 0 && rc == 0)
			rc = one;
	return rc;
}

static int
read_request(struct cmc_run *r, size_t i)
{
	const struct pki_request *from = &r->data.request[i];
	struct cmc_status *s;
	struct gh_error err;
	int rc = pki_request_read(from, &r->csr[i], &err);

	if (rc == GH_E_NOT_IMPLEMENTED &&
	    (s = cmc_status_new(r, CMC_NO_SUPPORT, from->id)) != NULL) {
		snprintf(s->text, sizeof(s->text), "%s", err.message);
		r->needs_full = true;
		r->rc = rc;
		r->err = err;
		return rc;
	}
	return rc == 0 ? 0 : cmc_refuse(r, from->id, &err);
}

/* None of them is served where one cannot be read (3.2.1). */
static int
read_requests(struct cmc_run *r)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->data.requests; i++)
		rc = read_request(r, i);
	return rc;
}

/* --- the envelope ----------------------------------------------------------------------------- */

bool
cmc_is_authenticated(const struct cmc_run *r)
{
	return r->authenticated.content.len > 0;
}

static int
read_parts(struct cmc_run *r)
{
	int rc = take_controls(r);

	return rc == 0 ? read_requests(r) : rc;
}

void
cmc_read(struct cmc_run *r, const unsigned char *ber, size_t len)
{
	struct gh_der type;
	struct gh_error err;
	int rc = cmc_envelope_open(r, ber, len, &type, &err);

	if (rc == 0 && !GH_OID_IS(&type, PKI_DATA))
		rc = gh_refuse(&err, GH_E_BAD_REQUEST,
		    "The content of the message is not PKIData (RFC 5272, 3.2.1).");
	if (rc == 0)
		rc = pki_data_parse(&r->content, &r->data, &err);
	r->rc = rc != 0 ? cmc_refuse(r, 0, &err) : read_parts(r);
}
