/*
 * KeyfactorAPI: Enrollment/PFX, told to CertEnroll's Pkcs12: the KRA makes the key, the template
 * says whether it may and whether it is archived, and the PKCS#12 under the caller's password is
 * answered after the commit. The same call with the same Timestamp gets the same key.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "certenroll/ce_pkcs12.h"
#include "kra_env.h"
#include "rest/rest_door.h"
#include "rest/rest_renewal.h"
#include "timestamp.h"
#include "utf8.h"

#include "kf_api.h"
#include "kf_certificate.h"
#include "kf_names.h"
#include "kf_outcome.h"

#define CERT_ONLY 1 /* of Flags */

/* What a call asks for; borrowed from its body, but for subject and sans. */
struct wish {
	const char *template_name, *password, *timestamp;
	gh_json *metadata, *key_type, *key_length, *subject, *sans;
	int64_t renews; /* 0: nothing */
	int bits;       /* of Curve; 0: it names none */
	bool with_chain;
	char detail[REST_RENEWAL_SIZE];
	char now[GH_TIMESTAMP_SIZE];
	struct ce_pkcs12_more more;
};

/* ---- what is asked ---- */

static int
check_format(const struct call *call, struct gh_error *err)
{
	const char *sent = gh_http_header(call->http, "x-certificateformat");

	return sent == NULL || strcasecmp(sent, "PFX") == 0 || strcasecmp(sent, "STORE") == 0
	    ? 0
	    : gh_refuse(err, GH_E_BAD_REQUEST, "x-certificateformat is PFX or STORE here.");
}

static int
read_curve(const gh_json *body, int *bits, struct gh_error *err)
{
	static const struct {
		const char *name;
		int bits;
	} curves[] = {{"P-256", 256}, {"P-256/prime256v1/secp256r1", 256}, {"secp256r1", 256},
	    {"prime256v1", 256}, {"1.2.840.10045.3.1.7", 256}, {"P-384", 384},
	    {"P-384/secp384r1", 384}, {"secp384r1", 384}, {"1.3.132.0.34", 384}};
	const char *curve;
	int rc = kf_text(body, "Curve", &curve, err);

	if (rc != 0 || curve == NULL || *curve == '\0')
		return rc;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcasecmp(curves[i].name, curve) == 0)
			*bits = curves[i].bits;
	return *bits != 0 ? 0 : gh_refuse(err, GH_E_BAD_REQUEST, "Curve is P-256 or P-384 here.");
}

static int
read_key(const gh_json *body, struct wish *w, struct gh_error *err)
{
	int rc = gh_json_find(body, "KeyType", &w->key_type, err);

	if (rc == 0)
		rc = gh_json_find(body, "KeyLength", &w->key_length, err);
	return rc == 0 ? read_curve(body, &w->bits, err) : rc;
}

static int
read_names(const gh_json *body, struct wish *w, struct gh_error *err)
{
	const char *subject;
	gh_json *sans;
	int rc;

	if ((rc = kf_text(body, "Subject", &subject, err)) != 0 ||
	    (rc = gh_json_find(body, "SANs", &sans, err)) != 0 ||
	    (rc = kf_subject(subject, &w->subject, err)) != 0)
		return rc;
	return kf_sans(sans, &w->sans, err);
}

/* What would be done with the certificate elsewhere is not done here. */
static int
check_stores(const gh_json *body, struct gh_error *err)
{
	gh_json *stores;
	int rc = gh_json_find(body, "Stores", &stores, err);
	bool is_list =
	    gh_json_type(stores) == GH_JSON_NULL || gh_json_type(stores) == GH_JSON_ARRAY;

	if (rc == 0 && (!is_list || gh_json_size(stores) > 0))
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "Stores: there are no certificate stores here.");
	return rc;
}

static int
read_more(const gh_json *body, struct wish *w, struct gh_error *err)
{
	const char *ca, *name;
	int rc;

	if ((rc = kf_text(body, "CertificateAuthority", &ca, err)) != 0 ||
	    (rc = kf_text(body, "CustomFriendlyName", &name, err)) != 0 ||
	    (rc = kf_number(body, "RenewalCertificateId", &w->renews, err)) != 0)
		return rc;
	if (w->renews < 0)
		return gh_refuse(err, GH_E_BAD_REQUEST, "RenewalCertificateId is no number.");
	if (ca != NULL && *ca != '\0')
		w->more.ca_name = kf_logical_name(ca);
	if (name == NULL || *name == '\0')
		return 0;
	w->more.name = name;
	return gh_utf8_is_clean(name) && gh_utf8_length(name, strlen(name)) <= CE_PKCS12_NAME_MAX
	    ? 0
	    : gh_refuse(err, GH_E_BAD_REQUEST,
		  "CustomFriendlyName has at most %d characters, and no control characters.",
		  CE_PKCS12_NAME_MAX);
}

