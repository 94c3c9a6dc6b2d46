/* KeyfactorAPI: the paths that there are. See kf_api.h. */
#include "kf_api.h"
#include "kf_ask.h"

void
kf_endpoints(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const paths[] = {"GET /Status/Endpoints", "GET /Certificates",
	    "GET /Certificates/{id}", "POST /Certificates/Download", "POST /Certificates/Revoke",
	    "PUT /Certificates/Metadata", "PUT /Certificates/Metadata/All",
	    "GET /Certificates/Metadata/Compare", "GET /MetadataFields",
	    "GET /MetadataFields/{name}", "GET /MetadataFields/{id}/InUse", "POST /MetadataFields",
	    "PUT /MetadataFields", "DELETE /MetadataFields", "DELETE /MetadataFields/{id}",
	    "GET /Templates", "GET /Templates/{id}", "GET /CertificateAuthority",
	    "GET /CertificateAuthority/{id}", "POST /Certificates/Recover",
	    "POST /Certificates/Import", "PUT /Certificates/{id}/Owner",
	    "DELETE /Certificates/{id}", "DELETE /Certificates", "GET /Enrollment/CSR/Context/My",
	    "POST /Enrollment/CSR", "POST /Enrollment/PFX", "POST /Enrollment/Renew",
	    "GET /Workflow/Certificates/Pending", "GET /Workflow/Certificates/Denied",
	    "GET /Workflow/Certificates/ExternalValidation", "GET /Workflow/Certificates/{id}",
	    "POST /Workflow/Certificates/Approve", "POST /Workflow/Certificates/Deny"};
	gh_json *list = gh_json_new_array();
	int bad = list == NULL;

	(void)env;
	(void)call;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		bad |= gh_json_append(list, gh_json_new_string(paths[i]));
	if (bad != 0) {
		gh_json_free(list);
		list = NULL;
	}
	kf_json(rep, list);
}
