/* Challenges. See cmc_pop.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/x509v3.h>

#include "digest.h"
#include "formats/cms_encrypt.h"
#include "formats/crmf.h"
#include "formats/mac_alg.h"
#include "timestamp.h"

#include "cmc_pop.h"
#include "cmc_ra.h"

#define LABEL "gatehouse cmc pop v1"
#define SLOT_MIN 10                     /* seconds */
#define CHALLENGED_MAX (128 * 1024)     /* bytes of requests, which go back */
#define HMAC_SHA256 GH_OID_RSADSI, 2, 9 /* RFC 8018, B.1.2 */

/* --- the value -------------------------------------------------------------------------------- */

static int64_t
slot_now(const struct cmc_run *r)
{
	int64_t length = r->ctx->env->conf->certenroll.replay_window / 2;

	return gh_now() / (length < SLOT_MIN ? SLOT_MIN : length);
}

static int
make_value(const struct cmc_run *r, size_t i, int64_t slot, unsigned char out[CMC_POP_SIZE],
    struct gh_error *err)
{
	const struct pki_request *request = &r->data.request[i];
	const struct requester *who = &r->who;
	unsigned char key[GH_KEY_SIZE];
	struct gh_buf b;
	int rc = gh_derive_key(r->ctx->env->server_secret, LABEL, key, err);

	gh_buf_init(&b, CMS_MESSAGE_MAX);
	gh_buf_put_u32(&b, (uint32_t)((uint64_t)slot >> 32));
	gh_buf_put_u32(&b, (uint32_t)slot);
	gh_buf_put_u32(&b, (uint32_t)who->kind);
	gh_buf_put_string(&b, *who->id != '\0' ? who->id : who->name);
	gh_buf_put_string(&b, r->ctx->template_name);
	gh_buf_put_string(&b, r->ctx->label != NULL ? r->ctx->label : "");
	gh_buf_put_block(&b, request->content.p, request->content.len);
	if (rc == 0)
		rc = gh_buf_check(&b, err);
	if (rc == 0 && !gh_hmac(GH_SHA256, key, sizeof(key), b.data, b.len, out))
		rc = gh_fail(err, GH_E_NOMEM, "proof of possession");
	OPENSSL_cleanse(key, sizeof(key));
	gh_buf_free(&b);
	return rc;
}

/* TaggedRequest: the alternative crm of its CHOICE. */
static void
put_request(const struct pki_request *request, struct gh_buf *out)
{
	gh_der_put(out, GH_DER_CONTEXT(1), request->content.p, request->content.len);
}

/* thePOP: a MAC over the request, as encryptedPOP gives it. */
static int
make_proof(const struct cmc_run *r, size_t i, const unsigned char value[CMC_POP_SIZE],
    unsigned char out[CMC_POP_SIZE], struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, CMS_MESSAGE_MAX);
	put_request(&r->data.request[i], &b);
	if ((rc = gh_buf_check(&b, err)) == 0 &&
	    !gh_hmac(GH_SHA256, value, CMC_POP_SIZE, b.data, b.len, out))
		rc = gh_fail(err, GH_E_NOMEM, "proof of possession");
	gh_buf_free(&b);
	return rc;
}

/* --- decryptedPOP ----------------------------------------------------------------------------- */

/* DecryptedPOP ::= SEQUENCE { bodyPartID, thePOPAlgID, thePOP OCTET STRING } */
static bool
read_control(const struct pki_control *c, uint32_t *body, struct gh_der *proof)
{
	struct gh_der in = c->value, all;
	const EVP_MD *md;

	return gh_der_take(&in, GH_DER_SEQUENCE, &all) && gh_der_take_u32(&all, body) &&
	    mac_alg_take_hmac(&all, &md) && md != NULL && EVP_MD_is_a(md, "SHA256") &&
	    gh_der_take(&all, GH_DER_OCTETS, proof) && all.len == 0;
}

static bool
find_request(const struct cmc_run *r, uint32_t body, size_t *out)
{
	for (size_t i = 0; i < r->data.requests; i++)
		if (r->data.request[i].id == body && r->csr[i]->awaits_proof) {
			*out = i;
			return true;
		}
	return false;
}

/* Of the time that it is now, or of the one before. */
static int
check_proof(struct cmc_run *r, size_t i, const struct gh_der *proof, struct gh_error *err)
{
	unsigned char value[CMC_POP_SIZE], want[CMC_POP_SIZE];
	int64_t now = slot_now(r);
	bool fits = false;
	int rc = 0;

	for (int64_t slot = now; rc == 0 && !fits && slot >= now - 1; slot--) {
		if ((rc = make_value(r, i, slot, value, err)) == 0)
			rc = make_proof(r, i, value, want, err);
		fits = rc == 0 && proof->len == sizeof(want) &&
		    CRYPTO_memcmp(proof->p, want, sizeof(want)) == 0;
	}
	if (fits) {
		memcpy(r->pop[i], value, sizeof(value));
		r->has_pop[i] = true;
	}
	OPENSSL_cleanse(value, sizeof(value));
	OPENSSL_cleanse(want, sizeof(want));
	if (rc == 0 && !fits)
		rc = gh_refuse(err, GH_E_CSR_SIGNATURE,
		    "decryptedPOP does not fit: it is of another challenge, request or requester, "
		    "or its time is over.");
	return rc;
}