static int
read_wish(const struct worker_env *env, const gh_json *body, struct wish *w, struct gh_error *err)
{
	int rc;

	if ((rc = kf_text(body, "Template", &w->template_name, err)) != 0 ||
	    (rc = kf_text(body, "Password", &w->password, err)) != 0 ||
	    (rc = kf_text(body, "Timestamp", &w->timestamp, err)) != 0 ||
	    (rc = kf_flag(body, "IncludeChain", true, &w->with_chain, err)) != 0 ||
	    (rc = gh_json_find(body, "Metadata", &w->metadata, err)) != 0 ||
	    (rc = read_key(body, w, err)) != 0 || (rc = read_names(body, w, err)) != 0 ||
	    (rc = read_more(body, w, err)) != 0 || (rc = check_stores(body, err)) != 0)
		return rc;
	if (w->template_name == NULL || *w->template_name == '\0')
		return gh_refuse(err, GH_E_BAD_REQUEST, "Template is missing.");
	if (w->password == NULL || *w->password == '\0')
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "Password is missing: it protects the key in the answer.");
	if (gh_json_type(w->metadata) != GH_JSON_NULL &&
	    gh_json_type(w->metadata) != GH_JSON_OBJECT)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Metadata is no object.");
	if (w->timestamp == NULL || *w->timestamp == '\0')
		w->timestamp = gh_timestamp_format(gh_now(), w->now);
	return kf_metadata_check(env, w->metadata, err);
}

/* ---- the question ---- */

/* The last members are not read there: a call that differs in them is another one, and one without
 * a Timestamp is always another. */
static int
put_request(gh_json *o, const struct call *call, const struct wish *w)
{
	int bad = gh_json_set_int(o, "Flags", w->with_chain ? 0 : CERT_ONLY) |
	    gh_json_set_string(o, "TemplateName", w->template_name) |
	    gh_json_set_string(o, "Pkcs12Password", w->password);

	if (w->subject != NULL)
		bad |= gh_json_set(o, "SubjectNameAttributes", gh_json_ref(w->subject));
	if (w->sans != NULL)
		bad |= gh_json_set(o, "SubjectAltNameElements", gh_json_ref(w->sans));
	if (gh_json_type(w->metadata) == GH_JSON_OBJECT)
		bad |= gh_json_set(o, "MetadataList", gh_json_ref(w->metadata));
	if (gh_json_type(w->key_type) != GH_JSON_NULL)
		bad |= gh_json_set(o, "KeyType", gh_json_ref(w->key_type));
	if (w->bits != 0)
		bad |= gh_json_set_int(o, "KeyLength", w->bits);
	else if (gh_json_type(w->key_length) != GH_JSON_NULL)
		bad |= gh_json_set(o, "KeyLength", gh_json_ref(w->key_length));
	if (w->timestamp == w->now)
		bad |= gh_json_set_string(o, "Call", call->http->request_id);
	return bad | gh_json_set_string(o, "RequestedCA", w->more.ca_name) |
	    gh_json_set_string(o, "FriendlyName", w->more.name) |
	    gh_json_set_int(o, "Renews", w->renews);
}

