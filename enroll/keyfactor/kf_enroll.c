/* KeyfactorAPI: Enrollment/CSR, by the pipeline that REST goes through. See kf_api.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/catalog.h"
#include "rest/rest_submit.h"

#include "kf_api.h"
#include "kf_certificate.h"
#include "kf_names.h"
#include "kf_outcome.h"

/* What a call asks for; borrowed from its body. */
struct wish {
	const char *csr, *template_name, *ca;
	bool with_chain;
	gh_json *metadata; /* or NULL */
};

const char *
kf_logical_name(const char *ca)
{
	const char *p = ca != NULL ? strrchr(ca, '\\') : NULL;

	return p != NULL ? p + 1 : ca;
}

static int
read_metadata(const struct worker_env *env, const gh_json *body, struct wish *w,
    struct gh_error *err)
{
	int rc = gh_json_find(body, "Metadata", &w->metadata, err);

	if (rc != 0 || gh_json_type(w->metadata) == GH_JSON_NULL)
		return rc;
	if (gh_json_type(w->metadata) != GH_JSON_OBJECT)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Metadata is no object.");
	return kf_metadata_check(env, w->metadata, err);
}

static int
read_wish(const struct worker_env *env, const gh_json *body, struct wish *w, struct gh_error *err)
{
	gh_json *sans;
	int rc;

	if ((rc = kf_text(body, "CSR", &w->csr, err)) != 0 ||
	    (rc = kf_text(body, "Template", &w->template_name, err)) != 0 ||
	    (rc = kf_text(body, "CertificateAuthority", &w->ca, err)) != 0 ||
	    (rc = kf_flag(body, "IncludeChain", false, &w->with_chain, err)) != 0 ||
	    (rc = gh_json_find(body, "SANs", &sans, err)) != 0 ||
	    (rc = read_metadata(env, body, w, err)) != 0)
		return rc;
	if (w->csr == NULL || *w->csr == '\0')
		return gh_refuse(err, GH_E_BAD_REQUEST, "CSR is missing.");
	if (w->template_name == NULL || *w->template_name == '\0' ||
	    strlen(w->template_name) >= CALL_PART_SIZE)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Template is missing, or too long.");
	w->ca = kf_logical_name(w->ca);
	return kf_sans_check(sans, w->csr, err);
}

static gh_json *
our_body(const struct wish *w)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_string(o, "pkcs10", w->csr);

	if (w->ca != NULL && *w->ca != '\0')
		bad |= gh_json_set_string(o, "ca", w->ca);
	if (gh_json_type(w->metadata) == GH_JSON_OBJECT)
		bad |= gh_json_set(o, "metadata", gh_json_ref(w->metadata));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
kf_enroll_csr(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kf_question q = {.handler = rest_submit, .method = GH_HTTP_POST};
	gh_json *body, *asked = NULL, *request = NULL;
	struct gh_error err = {0};
	struct wish w = {0};
	int rc = kf_body(call, &body, &err);

	if (rc == 0 && (rc = read_wish(env, body, &w, &err)) == 0 && (asked = our_body(&w)) == NULL)
		rc = gh_fail(&err, GH_E_NOMEM, "request");
	if (rc != 0) {
		kf_error(&err, rep);
	} else {
		q.body = asked;
		q.profile = w.template_name;
		if (kf_ask(env, call, &q, &request, rep))
			kf_outcome_tell(env, call, request, w.with_chain, rep);
	}
	gh_json_free(request);
	gh_json_free(asked);
	gh_json_free(body);
}
