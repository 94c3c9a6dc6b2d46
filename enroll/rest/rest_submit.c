/* A request over REST goes through the stages of the pipeline as the batch of one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "encoding.h"
#include "timestamp.h"

#include "authority/approval_password.h"
#include "catalog/ca_rule.h"
#include "formats/crmf.h"

#include "single.h"

#include "rest_door.h"
#include "rest_idempotency.h"
#include "rest_renewal.h"
#include "rest_request_key.h"
#include "rest_request_view.h"
#include "rest_submit.h"

#define PKCS10_TEXT_MAX (2 * CA_PKCS10_DER_MAX) /* characters: armour and line ends, generously */
#define CHOICE_TEXT_MAX 255                     /* characters */
#define DER_SEQUENCE 0x30                       /* base64 of a request begins with 'M' */

/* One call on its way. */
struct submission {
	const struct call *call;
	struct enroll_request req;
	struct enrollment e; /* rc and err also of what is here */
	struct rest_fields fields;
	struct rest_request_key key;
	char detail[REST_RENEWAL_SIZE];
	char key_id[GH_UUID_TEXT_SIZE]; /* of its archived key; "" = none */
	char *password;                 /* of the CA, for approval; NULL = none */
	bool is_recorded;               /* e.out is the answer to a call that came before */
	struct enroll_request before;   /* that call */
	const char *ca_name, *ca_rule;  /* borrowed; NULL: none */
};

/* ---- what the call says ---- */

static int
take_der(struct submission *s, const unsigned char *der, size_t len)
{
	return ca_pkcs10_parse(der, len, &s->req.csr, &s->e.err);
}

static int
take_text(struct submission *s, const char *text)
{
	unsigned char *der = NULL;
	size_t len = 0;
	int rc = ca_pkcs10_unarmour(text, &der, &len, &s->e.err);

	if (rc == 0)
		rc = take_der(s, der, len);
	free(der);
	return rc;
}

static int
take_crmf(struct submission *s, const char *text)
{
	unsigned char *ber = NULL;
	size_t len = 0;
	int rc = gh_base64_decode(text, strlen(text), &ber, &len, &s->e.err);

	if (rc != 0 && rc != GH_E_NOMEM)
		return gh_refuse(&s->e.err, GH_E_CSR, "CSR: not base64");
	if (rc == 0)
		rc = ca_crmf_parse(ber, len, &s->req.csr, &s->e.err);
	free(ber);
	return rc == 0 ? rest_request_key_take(&s->req.csr, &s->key, &s->e.err) : rc;
}

/* The body is the request itself, in DER or as text. */
static int
read_pkcs10(struct submission *s)
{
	const struct gh_http_request *http = s->call->http;
	char *text;
	int rc;

	if (http->body_len > 0 && http->body[0] == DER_SEQUENCE)
		return take_der(s, http->body, http->body_len);
	if (memchr(http->body, '\0', http->body_len) != NULL)
		return gh_refuse(&s->e.err, GH_E_CSR, "The body is no PKCS#10 in DER or base64.");
	if ((text = strndup((const char *)http->body, http->body_len)) == NULL)
		return gh_fail(&s->e.err, GH_E_NOMEM, "body");
	rc = take_text(s, text);
	free(text);
	return rc;
}

static int
take_password(struct submission *s, const gh_json *body)
{
	const char *text =
	    rest_text(&s->fields, body, "approval_password", 0, APPROVAL_PASSWORD_MAX, false);
	int rc = rest_fields_check(&s->fields, &s->e.err);

	if (rc == 0 && text != NULL && (s->password = strdup(text)) == NULL)
		rc = gh_fail(&s->e.err, GH_E_NOMEM, "request");
	return rc;
}

/* What steers the choice of the CA. */
static int
take_choice(struct submission *s, const gh_json *body)
{
	const char *ca = rest_text(&s->fields, body, "ca", 1, CHOICE_TEXT_MAX, false);
	const char *tenant = rest_text(&s->fields, body, "tenant", 1, CHOICE_TEXT_MAX, false);
	int rc = rest_fields_check(&s->fields, &s->e.err);

	if (rc == 0 &&
	    ((ca != NULL && (s->req.ca_name = strdup(ca)) == NULL) ||
		(tenant != NULL && (s->req.tenant = strdup(tenant)) == NULL)))
		rc = gh_fail(&s->e.err, GH_E_NOMEM, "request");
	return rc;
}

