/* Asking again for what waits. See cmc_act.h. */
#include "cmc_act.h"
#include "cmc_enroll.h"
#include "cmc_token.h"

static void
take_state(struct cmc_run *r, uint32_t body, const struct enroll_outcome *out)
{
	struct gh_error err;

	if (out->disposition == DB_DISP_PENDING) {
		cmc_wait(r, body, out);
	} else if (out->disposition == DB_DISP_ISSUED && cmc_give(r, &out->chain)) {
		r->needs_full = true;
		cmc_issue(r, body, out->cms_id);
	} else {
		gh_refuse(&err, GH_E_DENIED, "The request was not granted: %.200s", out->message);
		(void)cmc_refuse(r, body, &err);
	}
}

void
cmc_query_pending(struct cmc_run *r, const struct pki_control *c)
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
