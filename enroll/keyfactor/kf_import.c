/* KeyfactorAPI: Certificates/Import, by the import of the inventory. See kf_api.h. */
#include <string.h>

#include "rest/rest_cert_import.h"
#include "rest/rest_certificate.h"

#include "kf_api.h"
#include "kf_certificate.h"

/* Numbers of the vendor's, whose meaning it does not document (docs/keyfactor-api.md). */
enum kf_import_status { KF_IMPORT_STORED = 1, KF_IMPORT_PRESENT = 2 };
#define KF_NO_JOB 1

static int
check_stores(const gh_json *body, struct gh_error *err)
{
	static const char *const names[] = {"StoreIds", "StoreTypes"};
	gh_json *v;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		rc = gh_json_find(body, names[i], &v, err);
		if (rc == 0 && gh_json_size(v) > 0)
			rc = gh_refuse(err, GH_E_BAD_REQUEST,
			    "%s: there are no certificate stores here.", names[i]);
	}
	return rc;
}

/* {"content","password","metadata"} */
static int
our_body(const struct worker_env *env, const gh_json *body, gh_json *o, struct gh_error *err)
{
	const char *certificate, *password;
	gh_json *metadata;
	int rc, bad;

	if ((rc = kf_text(body, "Certificate", &certificate, err)) != 0 ||
	    (rc = kf_text(body, "Password", &password, err)) != 0 ||
	    (rc = gh_json_find(body, "Metadata", &metadata, err)) != 0 ||
	    (rc = check_stores(body, err)) != 0 ||
	    (rc = kf_metadata_check(env, metadata, err)) != 0)
		return rc;
	if (certificate == NULL || *certificate == '\0')
		return gh_refuse(err, GH_E_BAD_REQUEST, "Certificate is missing.");
	bad = gh_json_set_string(o, "content", certificate);
	if (password != NULL && *password != '\0')
		bad |= gh_json_set_string(o, "password", password);
	if (gh_json_type(metadata) != GH_JSON_NULL)
		bad |= gh_json_set(o, "metadata", gh_json_ref(metadata));
	return bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "import");
}

/* They have one certificate: the first of those that were taken, which is the leaf of a PKCS#12. */
static const gh_json *
first_taken(const gh_json *report)
{
	const gh_json *entries = gh_json_get(report, "entries");

	for (size_t i = 0; i < gh_json_size(entries); i++)
		if (strcmp(kf_string(gh_json_at(entries, i), "result"), "refused") != 0)
			return gh_json_at(entries, i);
	return NULL;
}

static gh_json *
report_json(const gh_json *report, const gh_json *one, const gh_json *row)
{
	gh_json *o = gh_json_new_object();
	int64_t id = 0, keys = 0;
	int bad;

	(void)gh_json_int(gh_json_get(one, "id"), &id);
	(void)gh_json_int(gh_json_get(report, "private_keys"), &keys);
	bad = gh_json_set_int(o, "ImportStatus",
		  strcmp(kf_string(one, "result"), "stored") == 0 ? KF_IMPORT_STORED
								  : KF_IMPORT_PRESENT) |
	    gh_json_set_int(o, "JobStatus", KF_NO_JOB) |
	    gh_json_set(o, "InvalidKeystores", gh_json_new_array()) |
	    gh_json_set_int(o, "CertificateId", id) | gh_json_set_int(o, "PrivateKeys", keys) |
	    gh_json_set_string(o, "Thumbprint", kf_string(row, "thumbprint")) |
	    gh_json_set(o, "Entries", gh_json_ref(gh_json_get(report, "entries")));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static void
reply(struct worker_env *env, const struct call *call, const gh_json *report,
    struct gh_http_reply *rep)
{
	struct kf_question q = {.handler = rest_certificate, .method = GH_HTTP_GET};
	const gh_json *one = first_taken(report);
	gh_json *row = NULL;

	if (one == NULL) {
		kf_fail(rep, 400, "bad_request",
		    kf_string(gh_json_at(gh_json_get(report, "entries"), 0), "reason"));
		return;
	}
	(void)gh_json_int(gh_json_get(one, "id"), &q.id);
	if (kf_ask(env, call, &q, &row, rep))
		kf_json(rep, report_json(report, one, row));
	gh_json_free(row);
}

void
kf_import(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *body, *asked = gh_json_new_object(), *report = NULL;
	const struct kf_question q = {.handler = rest_cert_import,
	    .method = GH_HTTP_POST,
	    .body = asked};
	struct gh_error err = {0};
	int rc = kf_body(call, &body, &err);

	if (rc == 0)
		rc = our_body(env, body, asked, &err);
	if (rc != 0)
		kf_error(&err, rep);
	else if (kf_ask(env, call, &q, &report, rep))
		reply(env, call, report, rep);
	gh_json_free(report);
	gh_json_free(asked);
	gh_json_free(body);
}
