/* getCert and getCRL. See cmc_act.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "encoding.h"
#include "store/status/crl_row.h"
#include "store/status/revocation.h"

#include "cmc_act.h"
#include "cmc_enroll.h"

#define CRL_MAX (1024 * 1024) /* bytes; a longer one is fetched from its distribution point */

/* --- certificates ----------------------------------------------------------------------------- */

/* GetCert ::= SEQUENCE { issuerName GeneralName, serialNumber INTEGER }; of GeneralName only
 * directoryName [4], explicit, since Name is a CHOICE. */
static bool
read_cert(struct gh_der in, struct cmc_cert_id *out)
{
	struct gh_der all, general, name, serial;

	return gh_der_take(&in, GH_DER_SEQUENCE, &all) &&
	    gh_der_take(&all, GH_DER_CONTEXT(4), &general) &&
	    gh_der_take_whole(&general, GH_DER_SEQUENCE, &name) && general.len == 0 &&
	    gh_der_take(&all, GH_DER_INTEGER, &serial) && all.len == 0 &&
	    cmc_cert_id_read(&name, &serial, out);
}

static int
load_cert(struct cmc_run *r, const struct cmc_cert_id *id, struct cert_chain *out,
    struct gh_error *err)
{
	struct store *store = r->ctx->env->store;
	struct store_cert_key key = {.serial = id->serial, .issuer_dn = id->issuer};
	unsigned char *der = NULL;
	char number[24];
	const char *text;
	size_t len = 0;
	int64_t row, ca_id;
	gh_json *cert = NULL;
	int rc;

	if ((rc = store_find_cert(store, &key, &row, err)) != 0)
		return rc;
	snprintf(number, sizeof(number), "%" PRId64, row);
	if ((rc = store_get_cert(store, number, &cert, err)) != 0)
		return rc;
	text = gh_json_int(gh_json_get(cert, "ca_id"), &ca_id) && ca_id < 0
	    ? NULL /* another issuer's */
	    : gh_json_string(gh_json_get(cert, "der"));
	rc = text != NULL ? gh_base64_decode(text, strlen(text), &der, &len, err)
			  : gh_refuse(err, GH_E_NOT_FOUND, "The certificate was removed.");
	if (rc == 0)
		rc = cert_chain_add(out, der, len, err);
	free(der);
	gh_json_free(cert);
	return rc;
}

static int
give_cert(struct cmc_run *r, struct cert_chain *chain, struct gh_error *err)
{
	if (!cmc_give(r, chain))
		return gh_fail(err, GH_E_NOMEM, "certificate of an answer");
	if (r->issued++ == 0) {
		r->chain = *chain;
		memset(chain, 0, sizeof(*chain));
	}
	return 0;
}

void
cmc_get_cert(struct cmc_run *r, const struct pki_control *c)
{
	struct cmc_cert_id id = {NULL, NULL};
	struct cert_chain chain = {0};
	struct gh_error err;
	int rc;

	if (!read_cert(c->value, &id))
		rc = gh_refuse(&err, GH_E_BAD_REQUEST, "getCert is malformed.");
	else if ((rc = load_cert(r, &id, &chain, &err)) == 0)
		rc = give_cert(r, &chain, &err);
	if (rc == 0)
		cmc_succeed(r, c->id);
	else
		(void)cmc_refuse(r, c->id, &err);
	cert_chain_clear(&chain);
	cmc_cert_id_clear(&id);
}

/* --- CRLs ------------------------------------------------------------------------------------- */

/* GetCRL ::= SEQUENCE { issuerName Name, cRLName GeneralName OPTIONAL, time OPTIONAL, reasons
 * OPTIONAL }: the newest one, whatever else is named. */
static X509_NAME *
read_issuer(struct gh_der in)
{
	struct gh_der all, name;
	const unsigned char *p;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &all) ||
	    !gh_der_take_whole(&all, GH_DER_SEQUENCE, &name))
		return NULL;
	p = name.p;
	return d2i_X509_NAME(NULL, &p, (long)name.len);
}

/* The CA of this name that issues; else any that still signs CRLs. */
static const struct ca *
find_ca(const struct cmc_run *r, const X509_NAME *name)
{
	const struct ca_set *cas = &r->ctx->env->catalog->cas;
	const struct ca *found = NULL;

	for (size_t i = 0; i < cas->n; i++)
		if (X509_NAME_cmp(X509_get_subject_name(cas->ca[i]->cert), name) == 0 &&
		    (found == NULL || ca_may_issue(cas->ca[i])))
			found = cas->ca[i];
	return found;
}

/* The answer has it already: each goes once, however often it is asked for. */
static bool
has_crl(const struct cmc_run *r, const X509_NAME *issuer)
{
	for (int i = 0; i < sk_X509_CRL_num(r->crls); i++)
		if (X509_NAME_cmp(X509_CRL_get_issuer(sk_X509_CRL_value(r->crls, i)), issuer) == 0)
			return true;
	return false;
}

static int
give_crl(struct cmc_run *r, const unsigned char *der, size_t len, struct gh_error *err)
{
	const unsigned char *p = der;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)len);

	if (r->crls == NULL)
		r->crls = sk_X509_CRL_new_null();
	if (crl != NULL && r->crls != NULL && sk_X509_CRL_push(r->crls, crl) > 0)
		return 0;
	X509_CRL_free(crl);
	ERR_clear_error();
	return gh_fail(err, GH_E_NOMEM, "CRL of an answer");
}

static int
load_crl(struct cmc_run *r, const struct ca *ca, struct gh_error *err)
{
	struct store_crl_scope scope = {.ca_id = ca->id, .shard = STORE_CRL_COMPLETE};
	struct store *store = r->ctx->env->store;
	unsigned char *der = NULL;
	struct store_crl crl;
	int rc = store_crl_newest(store, &scope, false, &crl, err);

	if (rc == 0 && (crl.id == 0 || crl.size > CRL_MAX))
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "There is no complete CRL that fits into an answer: see the distribution points of "
		    "certificates.");
	if (rc == 0 && (rc = store_crl_body(store, &crl, &der, err)) == 0)
		rc = give_crl(r, der, (size_t)crl.size, err);
	free(der);
	return rc;
}

void
cmc_get_crl(struct cmc_run *r, const struct pki_control *c)
{
	X509_NAME *issuer = read_issuer(c->value);
	const struct ca *ca = issuer != NULL ? find_ca(r, issuer) : NULL;
	struct gh_error err;
	int rc;

	r->needs_full = true;
	if (issuer == NULL)
		rc = gh_refuse(&err, GH_E_BAD_REQUEST, "getCRL is malformed.");
	else if (ca == NULL)
		rc = gh_refuse(&err, GH_E_NOT_FOUND, "No CA of this name is here.");
	else
		rc = has_crl(r, issuer) ? 0 : load_crl(r, ca, &err);
	if (rc == 0)
		cmc_succeed(r, c->id);
	else
		(void)cmc_refuse(r, c->id, &err);
	X509_NAME_free(issuer);
	ERR_clear_error();
}
