/*
 * Who asks. What is proven must be one and the same: the transport's caller, the holder of the
 * certificate that signed, and who knows a shared secret. Where nothing is proven, nothing is
 * served.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include <openssl/x509.h>

#include "digest.h"
#include "hex.h"

#include "cmc_act.h"
#include "cmc_legacy.h"
#include "cmc_ra.h"
#include "cmc_run.h"
#include "cmc_witness.h"

#define IDENTIFICATION_MAX 255 /* bytes */

static int
refuse(struct cmc_run *r, uint32_t body, enum gh_code code, const char *text)
{
	struct gh_error err;

	gh_refuse(&err, code, "%s", text);
	return cmc_refuse(r, body, &err);
}

/* --- the shared secret (6.2) ------------------------------------------------------------------ */

static bool
read_identification(const struct cmc_run *r, char out[IDENTIFICATION_MAX + 1])
{
	const struct pki_control *c = r->control[CMC_IDENTIFICATION];
	struct gh_der in, text;

	if (c == NULL)
		return false;
	in = c->value;
	if (!gh_der_take(&in, GH_DER_UTF8, &text) || text.len == 0 ||
	    text.len > IDENTIFICATION_MAX || memchr(text.p, '\0', text.len) != NULL)
		return false;
	memcpy(out, text.p, text.len);
	out[text.len] = '\0';
	return true;
}

/* The MAC is over reqSequence as it came, with tag and length; its key is of the secret with the
 * identification behind it (6.2.1, 6.2.3). */
static int
check_proof_v2(struct cmc_run *r, const struct gh_der *proof, const char *identification,
    struct gh_error *err)
{
	struct gh_buf hashed;
	int rc;

	gh_buf_init(&hashed, 4096);
	hashed.secret = true;
	gh_buf_put(&hashed, r->secret.text, r->secret.len);
	gh_buf_puts(&hashed, identification);
	if ((rc = gh_buf_check(&hashed, err)) == 0)
		rc = cmc_witness_check(proof, &(struct gh_der){hashed.data, hashed.len},
		    &r->data.req_sequence, err);
	gh_buf_free(&hashed);
	return rc;
}

/* The same of the secret alone (6.2.2). */
static int
check_proof_v1(struct cmc_run *r, const struct gh_der *proof, struct gh_error *err)
{
	const struct gh_der secret = {r->secret.text, r->secret.len};
	struct gh_der in = *proof, witness;

	if (!gh_der_take(&in, GH_DER_OCTETS, &witness))
		return gh_refuse(err, GH_E_BAD_REQUEST, "identityProof: no OCTET STRING.");
	return cmc_legacy_check_witness(&witness, &secret, &r->data.req_sequence, err);
}

static int
check_proof(struct cmc_run *r, const struct pki_control *proof, const char *identification)
{
	struct gh_error err;
	int rc = proof->kind == CMC_IDENTITY_PROOF
	    ? check_proof_v1(r, &proof->value, &err)
	    : check_proof_v2(r, &proof->value, identification, &err);

	return rc == 0 ? 0 : cmc_refuse(r, proof->id, &err);
}

/* An empty reqSequence is the same in each message: what proves it once would prove it for ever. */
static int
prove_secret(struct cmc_run *r, const struct pki_control *proof)
{
	char identification[IDENTIFICATION_MAX + 1];
	struct gh_error err;

	if (!read_identification(r, identification))
		return refuse(r, proof->id, GH_E_AUTH_FAILED,
		    "The control identification must say whose secret it is.");
	if (r->data.requests == 0)
		return refuse(r, proof->id, GH_E_AUTH_FAILED,
		    "A proof of identity proves nothing without a request.");
	if (cmc_secret_find(r->ctx->env, identification, r->ctx->label, &r->secret, &err) != 0)
		return cmc_refuse(r, proof->id, &err);
	return check_proof(r, proof, identification);
}

/* A message without signature, in which each certificate is to be revoked by the secret of who
 * asked for it (6.11); nothing else may be asked for in it. */
static int
check_passphrase(struct cmc_run *r, const struct pki_control *c)
{
	struct gh_der passphrase;

	if (cmc_is_act(c) && c->kind != CMC_REVOKE_REQUEST)
		return refuse(r, c->id, GH_E_SIGNATURE,
		    "A message without signature can only revoke.");
	if (c->kind != CMC_REVOKE_REQUEST ||
	    (cmc_revoke_passphrase(c, &passphrase) && passphrase.len == r->secret.len &&
		CRYPTO_memcmp(passphrase.p, r->secret.text, r->secret.len) == 0))
		return 0;
	return refuse(r, c->id, GH_E_AUTH_FAILED,
	    "Identification and secret do not fit, or are not known.");
}

static int
prove_passphrases(struct cmc_run *r)
{
	char identification[IDENTIFICATION_MAX + 1];
	struct gh_error err;
	int rc = 0;

	if (!read_identification(r, identification))
		return refuse(r, 0, GH_E_AUTH_FAILED,
		    "The control identification must say whose secret the passphrase is.");
	if (cmc_secret_find(r->ctx->env, identification, r->ctx->label, &r->secret, &err) != 0)
		return cmc_refuse(r, 0, &err);
	for (size_t i = 0; rc == 0 && i < r->data.controls; i++)
		rc = check_passphrase(r, &r->data.control[i]);
	return rc;
}