static int
set_proven(struct cmc_run *r, size_t i, struct gh_error *err)
{
	struct ca_pkcs10 *proven;
	int rc = ca_crmf_without_key(r->csr[i], &proven, err);

	if (rc != 0)
		return rc;
	ca_pkcs10_free(r->csr[i]);
	r->csr[i] = proven;
	return 0;
}

static int
take_proof(struct cmc_run *r, const struct pki_control *c)
{
	struct gh_der proof;
	struct gh_error err;
	uint32_t body;
	size_t i;
	int rc;

	if (!read_control(c, &body, &proof) || !find_request(r, body, &i)) {
		gh_refuse(&err, GH_E_BAD_REQUEST,
		    "decryptedPOP: malformed, no HMAC with SHA-256, or of no request that awaits a "
		    "proof.");
		return cmc_refuse(r, c->id, &err);
	}
	if ((rc = check_proof(r, i, &proof, &err)) == 0)
		rc = set_proven(r, i, &err);
	return rc == 0 ? 0 : cmc_refuse(r, body, &err);
}

/* 6.8: what an RA has seen is not asked for once more. */
static int
take_word(struct cmc_run *r, size_t i)
{
	struct gh_error err;

	if (set_proven(r, i, &err) != 0)
		return cmc_refuse(r, r->data.request[i].id, &err);
	r->is_vouched[i] = true;
	return 0;
}

/* --- encryptedPOP ----------------------------------------------------------------------------- */

/* A key that would not be certified anyway is not challenged. */
static int
challenge(struct cmc_run *r, size_t i, size_t *bytes)
{
	struct gh_error err;

	*bytes += r->data.request[i].content.len;
	if (ca_pkcs10_check(r->csr[i], &err) != GH_E_CSR_SIGNATURE || *bytes > CHALLENGED_MAX)
		return cmc_refuse(r, r->data.request[i].id, &err);
	r->is_challenged[i] = true;
	gh_refuse(&err, GH_E_CSR_SIGNATURE,
	    "Possession of the key must be proven: answer encryptedPOP by decryptedPOP.");
	return cmc_refuse_as(r, r->data.request[i].id, CMC_POP_REQUIRED_FAIL, &err);
}

int
cmc_pop_check(struct cmc_run *r)
{
	size_t bytes = 0;
	int rc = 0;

	for (size_t i = 0; i < r->data.controls && rc == 0; i++)
		if (r->data.control[i].kind == CMC_DECRYPTED_POP)
			rc = take_proof(r, &r->data.control[i]);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < r->data.requests; i++)
		if (r->csr[i]->awaits_proof)
			rc |= cmc_ra_vouches_for(r, i) ? take_word(r, i) : challenge(r, i, &bytes);
	return rc;
}

static int
encrypt(const struct cmc_run *r, size_t i, const unsigned char value[CMC_POP_SIZE],
    struct gh_buf *out, struct gh_error *err)
{
	const struct ca_pkcs10 *csr = r->csr[i];
	ASN1_OCTET_STRING *id =
	    X509V3_get_d2i(csr->extensions, NID_subject_key_identifier, NULL, NULL);
	const struct cms_recipient to = {csr->key, id, r->data.request[i].id};
	unsigned char *der;
	size_t len;
	int rc = cms_encrypt(&to, &(struct gh_der){value, CMC_POP_SIZE}, &der, &len, err);

	if (rc == 0)
		gh_buf_put(out, der, len);
	free(der);
	ASN1_OCTET_STRING_free(id);
	return rc;
}

/* EncryptedPOP ::= SEQUENCE { request TaggedRequest, cms ContentInfo, thePOPAlgID, witnessAlgID,
 * witness OCTET STRING } */
static int
put_challenge(const struct cmc_run *r, size_t i, struct gh_buf *out, struct gh_error *err)
{
	static const unsigned char algorithms[] = {GH_DER_SEQUENCE, 10, GH_OID_DER(HMAC_SHA256),
	    GH_DER_SEQUENCE, 11, GH_OID_DER(GH_OID_SHA256)};
	unsigned char value[CMC_POP_SIZE], witness[GH_DIGEST_MAX];
	int rc = make_value(r, i, slot_now(r), value, err);

	put_request(&r->data.request[i], out);
	if (rc == 0)
		rc = encrypt(r, i, value, out, err);
	if (rc == 0 && !gh_digest(GH_SHA256, value, sizeof(value), witness))
		rc = gh_fail(err, GH_E_INTERNAL, "SHA-256");
	OPENSSL_cleanse(value, sizeof(value));
	gh_buf_put(out, algorithms, sizeof(algorithms));
	if (rc == 0)
		gh_der_put(out, GH_DER_OCTETS, witness, 32);
	return rc == 0 ? gh_buf_check(out, err) : rc;
}

int
cmc_pop_put(const struct cmc_run *r, struct pki_response *out, struct gh_error *err)
{
	struct gh_buf body, value;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->data.requests; i++) {
		if (!r->is_challenged[i])
			continue;
		gh_buf_init(&body, CMS_MESSAGE_MAX);
		gh_buf_init(&value, CMS_MESSAGE_MAX);
		if ((rc = put_challenge(r, i, &body, err)) == 0) {
			gh_der_put(&value, GH_DER_SEQUENCE, body.data, body.len);
			if ((rc = gh_buf_check(&value, err)) == 0)
				pki_response_add(out, CMC_ENCRYPTED_POP,
				    &(struct gh_der){value.data, value.len});
		}
		gh_buf_free(&body);
		gh_buf_free(&value);
	}
	return rc;
}
