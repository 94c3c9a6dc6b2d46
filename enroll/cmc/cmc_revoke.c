/* revokeRequest. See cmc_act.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>

#include "asn1_time.h"
#include "authority/revoke.h"

#include "cmc_act.h"

/* RevokeRequest ::= SEQUENCE { issuerName, serialNumber, reason, invalidityDate OPTIONAL,
 * passphrase OCTET STRING OPTIONAL, comment UTF8String OPTIONAL } (6.11) */
struct asked {
	struct cmc_cert_id id;
	int reason;
	int64_t invalidity_date;  /* 0: none */
	char *comment;            /* NULL: none */
	struct gh_der passphrase; /* borrowed; empty: none */
};

static void
clear(struct asked *a)
{
	cmc_cert_id_clear(&a->id);
	free(a->comment);
}

static bool
take_date(struct gh_der *in, int64_t *out)
{
	struct gh_der date;
	ASN1_GENERALIZEDTIME *t;
	bool ok;

	*out = 0;
	if (!gh_der_take(in, GH_DER_GEN_TIME, &date))
		return true;
	t = ASN1_GENERALIZEDTIME_new();
	ok = t != NULL && ASN1_STRING_set(t, date.p, (int)date.len) == 1 &&
	    gh_asn1_time_get(t, out) && *out > 0;
	ASN1_GENERALIZEDTIME_free(t);
	return ok;
}

static bool
take_comment(struct gh_der *in, char **out)
{
	struct gh_der text;

	*out = NULL;
	if (!gh_der_take(in, GH_DER_UTF8, &text))
		return true;
	if (memchr(text.p, '\0', text.len) != NULL)
		return false;
	*out = strndup((const char *)text.p, text.len);
	return *out != NULL;
}

static bool
read(struct gh_der in, struct asked *a)
{
	struct gh_der all, name, serial, reason;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &all) ||
	    !gh_der_take_whole(&all, GH_DER_SEQUENCE, &name) ||
	    !gh_der_take(&all, GH_DER_INTEGER, &serial) ||
	    !gh_der_take(&all, GH_DER_ENUMERATED, &reason) || reason.len != 1 ||
	    !take_date(&all, &a->invalidity_date))
		return false;
	a->reason = reason.p[0];
	(void)gh_der_take(&all, GH_DER_OCTETS, &a->passphrase);
	return take_comment(&all, &a->comment) && all.len == 0 &&
	    cmc_cert_id_read(&name, &serial, &a->id);
}

static int
revoke(struct cmc_run *r, const struct asked *a, struct gh_error *err)
{
	const struct cmc_context *ctx = r->ctx;
	struct revoke_request what = {
	    .key = {.serial = a->id.serial, .issuer_dn = a->id.issuer},
	    .to = revoke_state_of(a->reason),
	    .reason = a->reason,
	    .invalidity_date = a->invalidity_date,
	    .comment = a->comment,
	    .request_id = ctx->request_id,
	};
	struct store_cert_status status;

	return revoke_set_status(ctx->env->store, ctx->env->conf, &r->who, &what, &status, err);
}

bool
cmc_revoke_passphrase(const struct pki_control *c, struct gh_der *out)
{
	struct asked a = {.reason = 0};
	bool ok = read(c->value, &a) && a.passphrase.len > 0;

	*out = a.passphrase;
	clear(&a);
	return ok;
}

/* Always a full response. */
void
cmc_revoke(struct cmc_run *r, const struct pki_control *c)
{
	struct asked a = {.reason = 0};
	struct gh_error err;
	int rc;

	r->needs_full = true;
	if (!read(c->value, &a))
		rc = gh_refuse(&err, GH_E_BAD_REQUEST, "revokeRequest is malformed.");
	else
		rc = revoke(r, &a, &err);
	if (rc == 0)
		cmc_succeed(r, c->id);
	else
		(void)cmc_refuse(r, c->id, &err);
	clear(&a);
}
