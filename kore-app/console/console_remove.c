/* Certificates from elsewhere leave the inventory: the question, and its answer. See console.h. */
#include <string.h>

#include "rest/rest_cert_import.h"

#include "pages/page.h"

#include "console.h"
#include "console_ask.h"
#include "console_cert.h"
#include "console_page.h"

void
console_certificate_remove_ask(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *cert = NULL, *data;
	int rc = console_cert_get(env, call, &cert, &err);

	if (rc == 0 && !console_cert_may_remove(call, cert))
		rc = gh_refuse(&err, GH_E_CONFLICT,
		    "Only certificates that were issued elsewhere are removed. Revoke this one.");
	if (rc != 0) {
		page_refuse(call, &err, rep);
	} else {
		data = gh_json_new_object();
		if (gh_json_set(data, "cert", gh_json_ref(cert)) != 0) {
			gh_json_free(data);
			data = NULL;
		}
		console_reply(env, call, 200, "certificate_remove", data, rep);
	}
	gh_json_free(cert);
}

void
console_certificate_remove(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = rest_cert_remove, .method = GH_HTTP_DELETE};

	console_do(env, call, &what, "/console/certificates", rep);
}
