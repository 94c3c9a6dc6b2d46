/* Questions about CRLs, OCSP answers and the audit trail. See signer_client.h. */
#include <stdlib.h>
#include <string.h>

#include "signer_client_private.h"

/* An answer of one block, or of two (two not NULL), each malloc'd. */
static int
take_blocks(struct signer_client *c, struct gh_reader *r, struct signer_blob *one,
    struct signer_blob *two, struct gh_error *err)
{
	const unsigned char *p1, *p2;
	size_t len1, len2;
	bool ok;
	int rc;

	ok = two != NULL ? signer_get_two_blocks(r, &p1, &len1, &p2, &len2)
			 : signer_get_block(r, &p1, &len1);
	if (!ok || len1 == 0 || (two != NULL && len2 == 0))
		return client_fail_garbled(c, err);
	if ((rc = client_copy_out(p1, len1, &one->p, &one->len, err)) != 0 || two == NULL)
		return rc;
	if ((rc = client_copy_out(p2, len2, &two->p, &two->len, err)) != 0) {
		free(one->p);
		*one = (struct signer_blob){NULL, 0};
	}
	return rc;
}

/* --- CRLs ------------------------------------------------------------------------------------- */

int
signer_client_crl_begin(struct signer_client *c, const struct signer_crl_fields *f,
    unsigned char **head, size_t *head_len, struct gh_error *err)
{
	struct signer_blob answer = {NULL, 0};
	struct gh_reader r;
	int rc;

	signer_frame_begin(&c->out, SIGNER_OP_CRL_BEGIN);
	signer_put_crl_begin(&c->out, f);
	if ((rc = client_call(c, SIGNER_OP_CRL_BEGIN, &r, err)) == 0)
		rc = take_blocks(c, &r, &answer, NULL, err);
	*head = answer.p;
	*head_len = answer.len;
	return rc;
}

int
signer_client_crl_entries(struct signer_client *c, const unsigned char *p, size_t len,
    struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	if (len > SIGNER_CRL_PIECE_MAX)
		return gh_fail(err, GH_E_INTERNAL, "%zu bytes of CRL entries at once", len);
	signer_frame_begin(&c->out, SIGNER_OP_CRL_ENTRIES);
	signer_put_block(&c->out, p, len);
	if ((rc = client_call_once(c, SIGNER_OP_CRL_ENTRIES, &r, err)) != 0)
		return rc;
	return gh_reader_is_done(&r) ? 0 : client_fail_garbled(c, err);
}

int
signer_client_crl_end(struct signer_client *c, unsigned char **tail, size_t *tail_len,
    unsigned char **sig, size_t *sig_len, struct gh_error *err)
{
	struct signer_blob one = {NULL, 0}, two = {NULL, 0};
	struct gh_reader r;
	int rc;

	signer_frame_begin(&c->out, SIGNER_OP_CRL_END);
	if ((rc = client_call_once(c, SIGNER_OP_CRL_END, &r, err)) == 0)
		rc = take_blocks(c, &r, &one, &two, err);
	*tail = one.p;
	*tail_len = one.len;
	*sig = two.p;
	*sig_len = two.len;
	return rc;
}

/* --- OCSP ------------------------------------------------------------------------------------- */

static void
free_blobs(struct signer_blob *blobs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(blobs[i].p);
	memset(blobs, 0, n * sizeof(*blobs));
}

static int
take_answers(struct signer_client *c, struct gh_reader *r, struct signer_blob *out, size_t n,
    struct gh_error *err)
{
	size_t i;
	int rc;

	for (i = 0; i < n; i++) {
		size_t len;
		const unsigned char *p = gh_reader_block(r, SIGNER_FRAME_MAX, &len);

		if (len == 0)
			return client_fail_garbled(c, err);
		if ((rc = client_copy_out(p, len, &out[i].p, &out[i].len, err)) != 0)
			return rc;
	}
	return gh_reader_is_done(r) ? 0 : client_fail_garbled(c, err);
}

int
signer_client_sign_ocsp(struct signer_client *c, const struct signer_ocsp_fields *f, size_t n,
    struct signer_blob *out, struct gh_error *err)
{
	struct gh_reader r;
	size_t i;
	int rc;