/* {"pkcs10" or "crmf","metadata","archival","approval_password","ca","tenant"} */
static int
read_json(struct submission *s)
{
	static const char *const names[] = {"pkcs10", "crmf", "metadata", "archival",
	    "approval_password", "ca", "tenant", NULL};
	gh_json *body, *metadata;
	const char *pkcs10, *crmf;
	int rc = rest_body(s->call, &body, &s->e.err);

	if (rc != 0)
		return rc;
	rest_only(&s->fields, body, NULL, names);
	crmf = rest_text(&s->fields, body, "crmf", 1, PKCS10_TEXT_MAX, false);
	pkcs10 = rest_text(&s->fields, body, "pkcs10", 1, PKCS10_TEXT_MAX, crmf == NULL);
	if (pkcs10 != NULL && crmf != NULL)
		rest_field_wrong(&s->fields, "crmf", "Give pkcs10 or crmf, not both.");
	metadata = gh_json_get(body, "metadata");
	if (gh_json_type(metadata) != GH_JSON_NULL && gh_json_type(metadata) != GH_JSON_OBJECT)
		rest_field_wrong(&s->fields, "metadata", "The field metadata must be an object.");
	rest_request_key_read(body, &s->fields, &s->key);
	if ((rc = rest_fields_check(&s->fields, &s->e.err)) == 0 &&
	    (rc = take_password(s, body)) == 0 && (rc = take_choice(s, body)) == 0)
		rc = crmf != NULL ? take_crmf(s, crmf) : take_text(s, pkcs10);
	if (rc == 0 && gh_json_type(metadata) == GH_JSON_OBJECT)
		s->req.metadata = gh_json_ref(metadata);
	gh_json_free(body);
	return rc;
}

static int
read_body(struct submission *s)
{
	const struct gh_http_request *http = s->call->http;

	if (http->body_len == 0)
		return gh_refuse(&s->e.err, GH_E_BAD_REQUEST,
		    "The body is empty: send a PKCS#10, as %s or in JSON.", REST_PKCS10_TYPE);
	return gh_http_is_json(gh_http_header(http, "content-type")) ? read_json(s)
								     : read_pkcs10(s);
}

/* ---- who asks, for what ---- */

/* A request is recorded for the application that it came through, so that an officer's approval
 * finds the same templates, CA and groups. */
static int
init(const struct worker_env *env, struct submission *s)
{
	struct enroll_request *req = &s->req;
	const struct app *app;
	int rc;

	req->protocol = ENROLL_REST;
	memcpy(req->request_id, s->call->http->request_id, sizeof(req->request_id));
	req->requester = *s->call->requester;
	req->submitted = gh_now();
	s->e.req = req;
	s->e.detail = s->detail;
	s->e.entry = s->call->entry;
	if ((req->template_name = strdup(call_text(s->call->parts, "profile"))) == NULL)
		return gh_fail(&s->e.err, GH_E_NOMEM, "request");
	if ((rc = rest_door(env, s->call, &app, &s->e.err)) != 0)
		return rc;
	s->e.profile = &app->profile;
	req->requester.app_id = app->id;
	snprintf(req->requester.app_name, sizeof(req->requester.app_name), "%s", app->name);
	return rest_idempotency(env->server_secret, s->call, req, &s->e.err);
}

/* ---- the answer ---- */

/* A denial says why, and where it is recorded. */
static void
reply_denied(const struct submission *s, struct gh_http_reply *rep)
{
	const struct enroll_outcome *out = &s->e.out;
	gh_json *more = gh_json_new_object();
	struct gh_error err;

	single_denial(&s->e, s->is_recorded, &err);
	if (more == NULL || gh_json_set_int(more, "id", out->cms_request_id) != 0 ||
	    !rest_request_links(more, out->cms_request_id, 0, NULL)) {
		gh_json_free(more);
		more = NULL;
	}
	rest_error(&err, s->call->http->request_id, more, rep);
}

static gh_json *
certificate_json(const struct enroll_outcome *out)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set_int(o, "id", out->cms_id) == 0 &&
	    gh_json_set_string(o, "serial", out->serial) == 0 &&
	    gh_json_set_string(o, "thumbprint", out->thumbprint) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static gh_json *
