/* PKIData of CMC. See pki_data.h. */
#include <stdlib.h>
#include <string.h>

#include "formats/crmf.h"

#include "pki_data.h"

static int
refuse(struct gh_error *err, const char *what)
{
	return gh_refuse(err, GH_E_BAD_REQUEST, "PKIData: %s (RFC 5272, 3.2.1).", what);
}

/* --- controls --------------------------------------------------------------------------------- */

static enum cmc_kind
kind_of(const struct gh_der *oid)
{
	static const unsigned char arc[] = {GH_OID_PKIX, 7};

	if (oid->len != sizeof(arc) + 1 || memcmp(oid->p, arc, sizeof(arc)) != 0 ||
	    oid->p[sizeof(arc)] >= CMC_KINDS)
		return CMC_UNKNOWN;
	return (enum cmc_kind)oid->p[sizeof(arc)];
}

/* TaggedAttribute ::= SEQUENCE { bodyPartID, attrType OID, attrValues SET OF } */
static bool
take_control(struct gh_der *in, struct pki_control *out)
{
	struct gh_der one, oid, values;

	if (!gh_der_take(in, GH_DER_SEQUENCE, &one) || !gh_der_take_u32(&one, &out->id) ||
	    !gh_der_take(&one, GH_DER_OID, &oid) || !gh_der_take(&one, GH_DER_SET, &values) ||
	    one.len != 0)
		return false;
	out->kind = kind_of(&oid);
	if (!gh_der_next(&values, NULL, &out->value, NULL) || values.len != 0)
		out->value = (struct gh_der){NULL, 0};
	return true;
}

static int
take_controls(struct gh_der *in, struct pki_data *out, struct gh_error *err)
{
	struct gh_der all;

	if (!gh_der_take(in, GH_DER_SEQUENCE, &all))
		return refuse(err, "controlSequence is missing");
	while (all.len > 0) {
		if (out->controls == PKI_DATA_CONTROLS_MAX)
			return refuse(err, "too many controls");
		if (!take_control(&all, &out->control[out->controls++]))
			return refuse(err, "a control is malformed");
	}
	return 0;
}

/* --- requests --------------------------------------------------------------------------------- */

/* [0] IMPLICIT TaggedCertificationRequest { bodyPartID, CertificationRequest } */
static bool
take_pkcs10(struct gh_der in, struct pki_request *out)
{
	out->form = PKI_REQUEST_PKCS10;
	return gh_der_take_u32(&in, &out->id) && gh_der_take(&in, GH_DER_SEQUENCE, &out->content) &&
	    in.len == 0;
}

/* [1] IMPLICIT CertReqMsg { CertRequest { certReqId, ... }, popo, regInfo }: certReqId is the
 * bodyPartID (3.2.1.2.2). */
static bool
take_crmf(struct gh_der in, struct pki_request *out)
{
	struct gh_der request;

	out->form = PKI_REQUEST_CRMF;
	out->content = in;
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &request) || !gh_der_take_u32(&request, &out->id))
		return false;
	if (in.len > 0 && !gh_der_has_tag(&in, GH_DER_SEQUENCE) &&
	    !gh_der_next(&in, NULL, NULL, NULL)) /* popo */
		return false;
	out->has_reg_info = in.len > 0;
	return true;
}

/* [2] IMPLICIT SEQUENCE { bodyPartID, requestMessageType, requestMessageValue } */
static bool
take_other(struct gh_der in, struct pki_request *out)
{
	out->form = PKI_REQUEST_OTHER;
	return gh_der_take_u32(&in, &out->id) && gh_der_take(&in, GH_DER_OID, NULL) &&
	    gh_der_next(&in, NULL, NULL, NULL) && in.len == 0;
}

static bool
take_request(struct gh_der *in, struct pki_request *out)
{
	struct gh_der content;

	if (gh_der_take(in, GH_DER_CONTEXT(0), &content))
		return take_pkcs10(content, out);
	if (gh_der_take(in, GH_DER_CONTEXT(1), &content))
		return take_crmf(content, out);
	return gh_der_take(in, GH_DER_CONTEXT(2), &content) && take_other(content, out);
}

static int
take_requests(struct gh_der *in, struct pki_data *out, struct gh_error *err)
{
	struct gh_der whole, all;

	if (!gh_der_take_whole(in, GH_DER_SEQUENCE, &out->req_sequence))
		return refuse(err, "reqSequence is missing");
	whole = out->req_sequence;
	if (!gh_der_take(&whole, GH_DER_SEQUENCE, &all))
		return refuse(err, "reqSequence is malformed");
	while (all.len > 0) {
		if (out->requests == PKI_DATA_REQUESTS_MAX)
			return refuse(err, "too many requests");
		if (!take_request(&all, &out->request[out->requests++]))
			return refuse(err, "a request is malformed");
	}
	return 0;
}