static gh_json *
their_body(const struct call *call, const struct wish *w)
{
	gh_json *o = gh_json_new_object(), *request = gh_json_new_object();
	int bad = gh_json_set_string(o, "Timestamp", w->timestamp) | put_request(request, call, w);

	bad |= gh_json_set(o, "Request", request);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* true: it leaves the batch, without an answer. */
static bool
ask(struct worker_env *env, const struct call *call, const struct wish *w, bool may_leave,
    struct gh_http_reply *rep, struct gh_error *err)
{
	struct gh_http_field field = {"content-type", "application/json"};
	struct gh_http_request http = *call->http;
	struct call inner = *call;
	gh_json *body = their_body(call, w);
	char *text = body != NULL ? gh_json_print(body, false) : NULL;
	bool leaves;

	gh_json_free(body);
	if (text == NULL) {
		(void)gh_fail(err, GH_E_NOMEM, "request");
		return false;
	}
	if (rest_door(env, call, &inner.app, err) != 0) {
		OPENSSL_cleanse(text, strlen(text));
		free(text);
		return false;
	}
	http.field = &field;
	http.fields = 1;
	http.body = (unsigned char *)text;
	http.body_len = strlen(text);
	inner.http = &http;
	inner.version = 3;
	leaves = ce_pkcs12_serve(env, &inner, &w->more, may_leave, rep);
	OPENSSL_cleanse(text, strlen(text));
	free(text);
	return leaves;
}

/* ---- the answer ---- */

static gh_json *
information(const gh_json *said)
{
	static const char *const texts[] = {"SerialNumber", "IssuerDN", "Thumbprint", "Pkcs12Blob",
	    "DispositionMessage"};
	gh_json *o = gh_json_new_object();
	int64_t id = 0, request = 0;
	int bad = 0;

	(void)gh_json_int(gh_json_get(said, "CMSID"), &id);
	(void)gh_json_int(gh_json_get(said, "CMSRequestId"), &request);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		bad |= gh_json_set_string(o, texts[i], kf_string(said, texts[i]));
	bad |= gh_json_set_int(o, "KeyfactorId", id) |
	    gh_json_set_int(o, "KeyfactorRequestId", request) |
	    gh_json_set_string(o, "RequestDisposition", "ISSUED") |
	    gh_json_set(o, "EnrollmentContext", gh_json_new_string(NULL));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static void
reply(const struct worker_env *env, const gh_json *said, const struct wish *w,
    struct gh_http_reply *rep)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set(o, "CertificateInformation", information(said)) |
	    gh_json_set(o, "SuccessfulStores", gh_json_new_array()) |
	    gh_json_set(o, "Metadata", kf_metadata(env, w->metadata));

	if (bad != 0) {
		gh_json_free(o);
		o = NULL;
	}
	kf_json(rep, o);
}

/* A denial may be 200 there. */
static void
tell(const struct worker_env *env, struct gh_http_reply *inner, const struct wish *w,
    struct gh_http_reply *rep)
{
	gh_json *said = kf_reply_json(inner);
	char *message;

	if (inner->status == 200 && strcmp(kf_string(said, "RequestDisposition"), "Issued") == 0) {
		reply(env, said, w, rep);
	} else {
		message = kf_refusal(inner);
		kf_fail(rep, inner->status == 200 ? 403 : kf_status(inner->status), inner->code,
		    *kf_string(said, "DispositionMessage") != '\0'
			? kf_string(said, "DispositionMessage")
			: message);
		kf_take_cause(rep, inner);
		free(message);
	}
	gh_json_free(said);
}

/* ---- all of it ---- */

/* A gateway without a KRA makes no keys: that is no path that is not there. */
static bool
has_kra(const struct worker_env *env, struct gh_http_reply *rep)
{
	struct gh_error err = {0};

	if (kra_env_check(env, &err) == 0)
		return true;
	kf_fail(rep, 501, gh_error_info(err.code)->name,
	    "This gateway has no key recovery authority, which would make the key. Make it "
	    "yourself, and send a PKCS#10 to Enrollment/CSR.");
	return false;
}

static bool
serve_wish(struct worker_env *env, const struct call *call, struct wish *w, bool may_leave,
    struct gh_http_reply *rep)
{
	struct gh_http_reply inner = {0};
	struct gh_error err = {0};
	bool leaves = false;

	w->more.detail = w->detail;
	w->more.follows = w->renews;
	if (w->renews != 0 &&
	    rest_renewal_check_of(env, call->requester, w->template_name, w->renews, w->detail,
		&err) != 0) {
		kf_error(&err, rep);
		return false;
	}
	leaves = ask(env, call, w, may_leave, &inner, &err);
	if (err.code != 0)
		kf_error(&err, rep);
	else if (!leaves)
		tell(env, &inner, w, rep);
	gh_http_reply_clear(&inner);
	return leaves;
}

static bool
serve(struct worker_env *env, const struct call *call, struct gh_http_reply *rep, bool may_leave)
{
	struct gh_error err = {0};
	gh_json *body = NULL;
	struct wish w = {0};
	bool leaves = false;
	int rc;

	if (!has_kra(env, rep))
		return false;
	if ((rc = check_format(call, &err)) == 0 && (rc = kf_body(call, &body, &err)) == 0)
		rc = read_wish(env, body, &w, &err);
	if (rc != 0)
		kf_error(&err, rep);
	else
		leaves = serve_wish(env, call, &w, may_leave, rep);
	gh_json_free(w.subject);
	gh_json_free(w.sans);
	gh_json_free(body);
	return leaves;
}

void
kf_pfx(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	(void)serve(env, call, rep, false);
}

static bool
serve_or_leave(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	return serve(env, call, rep, true);
}

void
kf_pfx_batch(struct worker_env *env, struct call_item *items, size_t n)
{
	call_each(env, items, n, serve_or_leave);
}
