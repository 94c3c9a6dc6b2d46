/* Answers of POST /csr/process. See csr_answer.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/ca_rule.h"
#include "formats/cert_parts.h"
#include "formats/names_text.h"
#include "pem.h"
#include "rest/rest_request_view.h"
#include "single.h"
#include "timestamp.h"

#include "csr_answer.h"
#include "csr_facts.h"

#define PEM_MAX (256 * 1024)
#define LINK_SIZE 64

/* ---- the certificate ---- */

static gh_json *
pem_of(const void *der, size_t len)
{
	struct gh_buf b;
	gh_json *text;

	gh_buf_init(&b, PEM_MAX);
	gh_pem_put(&b, "CERTIFICATE", der, len);
	text = gh_buf_check(&b, NULL) == 0 ? gh_json_new_string((char *)b.data) : NULL;
	gh_buf_free(&b);
	return text;
}

static int
set_time(gh_json *o, const char *name, int64_t t)
{
	char stamp[GH_TIMESTAMP_SIZE];

	return gh_json_set_string(o, name, gh_timestamp_format(t, stamp));
}

/* Its issuers, the nearest first. */
static gh_json *
issuers(const struct cert_chain *chain)
{
	gh_json *list = gh_json_new_array();
	int bad = list == NULL ? -1 : 0;

	for (size_t i = 1; bad == 0 && i < chain->n; i++)
		bad = gh_json_append(list, pem_of(chain->cert[i].der, chain->cert[i].len));
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

static int
set_parts(gh_json *o, const struct cert_parts *parts)
{
	X509_NAME *name = NULL;
	const unsigned char *p = parts->subject.p;
	char *text = NULL;
	int rc = -1;

	if ((name = d2i_X509_NAME(NULL, &p, (long)parts->subject.len)) != NULL &&
	    (text = ca_dn_text(name)) != NULL && gh_json_set_string(o, "subject", text) == 0 &&
	    gh_json_set(o, "sans",
		parts->san.len > 0 ? ca_san_json_der(parts->san.p, parts->san.len)
				   : gh_json_new_array()) == 0 &&
	    set_time(o, "not_before", parts->not_before) == 0)
		rc = set_time(o, "not_after", parts->not_after);
	free(text);
	X509_NAME_free(name);
	return rc;
}

static gh_json *
certificate_json(const struct enroll_outcome *out)
{
	gh_json *o = gh_json_new_object();
	struct cert_parts parts;

	if (out->chain.n > 0 &&
	    cert_parts_read(out->chain.cert[0].der, out->chain.cert[0].len, &parts) &&
	    gh_json_set_int(o, "id", out->cms_id) == 0 &&
	    gh_json_set_string(o, "serial", out->serial) == 0 &&
	    gh_json_set_string(o, "thumbprint", out->thumbprint) == 0 &&
	    gh_json_set_string(o, "issuer", out->issuer_dn) == 0 && set_parts(o, &parts) == 0 &&
	    gh_json_set(o, "pem", pem_of(out->chain.cert[0].der, out->chain.cert[0].len)) == 0 &&
	    gh_json_set(o, "chain", issuers(&out->chain)) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* ---- the request ---- */

/* Of an answer that was recorded before, the database knows what it was. */
static int
set_choice(struct worker_env *env, struct csr_submission *s, gh_json *o)
{
	struct enroll_outcome out = {0};
	struct enroll_request was = {0};
	const struct enroll_request *req = &s->req;
	const struct ca *ca = s->e.ca;
	int64_t ca_id = 0;
	int rc = 0;

	if (s->is_recorded || s->e.out.is_replay) {
		rc = store_get_request(env->store, s->e.out.cms_request_id, &was, &out, &ca_id,
		    &s->e.err);
		ca = ca_set_find_id(&env->catalog->cas, ca_id);
		req = &was;
	}
	if (rc == 0 &&
	    (gh_json_set_string(o, "template", req->template_name) != 0 ||
		gh_json_set_string(o, "ca", ca != NULL ? ca->name : req->ca_name) != 0 ||
		gh_json_set_string(o, "ca_rule",
		    s->e.rule != NULL ? s->e.rule->name : req->ca_rule) != 0))
		rc = gh_fail(&s->e.err, GH_E_NOMEM, "answer");
	enroll_outcome_clear(&out);
	enroll_request_clear(&was);
	return rc;
}

static bool
set_links(gh_json *o, const struct enroll_outcome *out)
{
	char page[LINK_SIZE];

	snprintf(page, sizeof(page), CSR_PAGE "%" PRId64, out->cms_request_id);
	return rest_request_links(o, out->cms_request_id, out->cms_id, NULL) &&
	    gh_json_set_string(gh_json_get(o, "links"), "page", page) == 0;
}

static int
make_answer(struct worker_env *env, struct csr_submission *s, gh_json **answer)
{
	const struct enroll_outcome *out = &s->e.out;
	gh_json *o = *answer = gh_json_new_object();
	int rc;

	if (gh_json_set_bool(o, "success", true) != 0 ||
	    gh_json_set_string(o, "status", enroll_state_name(out->disposition)) != 0 ||
	    gh_json_set_string(o, "message", out->message) != 0 ||
	    gh_json_set_int(o, "id", out->cms_request_id) != 0)
		return gh_fail(&s->e.err, GH_E_NOMEM, "answer");
	if ((rc = set_choice(env, s, o)) != 0)
		return rc;
	if (gh_json_set(o, "csr", csr_facts(s->req.csr)) != 0 ||
	    (out->disposition == DB_DISP_ISSUED &&
		gh_json_set(o, "certificate", certificate_json(out)) != 0) ||
	    !set_links(o, out))
		return gh_fail(&s->e.err, GH_E_NOMEM, "answer");
	return 0;
}

/* ---- answers ---- */

/* 422 where a field is to blame, whatever rule found it. */
static void
refuse(const struct worker_env *env, struct csr_submission *s, const struct gh_error *err,
    gh_json *more, struct gh_http_reply *rep)
{
	bool is_field = csr_blame_field(env, s, err);
	gh_json *fields = rest_fields_take(&s->in.fields);
	gh_json *errors = fields != NULL ? gh_json_ref(gh_json_get(fields, "errors")) : NULL;

	gh_json_free(fields);
	if (more == NULL)
		more = gh_json_new_object();
	if (gh_json_set_bool(more, "success", false) != 0 ||
	    (errors != NULL && gh_json_set(more, "errors", gh_json_ref(errors)) != 0)) {
		gh_json_free(more);
		more = NULL;
	}
	gh_json_free(errors);
	rest_error(err, s->call->http->request_id, more, rep);
	if (is_field && rep->status < 500)
		rep->status = gh_error_info(GH_E_VALIDATION)->http_status;
}

/* Recorded: it has a number. */
static void
refuse_denied(const struct worker_env *env, struct csr_submission *s, struct gh_http_reply *rep)
{
	gh_json *more = gh_json_new_object();
	struct gh_error err;

	single_denial(&s->e, s->is_recorded, &err);
	if (gh_json_set_int(more, "id", s->e.out.cms_request_id) != 0 ||
	    !set_links(more, &s->e.out)) {
		gh_json_free(more);
		more = NULL;
	}
	refuse(env, s, &err, more, rep);
}

void
csr_answer(struct worker_env *env, struct csr_submission *s, struct gh_http_reply *rep)
{
	char location[LINK_SIZE];
	gh_json *answer = NULL;

	if (s->e.rc == 0 && s->e.out.disposition == DB_DISP_DENIED) {
		refuse_denied(env, s, rep);
		return;
	}
	if (s->e.rc == 0)
		s->e.rc = make_answer(env, s, &answer);
	if (s->e.rc != 0) {
		gh_json_free(answer);
		refuse(env, s, &s->e.err, NULL, rep);
		return;
	}
	snprintf(location, sizeof(location), REST_REQUEST "%" PRId64, s->e.out.cms_request_id);
	gh_http_reply_header(rep, "Location", location);
	rest_json(rep, s->e.out.disposition == DB_DISP_PENDING ? 202 : 201, answer);
}

void
csr_process(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct csr_submission s = {.call = call};

	csr_open(env, call->form, &s);
	csr_finish(env, &s);
	csr_answer(env, &s, rep);
	csr_clear(&s);
}
