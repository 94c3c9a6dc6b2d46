/* Requests go through the stages of the pipeline. See cmc_enroll.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "spki.h"
#include "timestamp.h"

#include "asked_extensions.h"
#include "device_check.h"
#include "reopen.h"
#include "single.h"

#include "log.h"
#include "store/catalog/cmc_secret_row.h"

#include "cmc_enroll.h"
#include "cmc_pop.h"
#include "cmc_pop_link.h"
#include "cmc_ra.h"
#include "cmc_reg_info.h"
#include "cmc_renewal.h"
#include "cmc_replay.h"
#include "cmc_token.h"

/* --- answers ---------------------------------------------------------------------------------- */

bool
cmc_give(struct cmc_run *r, const struct cert_chain *chain)
{
	if (r->certs == NULL && (r->certs = sk_X509_new_null()) == NULL)
		return false;
	for (size_t i = 0; i < chain->n; i++) {
		const unsigned char *p = chain->cert[i].der;
		X509 *x = d2i_X509(NULL, &p, (long)chain->cert[i].len);

		if (x == NULL || sk_X509_push(r->certs, x) <= 0) {
			X509_free(x);
			return false;
		}
	}
	return true;
}

void
cmc_wait(struct cmc_run *r, uint32_t body, const struct enroll_outcome *out)
{
	struct cmc_status *s = cmc_status_new(r, CMC_PENDING, body);
	struct gh_error err;

	r->needs_full = true;
	if (s == NULL)
		return;
	s->pend_time = gh_now() + r->ctx->poll_after;
	if (cmc_token_make(r->ctx->env, out->cms_request_id, s->token, &err) != 0) {
		r->statuses--;
		(void)cmc_refuse(r, body, &err);
		return;
	}
	s->token_len = CMC_TOKEN_SIZE;
	snprintf(s->text, sizeof(s->text), "%s", out->message);
}

static void
take_issued(struct cmc_run *r, uint32_t body, struct enrollment *e)
{
	struct gh_error err;

	if (!cmc_give(r, &e->out.chain)) {
		gh_fail(&err, GH_E_NOMEM, "certificates of an answer");
		(void)cmc_refuse(r, body, &err);
		return;
	}
	if (r->issued++ == 0) {
		r->chain = e->out.chain;
		memset(&e->out.chain, 0, sizeof(e->out.chain));
	}
	cmc_issue(r, body, e->out.cms_id);
}

static void
take_outcome(struct cmc_run *r, uint32_t body, struct enrollment *e, bool was_recorded,
    bool has_extensions)
{
	struct gh_error err;

	if (r->ca == NULL)
		r->ca = e->ca;
	if (e->rc != 0) {
		(void)cmc_refuse(r, body, &e->err);
	} else if (e->out.disposition == DB_DISP_ISSUED) {
		take_issued(r, body, e);
	} else if (e->out.disposition == DB_DISP_PENDING) {
		cmc_wait(r, body, &e->out);
	} else {
		single_denial(e, was_recorded, &err);
		(void)cmc_refuse_as(r, body,
		    has_extensions ? cmc_fail_of(err.code) : CMC_UNSUPPORTED_EXT, &err);
	}
}

/* --- one request ------------------------------------------------------------------------------ */

/* The request as it is recorded; it takes the CSR over. */
static int
fill(struct cmc_run *r, size_t i, struct enroll_request *req, struct gh_error *err)
{
	const struct cmc_context *ctx = r->ctx;
	int rc;

	req->protocol = ctx->protocol;
	snprintf(req->request_id, sizeof(req->request_id), "%s", ctx->request_id);
	req->requester = r->who;
	if (cmc_ra_is_for_another(r, i)) {
		req->requester.is_ra = true;
		req->requester.device = ctx->label != NULL
		    ? device_of_ra(ctx->env, ctx->label, r->csr[i])
		    : req->requester.device;
	}
	req->submitted = gh_now();
	req->confirm_within = ctx->confirm_within;
	if ((req->template_name = strdup(ctx->template_name)) == NULL ||
	    (ctx->label != NULL && (req->label = strdup(ctx->label)) == NULL) ||
	    (ctx->operation != NULL && (req->operation = strdup(ctx->operation)) == NULL))
		return gh_fail(err, GH_E_NOMEM, "request");
	req->csr = r->csr[i];
	r->csr[i] = NULL;
	req->follows = cmc_renewal_follows(r, i, req);
	if ((rc = cmc_reg_info_read(r, &req->metadata, err)) != 0)
		return rc;
	return cmc_replay_mark(r, i, req, err);
}

/*
 * The one who is known by his certificate alone is looked up, and must still be the one who asked
 * for it. Who is no user of the directory has no entry there, whatever he is called.
 */
static int
find_entry(struct cmc_run *r, struct enrollment *e, struct dir_entry **own)
{
	*own = NULL;
	if (r->who.kind != REQUESTER_DIRECTORY)
		return r->ctx->profile->admits_without_entry
		    ? 0
		    : gh_fail(&e->err, GH_E_NOT_IN_DIRECTORY, "%s is no user of the directory",
			  r->who.name);
	if (!r->has_entry)
		return enroll_reopen(r->ctx->env, e, own);
	e->entry = r->entry;
	return 0;
}

