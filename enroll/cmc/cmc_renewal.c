/* Renewal and rekey by CMC. See cmc_renewal.h. */
#include "renewal.h"
#include "timestamp.h"

#include "cmc_renewal.h"

int
cmc_renewal_check(struct cmc_run *r, size_t i)
{
	const struct catalog_template *t =
	    catalog_find_template(r->ctx->env->catalog, r->ctx->template_name);
	int64_t window = r->ctx->renewal_window;
	struct gh_error err;

	if (!r->is_by_cert_alone || t == NULL || !tmpl_takes_names(t->tmpl))
		return 0;
	if (renewal_check_names(r->signer, r->csr[i], &err) != 0)
		return cmc_refuse(r, r->data.request[i].id, &err);
	if (window == 0)
		window = tmpl_renewal_overlap(t->tmpl);
	if (renewal_check_time(r->signer, window, gh_now(), &err) != 0)
		return cmc_refuse_as(r, r->data.request[i].id, CMC_BAD_REQUEST, &err);
	return 0;
}
