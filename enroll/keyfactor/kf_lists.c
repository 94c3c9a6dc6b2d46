/* KeyfactorAPI: what there is: paths, templates, CAs. See kf_api.h. */
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "catalog/catalog.h"
#include "rest/rest_profile.h"

#include "kf_api.h"
#include "kf_ask.h"

#define CSR_ENROLLMENT 2 /* of AllowedEnrollmentTypes */

void
kf_endpoints(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const paths[] = {"GET /Status/Endpoints", "GET /Certificates",
	    "GET /Certificates/{id}", "POST /Certificates/Download", "POST /Certificates/Revoke",
	    "PUT /Certificates/Metadata", "GET /Certificates/Metadata/Compare",
	    "GET /MetadataFields", "GET /MetadataFields/{name}", "GET /Templates",
	    "GET /Templates/{id}", "GET /CertificateAuthority", "POST /Enrollment/CSR",
	    "POST /Enrollment/PFX", "POST /Enrollment/Renew", "GET /Workflow/Certificates/Pending",
	    "GET /Workflow/Certificates/Denied", "GET /Workflow/Certificates/ExternalValidation",
	    "GET /Workflow/Certificates/{id}", "POST /Workflow/Certificates/Approve",
	    "POST /Workflow/Certificates/Deny"};
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

/* ---- CAs ---- */

static gh_json *
ca_json(const struct ca *ca)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_int(o, "Id", ca->id) |
	    gh_json_set_string(o, "LogicalName", ca->name) | gh_json_set_string(o, "HostName", "") |
	    gh_json_set_string(o, "ForestRoot", "") | gh_json_set_bool(o, "Remote", false) |
	    gh_json_set_bool(o, "Standalone", true) |
	    gh_json_set_int(o, "AllowedEnrollmentTypes", CSR_ENROLLMENT);

	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
kf_ca_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct ca_set *cas = &env->catalog->cas;
	gh_json *list = gh_json_new_array();
	int bad = list == NULL;

	(void)call;
	for (size_t i = 0; i < cas->n; i++)
		bad |= gh_json_append(list, ca_json(cas->ca[i]));
	if (bad != 0) {
		gh_json_free(list);
		list = NULL;
	}
	kf_json(rep, list);
}

/* ---- templates ---- */

static gh_json *
template_json(const struct worker_env *env, const gh_json *profile)
{
	const char *name = kf_string(profile, "name"), *shown = kf_string(profile, "display_name");
	const struct catalog_template *t = catalog_find_template(env->catalog, name);
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_int(o, "Id", t != NULL ? t->id : 0) |
	    gh_json_set_string(o, "CommonName", name) |
	    gh_json_set_string(o, "TemplateName", name) |
	    gh_json_set_string(o, "FriendlyName", *shown != '\0' ? shown : name) |
	    gh_json_set_string(o, "KeyRetention", "None") |
	    gh_json_set_string(o, "ForestRoot", "") |
	    gh_json_set_string(o, "ConfigurationTenant", "") |
	    gh_json_set_int(o, "AllowedEnrollmentTypes", CSR_ENROLLMENT) |
	    gh_json_set_bool(o, "RequiresApproval",
		gh_json_bool(gh_json_get(profile, "approval"), false));

	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* Those that the caller may see; of this id alone, or 0. false: rep tells why not. */
static bool
templates(struct worker_env *env, const struct call *call, int64_t id, gh_json *list,
    struct gh_http_reply *rep)
{
	const struct kf_question q = {.handler = rest_profile_list,
	    .method = GH_HTTP_GET,
	    .query = "limit=1000"};
	gh_json *page, *entries;
	int bad = list == NULL;

	if (!kf_ask(env, call, &q, &page, rep))
		return false;
	entries = gh_json_get(page, "entries");
	for (size_t i = 0; i < gh_json_size(entries); i++) {
		gh_json *t = template_json(env, gh_json_at(entries, i));
		int64_t its = 0;

		(void)gh_json_int(gh_json_get(t, "Id"), &its);
		if (id != 0 && id != its)
			gh_json_free(t);
		else
			bad |= gh_json_append(list, t);
	}
	gh_json_free(page);
	if (bad != 0)
		kf_json(rep, NULL);
	return bad == 0;
}

void
kf_template_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *list = gh_json_new_array();

	if (templates(env, call, 0, list, rep))
		kf_json(rep, list);
	else
		gh_json_free(list);
}

void
kf_template_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *list = gh_json_new_array();

	if (templates(env, call, call_number(call->parts, "id"), list, rep)) {
		if (gh_json_size(list) == 0)
			kf_fail(rep, 404, "not_found", "There is no such template.");
		else
			kf_json(rep, gh_json_ref(gh_json_at(list, 0)));
	}
	gh_json_free(list);
}