/* --- the rest --------------------------------------------------------------------------------- */

/* TaggedContentInfo and OtherMsg begin with their bodyPartID. */
static int
take_others(struct gh_der *in, struct pki_data *out, struct gh_error *err)
{
	struct gh_der all, one;

	if (!gh_der_take(in, GH_DER_SEQUENCE, &all))
		return refuse(err, "cmsSequence or otherMsgSequence is missing");
	while (all.len > 0) {
		if (out->others == PKI_DATA_OTHERS_MAX)
			return refuse(err, "too many messages inside");
		if (!gh_der_take(&all, GH_DER_SEQUENCE, &one) ||
		    !gh_der_take_u32(&one, &out->other[out->others].id))
			return refuse(err, "a message inside is malformed");
		out->other[out->others++].content = one;
	}
	return 0;
}

static int
take_messages(struct gh_der *in, struct pki_data *out, struct gh_error *err)
{
	int rc = take_others(in, out, err);

	out->messages = out->others;
	return rc;
}

static int
compare_ids(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* 3.2.2: 0 is the PKIData itself, and no two parts have the same. */
static int
check_ids(const struct pki_data *d, struct gh_error *err)
{
	uint32_t id[PKI_DATA_CONTROLS_MAX + PKI_DATA_REQUESTS_MAX + PKI_DATA_OTHERS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < d->controls; i++)
		id[n++] = d->control[i].id;
	for (size_t i = 0; i < d->requests; i++)
		id[n++] = d->request[i].id;
	for (size_t i = 0; i < d->others; i++)
		id[n++] = d->other[i].id;
	qsort(id, n, sizeof(id[0]), compare_ids);
	for (size_t i = 0; i < n; i++)
		if (id[i] == 0 || (i > 0 && id[i] == id[i - 1]))
			return refuse(err, "a bodyPartID is 0, or there twice");
	return 0;
}

int
pki_data_parse(const struct gh_der *der, struct pki_data *out, struct gh_error *err)
{
	struct gh_der in = *der, all;
	int rc;

	memset(out, 0, sizeof(*out));
	if (!gh_der_is_strict(der->p, der->len) || !gh_der_take(&in, GH_DER_SEQUENCE, &all))
		rc = refuse(err, "it is not DER");
	else if ((rc = take_controls(&all, out, err)) == 0 &&
	    (rc = take_requests(&all, out, err)) == 0 &&
	    (rc = take_messages(&all, out, err)) == 0 && (rc = take_others(&all, out, err)) == 0)
		rc = all.len == 0 ? check_ids(out, err) : refuse(err, "there is something behind");
	if (rc != 0)
		memset(out, 0, sizeof(*out));
	return rc;
}

const struct pki_message *
pki_data_find_message(const struct pki_data *d, uint32_t id)
{
	for (size_t i = 0; i < d->messages; i++)
		if (d->other[i].id == id)
			return &d->other[i];
	return NULL;
}

/* --- one request ------------------------------------------------------------------------------ */

static int
read_crmf(const struct pki_request *r, struct ca_pkcs10 **csr, struct gh_error *err)
{
	struct gh_buf messages;
	int rc;

	if (r->has_reg_info)
		return gh_refuse(err, GH_E_CSR,
		    "CSR: regInfo in a CertReqMsg of CMC (RFC 5272, "
		    "3.2.1.2.2)");
	gh_buf_init(&messages, CA_PKCS10_DER_MAX);
	gh_der_put_header(&messages, GH_DER_SEQUENCE, gh_der_size(r->content.len));
	gh_der_put(&messages, GH_DER_SEQUENCE, r->content.p, r->content.len);
	if ((rc = gh_buf_check(&messages, err)) == 0)
		rc = ca_crmf_parse_unproven(messages.data, messages.len, csr, err);
	gh_buf_free(&messages);
	return rc;
}

static int
read_pkcs10(const struct pki_request *r, struct ca_pkcs10 **csr, struct gh_error *err)
{
	struct gh_buf der;
	int rc;

	gh_buf_init(&der, CA_PKCS10_DER_MAX);
	gh_der_put(&der, GH_DER_SEQUENCE, r->content.p, r->content.len);
	if ((rc = gh_buf_check(&der, err)) == 0)
		rc = ca_pkcs10_parse(der.data, der.len, csr, err);
	gh_buf_free(&der);
	return rc;
}

int
pki_request_read(const struct pki_request *r, struct ca_pkcs10 **csr, struct gh_error *err)
{
	*csr = NULL;
	switch (r->form) {
	case PKI_REQUEST_PKCS10:
		return read_pkcs10(r, csr, err);
	case PKI_REQUEST_CRMF:
		return read_crmf(r, csr, err);
	default:
		return gh_refuse(err, GH_E_NOT_IMPLEMENTED,
		    "A request of another form than PKCS#10 and CRMF is not supported.");
	}
}
