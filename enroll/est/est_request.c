/* Requests over EST. See est_request.h. */
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

#include "est_body.h"
#include "est_request.h"

int
est_request_init(const struct call *call, const struct est_label *label, struct enroll_request *req,
    struct gh_error *err)
{
	req->protocol = ENROLL_EST;
	memcpy(req->request_id, call->http->request_id, sizeof(req->request_id));
	req->requester = *call->requester;
	req->submitted = gh_now();
	req->cert_only = true;
	if ((req->template_name = strdup(label->profile.templates[0])) == NULL ||
	    (req->label = strdup(label->name)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "request");
	return 0;
}

int
est_request_read(const struct call *call, struct ca_pkcs10 **out, struct gh_error *err)
{
	unsigned char *der = NULL;
	size_t len = 0;
	int rc = est_body_read(call, EST_PKCS10_TYPE, &der, &len, err);

	*out = NULL;
	if (rc == 0)
		rc = ca_pkcs10_parse(der, len, out, err);
	if (rc == GH_E_CSR)
		rc = gh_refuse(err, GH_E_CSR, "The body is no well-formed PKCS#10.");
	free(der);
	return rc;
}