/* What waits for an officer is his to look at. false: it is refused for its extensions. */
static bool
check_extensions(struct enrollment *e)
{
	if (e->rc == 0 && e->spec != NULL)
		e->rc = asked_extensions_check(e->req->csr, e->spec, &e->err);
	else
		return true;
	return e->rc == 0;
}

static void
decide(struct cmc_run *r, struct enrollment *e, bool *has_extensions)
{
	struct dir_entry *own = NULL;

	if ((e->rc = find_entry(r, e, &own)) == 0) {
		e->profile = r->ctx->profile;
		enroll_decide(r->ctx->env, e);
		*has_extensions = check_extensions(e);
		enroll_sign(r->ctx->env, &e, 1);
		enroll_record(r->ctx->env, &e, 1);
	}
	dir_entry_free(own);
}

static void
enroll_one(struct cmc_run *r, size_t i)
{
	struct worker_env *env = r->ctx->env;
	struct enroll_request req = {0};
	struct enrollment e = {.req = &req, .profile = r->ctx->profile};
	bool is_recorded = false, has_extensions = true;
	int64_t ca_id = 0;
	char detail[512];

	e.detail = cmc_ra_detail(r, i, detail, sizeof(detail));
	if ((e.rc = fill(r, i, &req, &e.err)) == 0)
		e.rc = single_find_recorded(env, &e, &is_recorded, &ca_id);
	if (e.rc == 0 && is_recorded)
		e.rc = enroll_complete_chain(&env->catalog->cas, ca_id, &e.out, &e.err);
	else if (e.rc == 0 && r->was_used)
		e.rc =
		    gh_refuse(&e.err, GH_E_AUTH_FAILED, "The secret was good once, and was used.");
	else if (e.rc == 0 && (e.rc = cmc_renewal_once(r, i, &req, &e.err)) == 0)
		decide(r, &e, &has_extensions);
	take_outcome(r, r->data.request[i].id, &e, is_recorded, has_extensions);
	enrollment_clear(&e);
	enroll_request_clear(&req);
}

/* --- all of them ------------------------------------------------------------------------------ */

static bool
is_key_of_signer(const struct cmc_run *r, const struct ca_pkcs10 *csr)
{
	bool is_one = false;

	for (size_t i = 0; i < r->signers; i++)
		is_one |= EVP_PKEY_eq(X509_get0_pubkey(r->signer[i]), csr->key) == 1;
	return is_one;
}

/* What the client has signed: before it is changed. */
static int
check(struct cmc_run *r, size_t i)
{
	const struct ca_pkcs10 *csr = r->csr[i];
	struct gh_error err;

	if (ca_pkcs10_check(csr, &err) != 0)
		return cmc_refuse(r, r->data.request[i].id, &err);
	if (r->ctx->forbids_key_reuse && is_key_of_signer(r, csr)) {
		gh_refuse(&err, GH_E_DENIED,
		    "A new certificate needs a new key: make one and ask again.");
		return cmc_refuse_as(r, r->data.request[i].id, CMC_NO_KEY_REUSE, &err);
	}
	return 0;
}

static int
check_all(struct cmc_run *r)
{
	int rc = cmc_reg_info_check(r);

	for (size_t i = 0; i < r->data.requests; i++)
		rc |= check(r, i);
	if (rc != 0 || (rc = cmc_pop_link_check(r)) != 0)
		return rc;
	for (size_t i = 0; i < r->data.requests; i++)
		rc |= cmc_ra_change(r, i) != 0 || cmc_renewal_check(r, i) != 0;
	return rc;
}

static bool
is_granted(const struct cmc_run *r)
{
	for (size_t i = 0; i < r->statuses; i++)
		if (r->status[i].state == CMC_PENDING)
			return true;
	return r->issued > 0;
}

/* A secret that is good once is for one certificate: it is taken by one message with one request,
 * before anything is signed, and given back where nothing came of it. */
static int
use_secret(struct cmc_run *r, unsigned char message[REPLAY_MARK_SIZE])
{
	const struct gh_der *content = &r->content;
	struct gh_error err;
	int rc;

	if (!r->secret.is_one_time)
		return 0;
	if (r->data.requests != 1)
		rc = gh_refuse(&err, GH_E_BAD_REQUEST,
		    "The secret is good once: for one request, not for several.");
	else if (!gh_digest(GH_SHA256, content->p, content->len, message))
		rc = gh_fail(&err, GH_E_INTERNAL, "SHA-256");
	else
		rc = store_use_cmc_secret(r->ctx->env->store, r->secret.id, message, &r->was_used,
		    &err);
	return rc == 0 ? 0 : cmc_refuse(r, 0, &err);
}

static void
return_secret(struct cmc_run *r, const unsigned char message[REPLAY_MARK_SIZE])
{
	struct gh_error err;

	if (!r->secret.is_one_time || r->was_used || is_granted(r))
		return;
	if (store_return_cmc_secret(r->ctx->env->store, r->secret.id, message, &err) != 0)
		gh_log_kv(GH_LOG_ERROR, "a secret of CMC stays used", "cause", err.detail, NULL);
}

void
cmc_enroll(struct cmc_run *r)
{
	unsigned char message[REPLAY_MARK_SIZE] = {0};

	if (cmc_pop_check(r) != 0 || check_all(r) != 0 || r->data.requests == 0 ||
	    use_secret(r, message) != 0)
		return;
	for (size_t i = 0; i < r->data.requests; i++)
		enroll_one(r, i);
	return_secret(r, message);
}
