/* A CRMF without the private key that came in it. See crmf.h. */
#include "oid.h"

#include "crmf.h"

#define PKI_ARCHIVE_OPTIONS GH_OID_PKIX, 5, 1, 4

/* The controls but one; each is SEQUENCE { OID, value }, as ca_crmf_parse has seen. */
static bool
put_other_controls(struct gh_der controls, struct gh_buf *out)
{
	struct gh_der whole, in, control, type;

	while (controls.len > 0) {
		if (!gh_der_take_whole(&controls, GH_DER_SEQUENCE, &whole))
			return false;
		in = whole;
		if (!gh_der_take(&in, GH_DER_SEQUENCE, &control) ||
		    !gh_der_take(&control, GH_DER_OID, &type))
			return false;
		if (!GH_OID_IS(&type, PKI_ARCHIVE_OPTIONS))
			gh_buf_put(out, whole.p, whole.len);
	}
	return true;
}

/* Content of a CertRequest: certReqId, CertTemplate, and Controls if there are still some. */
static bool
put_cert_request(struct gh_der whole, struct gh_buf *out)
{
	struct gh_der in, id, template, controls = {NULL, 0};
	struct gh_buf others;
	bool ok;

	if (!gh_der_take(&whole, GH_DER_SEQUENCE, &in) ||
	    !gh_der_take_whole(&in, GH_DER_INTEGER, &id) ||
	    !gh_der_take_whole(&in, GH_DER_SEQUENCE, &template))
		return false;
	(void)gh_der_take(&in, GH_DER_SEQUENCE, &controls);
	gh_buf_put(out, id.p, id.len);
	gh_buf_put(out, template.p, template.len);
	gh_buf_init(&others, CA_PKCS10_DER_MAX);
	ok = put_other_controls(controls, &others) && gh_buf_check(&others, NULL) == 0;
	if (ok && others.len > 0)
		gh_der_put(out, GH_DER_SEQUENCE, others.data, others.len);
	gh_buf_free(&others);
	return ok;
}

int
ca_crmf_without_key(const struct ca_pkcs10 *csr, struct ca_pkcs10 **out, struct gh_error *err)
{
	static const unsigned char ra_verified[] = {GH_DER_PRIMITIVE(0), 0};
	struct gh_buf request, message;
	size_t n;
	int rc;

	*out = NULL;
	gh_buf_init(&request, CA_PKCS10_DER_MAX);
	gh_buf_init(&message, CA_PKCS10_DER_MAX);
	if (!put_cert_request(csr->cert_request, &request))
		rc = gh_fail(err, GH_E_INTERNAL, "CRMF that was parsed before");
	else
		rc = gh_buf_check(&request, err);
	if (rc == 0) {
		n = gh_der_size(request.len) + sizeof(ra_verified);
		gh_der_put_header(&message, GH_DER_SEQUENCE, gh_der_size(n));
		gh_der_put_header(&message, GH_DER_SEQUENCE, n);
		gh_der_put(&message, GH_DER_SEQUENCE, request.data, request.len);
		gh_buf_put(&message, ra_verified, sizeof(ra_verified));
		rc = gh_buf_check(&message, err);
	}
	if (rc == 0)
		rc = ca_request_parse(message.data, message.len, out, err);
	gh_buf_free(&request);
	gh_buf_free(&message);
	return rc;
}
