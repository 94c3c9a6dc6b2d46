/* What is asked for: the controls that ask something, then the requests. */
#include <string.h>

#include "cmc_act.h"
#include "cmc_batch.h"
#include "cmc_enroll.h"

static const struct {
	enum cmc_kind kind;
	void (*serve)(struct cmc_run *r, const struct pki_control *c);
} acts[] = {
    {CMC_QUERY_PENDING, cmc_query_pending},
    {CMC_REVOKE_REQUEST, cmc_revoke},
    {CMC_CONFIRM_CERT_ACCEPTANCE, cmc_confirm},
    {CMC_GET_CERT, cmc_get_cert},
    {CMC_GET_CRL, cmc_get_crl},
    {CMC_BATCH_REQUESTS, cmc_batch_serve},
};

bool
cmc_is_act(const struct pki_control *c)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (acts[i].kind == c->kind)
			return true;
	return false;
}

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
