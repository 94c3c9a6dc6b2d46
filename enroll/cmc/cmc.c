/* Full CMC: the stages of a request in their order. See cmc.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "utf8.h"

#include "cmc_batch.h"
#include "cmc_envelope.h"
#include "cmc_ra.h"
#include "cmc_run.h"

/* --- what came of it -------------------------------------------------------------------------- */

struct cmc_status *
cmc_status_new(struct cmc_run *r, enum cmc_state state, uint32_t body)
{
	struct cmc_status *s;

	if (r->statuses == CMC_STATUSES_MAX)
		return NULL;
	s = &r->status[r->statuses++];
	*s = (struct cmc_status){.state = state, .body = {body}, .bodies = 1};
	return s;
}

int
cmc_refuse_as(struct cmc_run *r, uint32_t body, enum cmc_fail fail, const struct gh_error *err)
{
	struct cmc_status *s = cmc_status_new(r, CMC_FAILED, body);
	const char *text = *err->message != '\0' ? err->message : gh_error_info(err->code)->message;

	if (s != NULL) {
		s->fail = fail;
		snprintf(s->text, sizeof(s->text), "%s", text);
		gh_utf8_clean(s->text);
	}
	r->needs_full = true;
	if (r->rc == 0) {
		r->rc = err->code;
		r->err = *err;
	}
	return err->code;
}

int
cmc_refuse(struct cmc_run *r, uint32_t body, const struct gh_error *err)
{
	return cmc_refuse_as(r, body, cmc_fail_of(err->code), err);
}

void
cmc_succeed(struct cmc_run *r, uint32_t body)
{
	struct cmc_status *s = NULL;

	for (size_t i = 0; s == NULL && i < r->statuses; i++)
		if (r->status[i].state == CMC_SUCCESS &&
		    r->status[i].bodies < CMC_STATUS_BODIES_MAX)
			s = &r->status[i];
	if (s != NULL)
		s->body[s->bodies++] = body;
	else
		(void)cmc_status_new(r, CMC_SUCCESS, body);
}

/* --- all of it -------------------------------------------------------------------------------- */

struct cmc_run *
cmc_run_new(const struct cmc_context *ctx, const struct cmc_run *ra)
{
	struct cmc_run *r = calloc(1, sizeof(*r));

	if (r != NULL) {
		r->ctx = ctx;
		r->ra = ra;
		r->layer = ra != NULL ? ra->layer + 1 : 0;
		r->load = ra != NULL ? ra->load : &r->own_load;
	}
	return r;
}

void
cmc_run_free(struct cmc_run *r)
{
	if (r == NULL)
		return;
	cmc_batch_free(r->batch);
	free(r->said);
	for (size_t i = 0; i < PKI_DATA_REQUESTS_MAX; i++)
		ca_pkcs10_free(r->csr[i]);
	for (size_t i = 0; i < r->signers; i++)
		X509_free(r->signer[i]);
	sk_X509_pop_free(r->certs, X509_free);
	sk_X509_CRL_pop_free(r->crls, X509_CRL_free);
	cert_chain_clear(&r->chain);
	cmc_secret_clear(&r->secret);
	cms_signed_clear(&r->outer);
	cms_signed_clear(&r->message);
	auth_data_clear(&r->authenticated);
	free(r);
}

/* Something was done, or waits? */
static bool
has_effect(const struct cmc_run *r)
{
	for (size_t i = 0; i < r->statuses; i++)
		if (r->status[i].state == CMC_SUCCESS ||
		    r->status[i].state == CMC_CONFIRM_REQUIRED || r->status[i].state == CMC_PENDING)
			return true;
	return false;
}

static void
sum_up(const struct cmc_run *r, struct cmc_answer *out)
{
	out->is_pending = false;
	for (size_t i = 0; i < r->statuses; i++)
		if (r->status[i].state == CMC_PENDING)
			out->is_pending = r->rc == 0 && r->issued == 0;
	if (r->rc != 0 && !has_effect(r)) {
		out->rc = r->rc;
		out->err = r->err;
	}
	cmc_batch_guess(r, &out->guess);
}

/* A refusal before there was a request to record. */
static void
audit(const struct cmc_run *r)
{
	static const struct requester nobody = {.kind = REQUESTER_NONE};
	const struct requester *who = r->who.kind != REQUESTER_NONE ? &r->who
	    : r->ra != NULL                                         ? &r->ra->who
	    : r->ctx->caller != NULL                                ? r->ctx->caller
								    : &nobody;

	enroll_audit_refusal(r->ctx->env, who, r->ctx->request_id, r->ctx->template_name, &r->err);
}

/* Who asks for what. */
static int
prove(struct cmc_run *r)
{
	bool is_proven = false;
	int rc = r->rc; /* of what was read */

	if (rc == 0 && (rc = cmc_verify(r)) == 0) {
		is_proven = !cmc_is_authenticated(r);
		rc = cmc_identify(r);
	}
	is_proven |= rc == 0;
	r->is_believed = is_proven;
	if (rc == 0)
		rc = cmc_check_time(r);
	if (rc != 0 && r->is_enveloped && !is_proven)
		cmc_envelope_hide(r);
	if (rc != 0 || (rc = cmc_batch_count_late(r)) != 0 || (rc = cmc_ra_read(r)) != 0 ||
	    (rc = cmc_batch_read(r)) != 0)
		return rc;
	return cmc_ra_check(r);
}

void
cmc_run_answer(struct cmc_run *r, struct cmc_answer *out)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if (prove(r) == 0)
		cmc_serve(r);
	else
		audit(r);
	sum_up(r, out);
	if ((rc = cmc_respond(r, out)) != 0 && out->rc == 0)
		out->rc = rc;
}

void
cmc_answer(const struct cmc_context *ctx, const unsigned char *ber, size_t len,
    struct cmc_answer *out)
{
	struct cmc_run *r = cmc_run_new(ctx, NULL);

	memset(out, 0, sizeof(*out));
	if (r == NULL) {
		out->rc = gh_fail(&out->err, GH_E_NOMEM, "CMC");
		return;
	}
	cmc_read(r, ber, len);
	cmc_run_answer(r, out);
	cmc_run_free(r);
	ERR_clear_error();
}

void
cmc_answer_clear(struct cmc_answer *out)
{
	free(out->body);
	memset(out, 0, sizeof(*out));
}
