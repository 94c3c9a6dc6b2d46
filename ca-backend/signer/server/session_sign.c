/* A connection's questions about CRLs, OCSP answers and the audit trail. */
#include <stdlib.h>
#include <string.h>

#include "signer/issue/cert_build.h"
#include "hex.h"
#include "log.h"
#include "signer/issue/ocsp_sign.h"
#include "session_private.h"
#include "signer/keys/token.h"

#define CRL_SIG_MAX 4096

/* --- CRLs ------------------------------------------------------------------------------------- */

static void
drop_crl(struct session *s)
{
	crl_sign_free(s->crl);
	s->crl = NULL;
}

int
session_crl_begin(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_crl_fields f;
	struct issuer *ca;
	struct gh_buf head;
	int rc;

	drop_crl(s);
	if (!signer_get_crl_begin(r, &f))
		return session_fail_garbled(err);
	if ((rc = session_find_issuer(s, f.ca_id, ISSUER_CA, &ca, err)) != 0)
		return rc;
	gh_buf_init(&head, CRL_HEAD_MAX);
	if ((rc = crl_sign_begin(ca, &f, &s->crl, &head, err)) == 0)
		signer_put_block(&s->out, head.data, head.len);
	gh_buf_free(&head);
	issuer_unref(ca);
	return rc;
}

static int
fail_no_crl(struct gh_error *err)
{
	return gh_fail(err, GH_E_CONFLICT, "no CRL is begun on this connection, or it has failed");
}

int
session_crl_entries(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	const unsigned char *p;
	size_t len;
	int rc;

	if (!signer_get_block(r, &p, &len))
		return session_fail_garbled(err);
	if (s->crl == NULL)
		return fail_no_crl(err);
	if ((rc = crl_sign_entries(s->crl, p, len, err)) != 0)
		drop_crl(s);
	return rc;
}

static void
log_crl(const struct issuer *ca)
{
	char *id = gh_hex_encode(ca->ca_id, sizeof(ca->ca_id));

	gh_log_kv(GH_LOG_INFO, "CRL signed", "ca_id", id, NULL);
	free(id);
}

static int
end_crl(struct session *s, const struct issuer *ca, struct gh_error *err)
{
	struct gh_buf tail, sig;
	int rc;

	gh_buf_init(&tail, CRL_TAIL_MAX);
	gh_buf_init(&sig, CRL_SIG_MAX);
	if ((rc = crl_sign_end(s->crl, ca, &tail, &sig, err)) == 0) {
		signer_put_two_blocks(&s->out, tail.data, tail.len, sig.data, sig.len);
		log_crl(ca);
	}
	gh_buf_free(&tail);
	gh_buf_free(&sig);
	return rc;
}

int
session_crl_end(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct issuer *ca;
	int rc;

	if (!gh_reader_is_done(r))
		return session_fail_garbled(err);
	if (s->crl == NULL)
		return fail_no_crl(err);
	if ((rc = session_find_issuer(s, crl_sign_ca_id(s->crl), ISSUER_CA, &ca, err)) == 0) {
		rc = end_crl(s, ca, err);
		issuer_unref(ca);
	}
	drop_crl(s);
	return rc;
}

/* --- OCSP ------------------------------------------------------------------------------------- */

static int
sign_one_ocsp(struct session *s, const struct signer_ocsp_fields *f, struct gh_error *err)
{
	struct issuer *signer;
	struct gh_buf answer;
	int rc;

	if ((rc = session_find_issuer(s, f->id, ISSUER_OCSP, &signer, err)) != 0)
		return rc;
	gh_buf_init(&answer, OCSP_RESPONSE_MAX);
	if ((rc = ocsp_sign(signer, f, &answer, err)) == 0)
		signer_put_block(&s->out, answer.data, answer.len);
	gh_buf_free(&answer);
	issuer_unref(signer);
	return rc;
}

int
session_sign_ocsp(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	uint32_t i, n = gh_reader_u32(r);
	struct signer_ocsp_fields f;
	int rc;

	if (n < 1 || n > SIGNER_OCSP_BATCH_MAX)
		return session_fail_garbled(err);
	for (i = 0; i < n; i++) {
		if (!signer_get_ocsp(r, &f))
			return session_fail_garbled(err);
		if ((rc = sign_one_ocsp(s, &f, err)) != 0)
			return rc;
		if (s->out.failed)
			return gh_fail(err, GH_E_SIGNER, "the OCSP answers do not fit a frame");
	}
	return gh_reader_is_done(r) ? 0 : session_fail_garbled(err);
}

int
session_create_ocsp_signer(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_create_ocsp f;
	char alg[SIGNER_KEY_ALG_SIZE];
	struct gh_buf cert, sealed;
	struct issuer *ca;
	int rc;

	if (!signer_get_create_ocsp(r, &f, alg))
		return session_fail_garbled(err);
	if ((rc = session_find_issuer(s, f.ca_id, ISSUER_CA, &ca, err)) != 0)
		return rc;
	gh_buf_init(&cert, CERT_DER_MAX);
	gh_buf_init(&sealed, SEALED_RECORD_MAX);
	if ((rc = ocsp_signer_create(&s->signer->key, ca, &f, &cert, &sealed, err)) == 0) {
		signer_put_two_blocks(&s->out, cert.data, cert.len, sealed.data, sealed.len);
		session_log_signed(&cert);
	}
	gh_buf_free(&cert);
	gh_buf_free(&sealed);
	issuer_unref(ca);
	return rc;
}

/* --- audit ------------------------------------------------------------------------------------ */

int
session_sign_audit(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	const struct audit_key *key = &s->signer->audit;
	unsigned char sig[SIGNER_AUDIT_SIG];
	const unsigned char *head;
	uint64_t id;
	int rc;

	if (!signer_get_audit(r, &head, &id))
		return session_fail_garbled(err);
	if ((rc = audit_sign(key, head, id, sig, err)) == 0)
		signer_put_two_blocks(&s->out, sig, sizeof(sig), key->id, sizeof(key->id));
	return rc;
}

int
session_audit_key(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	if (!gh_reader_is_done(r))
		return session_fail_garbled(err);
	signer_put_block(&s->out, s->signer->audit.spki, s->signer->audit.spki_len);
	return 0;
}

/* --- tokens ----------------------------------------------------------------------------------- */

int
session_token_state(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_token_state state;

	if (!gh_reader_is_done(r))
		return session_fail_garbled(err);
	token_get_state(&state);
	signer_put_token_state(&s->out, &state);
	return 0;
}

int
session_token_key(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct signer_token_key state;
	struct issuer *ca;
	int rc;

	if (!signer_get_id(r, id))
		return session_fail_garbled(err);
	if ((rc = session_find_issuer(s, id, ISSUER_CA, &ca, err)) != 0)
		return rc;
	token_get_key(ca->key, &state);
	signer_put_token_key(&s->out, &state);
	issuer_unref(ca);
	return 0;
}