answer_json(const struct submission *s)
{
	const struct enroll_outcome *out = &s->e.out;
	gh_json *o = gh_json_new_object();

	if (gh_json_set_int(o, "id", out->cms_request_id) == 0 &&
	    gh_json_set_string(o, "profile", s->req.template_name) == 0 &&
	    gh_json_set_string(o, "status", enroll_state_name(out->disposition)) == 0 &&
	    gh_json_set_string(o, "message", out->message) == 0 &&
	    (out->cms_id == 0 || gh_json_set(o, "certificate", certificate_json(out)) == 0) &&
	    gh_json_set_string(o, "ca", s->ca_name) == 0 &&
	    gh_json_set_string(o, "ca_rule", s->ca_rule) == 0 &&
	    (*s->key_id == '\0' || gh_json_set_string(o, "key_id", s->key_id) == 0) &&
	    rest_request_links(o, out->cms_request_id, out->cms_id, s->key_id))
		return o;
	gh_json_free(o);
	return NULL;
}

/* Of an answer that was recorded before, the database knows. */
static int
find_key(struct worker_env *env, struct submission *s)
{
	if (s->is_recorded || s->e.out.is_replay)
		return store_get_request_key(env->store, s->e.out.cms_request_id, s->key_id,
		    &s->e.err);
	if (s->e.key != NULL)
		memcpy(s->key_id, s->e.key->key->id, sizeof(s->key_id));
	return 0;
}

/* Which CA, and which rule chose it; of an answer that was recorded before, the database knows. */
static int
find_choice(struct worker_env *env, struct submission *s)
{
	struct enroll_outcome out = {0};
	const struct ca *ca = s->e.ca;
	int64_t ca_id = 0;
	int rc = 0;

	if (s->is_recorded || s->e.out.is_replay) {
		rc = store_get_request(env->store, s->e.out.cms_request_id, &s->before, &out,
		    &ca_id, &s->e.err);
		enroll_outcome_clear(&out);
		ca = ca_set_find_id(&env->catalog->cas, ca_id);
		s->ca_rule = s->before.ca_rule;
	} else if (s->e.rule != NULL) {
		s->ca_rule = s->e.rule->name;
	}
	s->ca_name = ca != NULL ? ca->name : s->before.ca_name;
	return rc;
}

static void
answer(struct worker_env *env, struct submission *s, struct gh_http_reply *rep)
{
	char location[64];

	if (s->e.rc == 0 && s->e.out.disposition != DB_DISP_DENIED)
		s->e.rc = find_key(env, s);
	if (s->e.rc == 0 && s->e.out.disposition != DB_DISP_DENIED)
		s->e.rc = find_choice(env, s);
	if (s->e.rc != 0) {
		rest_error(&s->e.err, s->call->http->request_id, rest_fields_take(&s->fields), rep);
	} else if (s->e.out.disposition == DB_DISP_DENIED) {
		reply_denied(s, rep);
	} else {
		snprintf(location, sizeof(location), REST_REQUEST "%" PRId64,
		    s->e.out.cms_request_id);
		gh_http_reply_header(rep, "Location", location);
		rest_json(rep, 201, answer_json(s));
	}
}

/* ---- all of it ---- */

static void
decide(struct worker_env *env, struct submission *s)
{
	if (s->e.rc == 0 && (s->e.rc = read_body(s)) == 0 &&
	    (s->e.rc = rest_renewal_check(env, s->call, &s->fields, &s->req.follows, s->detail,
		 &s->e.err)) == 0) {
		s->req.archives_key = s->key.is_there;
		single_decide(env, &s->e, s->password);
	}
	if (s->e.rc == 0)
		s->e.rc = rest_request_key_archive(env, &s->key, &s->e, &s->e.err);
	single_finish(env, s->call, &s->e);
}

void
rest_submit(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct submission s = {.call = call};
	int64_t ca_id; /* the answer has no certificate in it */

	if ((s.e.rc = init(env, &s)) == 0)
		s.e.rc = single_find_recorded(env, &s.e, &s.is_recorded, &ca_id);
	if (!s.is_recorded)
		decide(env, &s);
	answer(env, &s, rep);
	rest_request_key_clear(&s.key);
	if (s.password != NULL)
		OPENSSL_cleanse(s.password, strlen(s.password));
	free(s.password);
	rest_fields_clear(&s.fields);
	enrollment_clear(&s.e);
	enroll_request_clear(&s.before);
	enroll_request_clear(&s.req);
}
