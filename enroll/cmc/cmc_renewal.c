/* Renewal and rekey by CMC. See cmc_renewal.h. */
#include <string.h>

#include "renewal.h"
#include "store/request/request_poll.h"
#include "timestamp.h"

#include "cmc_ra.h"
#include "cmc_renewal.h"

static int
check(struct cmc_run *r, size_t i, X509 *signer, int64_t window)
{
	struct gh_error err = {0};

	if (renewal_check_names(signer, r->csr[i], &err) != 0)
		return cmc_refuse(r, r->data.request[i].id, &err);
	if (renewal_check_time(signer, window, gh_now(), &err) != 0)
		return cmc_refuse_as(r, r->data.request[i].id, CMC_BAD_REQUEST, &err);
	return 0;
}

/* Where several of them signed, it must be a renewal of each. */
int
cmc_renewal_check(struct cmc_run *r, size_t i)
{
	const struct catalog_template *t =
	    catalog_find_template(r->ctx->env->catalog, r->ctx->template_name);
	int64_t window = r->ctx->renewal_window;
	int rc = 0;

	if (!r->is_by_cert_alone || cmc_ra_is_for_another(r, i) || t == NULL ||
	    !tmpl_takes_names(t->tmpl))
		return 0;
	if (window == 0)
		window = tmpl_renewal_overlap(t->tmpl);
	for (size_t k = 0; rc == 0 && k < r->signers; k++)
		rc = check(r, i, r->signer[k], window);
	return rc;
}

/* None of those that prove who asks, RAs around the message included. */
static int
check_unspent(const struct cmc_run *r, struct gh_error *err)
{
	int rc = 0;

	if (r->ctx->is_spent && r->ra == NULL)
		return gh_refuse(err, GH_E_FORBIDDEN, STORE_RENEWED_ALREADY);
	for (const struct cmc_run *at = r; at != NULL; at = at->ra)
		for (size_t i = 0; rc == 0 && i < at->signers; i++)
			rc = renewal_check_unspent(r->ctx->env->store, at->signer[i], err);
	return rc;
}

/* The certificate of the connection, and nothing in the message. */
static bool
is_by_call_alone(const struct cmc_run *r)
{
	return r->ra == NULL && r->ctx->caller_renews && r->signers == 0 && r->secret.text == NULL;
}

int
cmc_renewal_once(struct cmc_run *r, size_t i, struct enroll_request *req, struct gh_error *err)
{
	char of[RENEWAL_OF_SIZE];
	int rc;

	if (!r->ctx->renews_once)
		return 0;
	if ((rc = check_unspent(r, err)) == 0 && is_by_call_alone(r))
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "Each certificate is renewed once: sign with the one that is renewed.");
	if (rc != 0 || !r->is_by_cert_alone || cmc_ra_is_for_another(r, i))
		return rc;
	if (r->signers > 1)
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Each certificate is renewed once: sign with the one that is renewed, alone.");
	if ((rc = renewal_name(r->signer[0], of, err)) == 0 && (req->renews = strdup(of)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "request");
	return rc;
}

int64_t
cmc_renewal_follows(const struct cmc_run *r, size_t i, const struct enroll_request *req)
{
	const struct catalog_template *t =
	    catalog_find_template(r->ctx->env->catalog, r->ctx->template_name);
	struct gh_error err = {0};

	if (r->signers != 1 || t == NULL || cmc_ra_is_for_another(r, i) ||
	    (tmpl_takes_names(t->tmpl) && renewal_check_names(r->signer[0], req->csr, &err) != 0))
		return 0;
	return r->renewable[0];
}
