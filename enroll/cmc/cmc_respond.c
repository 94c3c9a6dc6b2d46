/* The response: certificates alone where that says all, else a signed PKIResponse. */
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "log.h"

#include "ca_choice.h"
#include "formats/cms_encrypt.h"
#include "formats/pkcs7.h"

#include "cmc_batch.h"
#include "cmc_pop.h"
#include "cmc_run.h"
#include "gateway_signer.h"
#include "pki_response.h"

#define PKI_RESPONSE "1.3.6.1.5.5.7.12.3" /* id-cct-PKIResponse */
#define NONCE_SIZE 16                     /* bytes */
#define BODY_MAX (5 * 1024 * 1024)        /* with all that pki_response.c takes */

/* What the client wants back (6.4, 6.6). */
static void
echo(const struct cmc_run *r, struct pki_response *out)
{
	const struct pki_control *id = r->control[CMC_TRANSACTION_ID];
	const struct pki_control *nonce = r->control[CMC_SENDER_NONCE];
	const struct pki_control *data = r->control[CMC_DATA_RETURN];

	if (id != NULL)
		pki_response_add(out, CMC_TRANSACTION_ID, &id->value);
	if (nonce != NULL)
		pki_response_add(out, CMC_RECIPIENT_NONCE, &nonce->value);
	if (data != NULL)
		pki_response_add(out, CMC_DATA_RETURN, &data->value);
}

static bool
must_echo(const struct cmc_run *r)
{
	return r->control[CMC_TRANSACTION_ID] != NULL || r->control[CMC_SENDER_NONCE] != NULL ||
	    r->control[CMC_DATA_RETURN] != NULL;
}

static int
add_nonce(struct pki_response *out, struct gh_error *err)
{
	unsigned char nonce[NONCE_SIZE];

	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random bytes");
	pki_response_add_octets(out, CMC_SENDER_NONCE, nonce, sizeof(nonce));
	return 0;
}

static int
put_response(const struct cmc_run *r, struct gh_buf *der, struct gh_error *err)
{
	struct pki_response out;
	int rc = 0;

	pki_response_init(&out);
	for (size_t i = 0; rc == 0 && i < r->statuses; i++)
		rc = pki_response_add_status(&out, CMC_STATUS_INFO_V2, &r->status[i], err);
	for (size_t i = 0; rc == 0 && r->ctx->is_legacy && i < r->statuses; i++)
		rc = pki_response_add_status(&out, CMC_STATUS_INFO, &r->status[i], err);
	echo(r, &out);
	if (rc == 0)
		rc = cmc_pop_put(r, &out, err);
	if (rc == 0)
		rc = cmc_batch_put(r, &out, err);
	if (rc == 0)
		rc = add_nonce(&out, err);
	if (rc == 0)
		rc = pki_response_put(&out, der, err);
	pki_response_free(&out);
	return rc;
}

/* --- who signs -------------------------------------------------------------------------------- */

/* The CA that issued, else the one that would. */
static const struct ca *
find_ca(const struct cmc_run *r)
{
	const struct catalog *catalog = r->ctx->env->catalog;
	const struct catalog_template *t = catalog_find_template(catalog, r->ctx->template_name);
	const struct ca *ca = r->ca;
	struct ca_question q;

	if (ca == NULL && t != NULL) {
		q = ca_question_of(&r->who, r->entry, t->tmpl);
		ca = ca_choice_show(catalog, r->ctx->profile, &q);
	}
	return ca != NULL ? ca : ca_set_only_issuing(&catalog->cas);
}

/* A response is due in any case: where no CA can help, it goes unsigned, and is believed for the
 * TLS that it came by. */
static void
find_signer(const struct cmc_run *r, struct gateway_signer *out)
{
	const struct ca *ca = find_ca(r);
	struct gh_error err;

	memset(out, 0, sizeof(*out));
	if (ca != NULL && ca_may_issue(ca) &&
	    gateway_signer_find(r->ctx->env, STORE_SIGNER_CMC, ca, out, &err) != 0)
		gh_log_kv(GH_LOG_ERROR, "a CMC response is not signed", "ca", ca->name, "cause",
		    err.detail, NULL);
}

static int
respond_full(const struct cmc_run *r, struct cmc_answer *out)
{
	struct cms_signing s = {.certs = r->certs, .crls = r->crls, .type = PKI_RESPONSE};
	struct gateway_signer signer;
	struct gh_buf der;
	int rc;

	gh_buf_init(&der, BODY_MAX);
	find_signer(r, &signer);
	s.key = signer.key;
	s.cert = signer.cert;
	if ((rc = put_response(r, &der, &out->err)) == 0)
		rc = cms_signed_make(&s, &(struct gh_der){der.data, der.len}, &out->body, &out->len,
		    &out->err);
	out->is_full = true;
	gateway_signer_clear(&signer);
	gh_buf_free(&der);
	return rc;
}

/* --- for whom --------------------------------------------------------------------------------- */

/* Whoever signed what came encrypted, and can read what goes encrypted (5). NULL: all can. */
static X509 *
find_recipient(const struct cmc_run *r)
{
	if (r->ctx->encrypts_answers && r->is_enveloped && r->is_believed)
		for (size_t i = 0; i < r->signers; i++)
			if (cms_encrypt_can(r->signer[i]))
				return r->signer[i];
	return NULL;
}

static int
seal(X509 *to, struct cmc_answer *out)
{
	const struct gh_der message = {out->body, out->len};
	unsigned char *body;
	int rc = cms_encrypt_signed(to, &message, &body, &out->len, &out->err);

	free(out->body);
	out->body = body; /* nothing goes in the clear instead */
	return rc;
}

int
cmc_respond(struct cmc_run *r, struct cmc_answer *out)
{
	X509 *to = find_recipient(r);
	int rc;

	if (to != NULL)
		return (rc = respond_full(r, out)) != 0 ? rc : seal(to, out);
	if (r->needs_full || r->issued != 1 || must_echo(r))
		return respond_full(r, out);
	return ca_pkcs7_encode(&r->chain, &out->body, &out->len, &out->err);
}
