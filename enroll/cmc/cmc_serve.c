/* What is asked for: the controls that ask something, then the requests. */
#include <string.h>

#include "cmc_enroll.h"
#include "cmc_run.h"
#include "cmc_token.h"

/* --- queryPending (6.13) ---------------------------------------------------------------------- */

static void
take_state(struct cmc_run *r, uint32_t body, const struct enroll_outcome *out)
{
	struct gh_error err;

	if (out->disposition == DB_DISP_PENDING) {
		cmc_wait(r, body, out);
	} else if (out->disposition == DB_DISP_ISSUED && cmc_give(r, &out->chain)) {
		r->needs_full = true;
		cmc_succeed(r, body);
	} else {
		gh_refuse(&err, GH_E_DENIED, "The request was not granted: %.200s", out->message);
		(void)cmc_refuse(r, body, &err);
	}
}

static void
query_pending(struct cmc_run *r, const struct pki_control *c)
{
	struct worker_env *env = r->ctx->env;
	struct enroll_outcome out = {0};
	struct gh_der in = c->value, token;
	struct gh_error err;
	bool cert_only;
	int64_t id;
	int rc;

	if (!gh_der_take(&in, GH_DER_OCTETS, &token))
		rc = gh_refuse(&err, GH_E_BAD_REQUEST, "queryPending: no OCTET STRING.");
	else if ((rc = cmc_token_read(env, token.p, token.len, &id, &err)) == 0)
		rc = enroll_status(env, &r->who, id, &out, &cert_only, &err);
	if (rc == GH_E_NOT_FOUND)
		rc = gh_refuse(&err, GH_E_BAD_REQUEST, "queryPending: no request of yours.");
	if (rc == 0)
		take_state(r, c->id, &out);
	else
		(void)cmc_refuse(r, c->id, &err);
	enroll_outcome_clear(&out);
}

/* --- all of it -------------------------------------------------------------------------------- */

static const struct {
	enum cmc_kind kind;
	void (*serve)(struct cmc_run *r, const struct pki_control *c);
} acts[] = {
    {CMC_QUERY_PENDING, query_pending},
};

static bool
serve(struct cmc_run *r, const struct pki_control *c)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (acts[i].kind == c->kind) {
			acts[i].serve(r, c);
			return true;
		}
	return false;
}

void
cmc_serve(struct cmc_run *r)
{
	bool is_asked = r->data.requests > 0;
	struct gh_error err;

	for (size_t i = 0; i < r->data.controls; i++)
		is_asked |= serve(r, &r->data.control[i]);
	cmc_enroll(r);
	if (!is_asked) {
		gh_refuse(&err, GH_E_BAD_REQUEST, "The message asks for nothing.");
		(void)cmc_refuse(r, 0, &err);
	}
}