	memset(out, 0, n * sizeof(*out));
	if (n < 1 || n > SIGNER_OCSP_BATCH_MAX)
		return gh_fail(err, GH_E_INTERNAL, "%zu OCSP answers in one question", n);
	signer_frame_begin(&c->out, SIGNER_OP_SIGN_OCSP);
	gh_buf_put_u32(&c->out, (uint32_t)n);
	for (i = 0; i < n; i++)
		signer_put_ocsp(&c->out, &f[i]);
	if ((rc = client_call(c, SIGNER_OP_SIGN_OCSP, &r, err)) == 0)
		rc = take_answers(c, &r, out, n, err);
	if (rc != 0)
		free_blobs(out, n);
	return rc;
}

int
signer_client_create_ocsp_signer(struct signer_client *c,
    const unsigned char ca_id[SIGNER_CA_ID_SIZE], int64_t not_before, int64_t not_after,
    const char *key_alg, unsigned char **cert, size_t *cert_len, unsigned char **sealed,
    size_t *sealed_len, struct gh_error *err)
{
	struct signer_create_ocsp f = {.not_before = not_before,
	    .not_after = not_after,
	    .key_alg = key_alg != NULL ? key_alg : ""};
	struct signer_blob one = {NULL, 0}, two = {NULL, 0};
	struct gh_reader r;
	int rc;

	memcpy(f.ca_id, ca_id, sizeof(f.ca_id));
	signer_frame_begin(&c->out, SIGNER_OP_CREATE_OCSP_SIGNER);
	signer_put_create_ocsp(&c->out, &f);
	if ((rc = client_call(c, SIGNER_OP_CREATE_OCSP_SIGNER, &r, err)) == 0)
		rc = take_blocks(c, &r, &one, &two, err);
	*cert = one.p;
	*cert_len = one.len;
	*sealed = two.p;
	*sealed_len = two.len;
	return rc;
}

/* --- audit ------------------------------------------------------------------------------------ */

int
signer_client_sign_audit(struct signer_client *c, const unsigned char head[SIGNER_AUDIT_HEAD],
    uint64_t seal_id, unsigned char sig[SIGNER_AUDIT_SIG], unsigned char key_id[32],
    struct gh_error *err)
{
	const unsigned char *p, *id;
	size_t len, id_len;
	struct gh_reader r;
	int rc;

	signer_frame_begin(&c->out, SIGNER_OP_SIGN_AUDIT);
	signer_put_audit(&c->out, head, seal_id);
	if ((rc = client_call(c, SIGNER_OP_SIGN_AUDIT, &r, err)) != 0)
		return rc;
	if (!signer_get_two_blocks(&r, &p, &len, &id, &id_len) || len != SIGNER_AUDIT_SIG ||
	    id_len != 32)
		return client_fail_garbled(c, err);
	memcpy(sig, p, SIGNER_AUDIT_SIG);
	memcpy(key_id, id, 32);
	return 0;
}

int
signer_client_audit_key(struct signer_client *c, unsigned char **spki, size_t *len,
    struct gh_error *err)
{
	struct signer_blob answer = {NULL, 0};
	struct gh_reader r;
	int rc;

	signer_frame_begin(&c->out, SIGNER_OP_AUDIT_KEY);
	if ((rc = client_call(c, SIGNER_OP_AUDIT_KEY, &r, err)) == 0)
		rc = take_blocks(c, &r, &answer, NULL, err);
	*spki = answer.p;
	*len = answer.len;
	return rc;
}

/* --- tokens ----------------------------------------------------------------------------------- */

int
signer_client_token_state(struct signer_client *c, struct signer_token_state *out,
    struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	memset(out, 0, sizeof(*out));
	signer_frame_begin(&c->out, SIGNER_OP_TOKEN_STATE);
	if ((rc = client_call(c, SIGNER_OP_TOKEN_STATE, &r, err)) != 0)
		return rc;
	return signer_get_token_state(&r, out) ? 0 : client_fail_garbled(c, err);
}

int
signer_client_token_key(struct signer_client *c, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    struct signer_token_key *out, struct gh_error *err)
{
	struct gh_reader r;
	int rc;

	memset(out, 0, sizeof(*out));
	signer_frame_begin(&c->out, SIGNER_OP_TOKEN_KEY);
	signer_put_id(&c->out, ca_id);
	if ((rc = client_call(c, SIGNER_OP_TOKEN_KEY, &r, err)) != 0)
		return rc;
	return signer_get_token_key(&r, out) ? 0 : client_fail_garbled(c, err);
}
