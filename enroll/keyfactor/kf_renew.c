/*
 * KeyfactorAPI: Enrollment/Renew. The certificate is asked for again by the request that it was
 * issued on, through the renewal of REST: for the key that its holder has. A key that the KRA keeps
 * is kept with its certificate, so such a one is renewed with a new key, by Enrollment/PFX.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rest/rest_request.h"
#include "rest/rest_submit.h"

#include "kf_api.h"
#include "kf_lookup.h"
#include "kf_outcome.h"

/* What a call asks for; borrowed from its body. */
struct wish {
	struct kf_lookup lookup;
	const char *template_name, *ca; /* NULL: as before */
};

static int
read_wish(const gh_json *body, struct wish *w, struct gh_error *err)
{
	int rc = kf_lookup_read(body, "CertificateId", NULL, &w->lookup, err);

	if (rc != 0 || (rc = kf_text(body, "Template", &w->template_name, err)) != 0 ||
	    (rc = kf_text(body, "CertificateAuthority", &w->ca, err)) != 0)
		return rc;
	if (w->template_name != NULL && strlen(w->template_name) >= CALL_PART_SIZE)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Template is too long.");
	w->ca = kf_logical_name(w->ca);
	return 0;
}

/* The request that row was issued on. false: rep tells why it cannot be repeated. */
static bool
ask_request(struct worker_env *env, const struct call *call, const gh_json *row, gh_json **request,
    struct gh_http_reply *rep)
{
	struct kf_question q = {.handler = rest_request, .method = GH_HTTP_GET};

	*request = NULL;
	(void)gh_json_int(gh_json_get(row, "request_id"), &q.id);
	if (q.id == 0) {
		kf_fail(rep, 404, "not_found", "There is no certificate of this number of yours.");
		return false;
	}
	if (!kf_ask(env, call, &q, request, rep))
		return false;
	if (*kf_string(*request, "key_id") != '\0')
		kf_fail(rep, 409, "conflict",
		    "The key of this certificate is archived: renew it with Enrollment/PFX and "
		    "RenewalCertificateId, which makes a new key.");
	else if (*kf_string(*request, "pkcs10") == '\0')
		kf_fail(rep, 409, "conflict",
		    "The certificate was not asked for by a PKCS#10: send one to Enrollment/CSR.");
	else
		return true;
	return false;
}

static gh_json *
our_body(const struct wish *w, const gh_json *request)
{
	gh_json *o = gh_json_new_object(), *metadata = gh_json_get(request, "metadata");
	int bad = gh_json_set_string(o, "pkcs10", kf_string(request, "pkcs10"));

	if (w->ca != NULL && *w->ca != '\0')
		bad |= gh_json_set_string(o, "ca", w->ca);
	if (gh_json_type(metadata) == GH_JSON_OBJECT)
		bad |= gh_json_set(o, "metadata", gh_json_ref(metadata));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* It is not in an object of its own there, and has no PKCS#12: the key is where it was. */
static void
reply(struct worker_env *env, const struct call *call, const gh_json *answer,
    struct gh_http_reply *rep)
{
	gh_json *row, *o = NULL;

	if (!kf_outcome_row(env, call, answer, &row, rep))
		return;
	if ((o = kf_information(env, answer, row, "KeyfactorId", true)) != NULL &&
	    gh_json_set_string(o, "Password", "") != 0) {
		gh_json_free(o);
		o = NULL;
	}
	kf_json(rep, o);
	gh_json_free(row);
}

static void
submit(struct worker_env *env, const struct call *call, const struct wish *w, const gh_json *row,
    const gh_json *request, struct gh_http_reply *rep)
{
	bool has_name = w->template_name != NULL && *w->template_name != '\0';
	gh_json *body = our_body(w, request), *answer = NULL;
	struct kf_question q = {.handler = rest_submit, .method = GH_HTTP_POST, .body = body};
	char query[40];
	int64_t id = 0;

	(void)gh_json_int(gh_json_get(row, "id"), &id);
	snprintf(query, sizeof(query), "renew=%" PRId64, id);
	q.query = query;
	q.profile = has_name ? w->template_name : kf_string(row, "template");
	if (body == NULL)
		kf_json(rep, NULL);
	else if (kf_ask(env, call, &q, &answer, rep))
		reply(env, call, answer, rep);
	gh_json_free(answer);
	gh_json_free(body);
}

void
kf_renew(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *body, *row = NULL, *request = NULL;
	struct gh_error err = {0};
	struct wish w = {0};
	int rc = kf_body(call, &body, &err);

	if (rc == 0)
		rc = read_wish(body, &w, &err);
	if (rc != 0)
		kf_error(&err, rep);
	else if (kf_lookup_ask(env, call, &w.lookup, &row, rep) &&
	    ask_request(env, call, row, &request, rep))
		submit(env, call, &w, row, request, rep);
	kf_lookup_clear(&w.lookup);
	gh_json_free(request);
	gh_json_free(row);
	gh_json_free(body);
}
