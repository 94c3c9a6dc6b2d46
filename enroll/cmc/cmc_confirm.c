/* confirmCertAcceptance. See cmc_act.h. */
#include <stdio.h>

#include "authority/revoke.h"
#include "store/status/confirmation.h"

#include "cmc_act.h"
#include "cmc_enroll.h"

/* CMCCertId ::= IssuerAndSerialNumber */
static bool
read(struct gh_der in, struct cmc_cert_id *out)
{
	struct gh_der all, name, serial;

	return gh_der_take(&in, GH_DER_SEQUENCE, &all) && in.len == 0 &&
	    gh_der_take_whole(&all, GH_DER_SEQUENCE, &name) &&
	    gh_der_take(&all, GH_DER_INTEGER, &serial) && all.len == 0 &&
	    cmc_cert_id_read(&name, &serial, out);
}

/* Who may not learns nothing of its state. */
static int
confirm(struct cmc_run *r, const struct cmc_cert_id *id, struct gh_error *err)
{
	struct store *store = r->ctx->env->store;
	struct store_cert_key key = {.serial = id->serial, .issuer_dn = id->issuer};
	struct store_cert_status cert;
	int64_t row;
	int rc;

	if ((rc = store_find_cert(store, &key, &row, err)) != 0 ||
	    (rc = store_get_status(store, row, &cert, err)) != 0)
		return rc;
	if (!revoke_is_owner(&r->who, &cert))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Only who asked for a certificate may confirm it.");
	if (cert.state == STORE_CERT_REVOKED)
		return gh_refuse(err, GH_E_CONFLICT, "The certificate was revoked.");
	return store_confirm_cert(store, &r->who, r->ctx->request_id, &cert, err);
}

/* Always a full response (6.11). */
void
cmc_confirm(struct cmc_run *r, const struct pki_control *c)
{
	struct cmc_cert_id id = {NULL, NULL};
	struct gh_error err;
	int rc;

	r->needs_full = true;
	if (!read(c->value, &id))
		rc = gh_refuse(&err, GH_E_BAD_REQUEST, "confirmCertAcceptance is malformed.");
	else
		rc = confirm(r, &id, &err);
	if (rc == 0)
		cmc_succeed(r, c->id);
	else
		(void)cmc_refuse(r, c->id, &err);
	cmc_cert_id_clear(&id);
}

/* A recorded answer says what is to be done now, whatever the label says meanwhile. */
void
cmc_issue(struct cmc_run *r, uint32_t body, int64_t cert_id)
{
	struct cmc_status *s;
	struct gh_error err;
	bool awaits;

	if (store_awaits_confirmation(r->ctx->env->store, cert_id, &awaits, &err) != 0) {
		(void)cmc_refuse(r, body, &err);
		return;
	}
	if (!awaits) {
		cmc_succeed(r, body);
		return;
	}
	r->needs_full = true;
	if ((s = cmc_status_new(r, CMC_CONFIRM_REQUIRED, body)) != NULL)
		snprintf(s->text, sizeof(s->text),
		    "Confirm the certificate by confirmCertAcceptance, or it is revoked.");
}