/* AuthenticatedData: the password is the identification, then the secret (RFC 5272, 3.2). It is
 * over all of the message. */
static int
prove_mac(struct cmc_run *r)
{
	char identification[IDENTIFICATION_MAX + 1];
	struct gh_buf password;
	struct gh_error err;
	int rc;

	if (!read_identification(r, identification))
		return refuse(r, 0, GH_E_AUTH_FAILED,
		    "The control identification must say whose secret the MAC is by.");
	if (cmc_secret_find(r->ctx->env, identification, r->ctx->label, &r->secret, &err) != 0)
		return cmc_refuse(r, 0, &err);
	gh_buf_init(&password, 4096);
	password.secret = true;
	gh_buf_puts(&password, identification);
	gh_buf_put(&password, r->secret.text, r->secret.len);
	if ((rc = gh_buf_check(&password, &err)) == 0)
		rc = auth_data_verify(&r->authenticated,
		    &(struct gh_der){password.data, password.len}, &err);
	gh_buf_free(&password);
	return rc == 0 ? 0 : cmc_refuse(r, 0, &err);
}

/* What the message says by a secret; *is_there: it says something. */
static int
prove_by_secret(struct cmc_run *r, bool *is_there)
{
	const struct pki_control *proof = r->control[CMC_IDENTITY_PROOF_V2];

	if (proof == NULL) /* beside the second version, the first says nothing */
		proof = r->control[CMC_IDENTITY_PROOF];
	*is_there = true;
	if (cmc_is_authenticated(r))
		return prove_mac(r);
	if (r->message.signers == 0)
		return prove_passphrases(r);
	*is_there = proof != NULL && !cmc_ra_has_proven(r, proof); /* with a secret of the RA's */
	return *is_there ? prove_secret(r, proof) : 0;
}

/* --- all proofs ------------------------------------------------------------------------------- */

/* One more who is proven. */
static int
add(struct cmc_run *r, const struct requester *who)
{
	if (r->who.kind != REQUESTER_NONE && !requester_is_same(&r->who, who)) {
		memset(&r->who, 0, sizeof(r->who));
		return refuse(r, 0, GH_E_FORBIDDEN,
		    "The message and the call prove different requesters.");
	}
	r->who = *who;
	return 0;
}

/* A device that calls with a certificate of ours is known by its key (auth/auth_est_cert.c); here
 * it is known by whoever asked for that certificate. */
static bool
is_key_of(X509 *signer, const struct requester *caller)
{
	unsigned char *spki = NULL, sum[GH_DIGEST_MAX];
	char id[2 * 32 + 1] = "";
	int n;

	n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(signer), &spki);
	if (n > 0 && gh_digest(GH_SHA256, spki, (size_t)n, sum))
		(void)gh_hex_lower(sum, 32, id);
	OPENSSL_free(spki);
	return *id != '\0' && strcmp(id, caller->id) == 0;
}

static bool
is_signer(const struct cmc_run *r, const struct requester *caller)
{
	bool is_one = false;

	for (size_t i = 0; i < r->signers; i++)
		is_one |= caller->kind == REQUESTER_DEVICE && caller->has_own_cert &&
		    is_key_of(r->signer[i], caller);
	return is_one;
}

/* Who is not known asks through the RA, with the rights of the RA and no others. */
static void
stand_in(struct cmc_run *r)
{
	r->who = r->ra->who;
	r->who.is_ra = true;
	r->entry = r->ra->entry;
	r->has_entry = r->ra->has_entry;
	r->is_by_ra = true;
}

int
cmc_identify(struct cmc_run *r)
{
	/* of a message inside, the call says nothing */
	const struct requester *caller = r->ra == NULL ? r->ctx->caller : NULL;
	bool by_secret;
	int rc = prove_by_secret(r, &by_secret);

	if (rc != 0)
		return rc;
	r->is_by_cert_alone = r->signers > 0;
	if (by_secret) {
		r->is_by_cert_alone = false;
		if ((rc = add(r, &r->secret.requester)) != 0)
			return rc;
		r->entry = r->secret.entry;
		r->has_entry = true;
	}
	if (caller != NULL && caller->kind != REQUESTER_NONE && !is_signer(r, caller)) {
		r->is_by_cert_alone &= r->ctx->caller_renews;
		if ((rc = add(r, caller)) != 0)
			return rc;
		r->entry = r->ctx->entry;
		r->has_entry = true;
	}
	if (r->who.kind == REQUESTER_NONE && r->ra != NULL)
		stand_in(r);
	if (r->who.kind == REQUESTER_NONE)
		return refuse(r, 0, GH_E_AUTH_REQUIRED, "Nothing in the message proves who asks.");
	if (r->ctx->address != NULL)
		snprintf(r->who.address, sizeof(r->who.address), "%s", r->ctx->address);
	return 0;
}
