/* Messages of Full CMC. See est_cmc.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "formats/names_text.h"
#include "encoding.h"
#include "hex.h"
#include "timestamp.h"

#include "command.h"

#include "est_certs.h"
#include "est_cmc.h"

#define REQUEST_TYPE "application/pkcs7-mime; smime-type=CMC-request"
#define PKI_DATA "1.3.6.1.5.5.7.12.2"

void
est_cmc_clear(struct est_cmc_exchange *m)
{
	free(m->sent);
	free(m->got);
	cms_signed_clear(&m->message);
	est_certs_free(m->certs);
	memset(m, 0, sizeof(*m));
}

/* ---- a message ---- */

ASN1_OCTET_STRING *
est_cmc_key_id(EVP_PKEY *key)
{
	X509_PUBKEY *pub = NULL;
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	unsigned char sum[EVP_MAX_MD_SIZE];
	const unsigned char *bits;
	unsigned n = 0;
	int len;

	if (id == NULL || X509_PUBKEY_set(&pub, key) != 1 ||
	    X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, pub) != 1 ||
	    EVP_Digest(bits, (size_t)len, sum, &n, EVP_sha1(), NULL) != 1 ||
	    ASN1_OCTET_STRING_set(id, sum, (int)n) != 1) {
		ASN1_OCTET_STRING_free(id);
		id = NULL;
	}
	X509_PUBKEY_free(pub);
	return id;
}

/* Nobody's: libcrypto signs with nothing else. Only its key identifier goes with the message. */
static X509 *
stand_in(EVP_PKEY *key)
{
	ASN1_OCTET_STRING *id = est_cmc_key_id(key);
	X509 *x = X509_new();

	if (id == NULL || x == NULL || X509_set_version(x, X509_VERSION_3) != 1 ||
	    X509_set_pubkey(x, key) != 1 ||
	    X509_add1_ext_i2d(x, NID_subject_key_identifier, id, 0, 0) != 1 ||
	    X509_sign(x, key, EVP_sha256()) <= 0) {
		X509_free(x);
		x = NULL;
	}
	ASN1_OCTET_STRING_free(id);
	return x;
}

static int
sign(struct est_cmc_exchange *m, const struct gh_der *content, EVP_PKEY *key, X509 *cert,
    struct gh_error *err)
{
	X509 *own = key != NULL && cert == NULL ? stand_in(key) : NULL;
	const struct cms_signing s = {.key = key,
	    .cert = cert != NULL ? cert : own,
	    .type = PKI_DATA,
	    .is_by_key_id = own != NULL};
	int rc = key != NULL && s.cert == NULL
	    ? gh_refuse(err, GH_E_CONF, "this key signs no message: use RSA or EC")
	    : cms_signed_make(&s, content, &m->sent, &m->sent_len, err);

	X509_free(own);
	return rc;
}

int
est_cmc_make(struct est_cmc_exchange *m, struct pki_draft *d, EVP_PKEY *key, X509 *cert,
    struct gh_error *err)
{
	unsigned char number[EST_CMC_NONCE_SIZE];
	struct gh_buf content;
	int rc;

	if (RAND_bytes(number, sizeof(number)) != 1 || RAND_bytes(m->nonce, sizeof(m->nonce)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	number[0] = (unsigned char)((number[0] & 0x3f) | 0x40); /* positive, and of this length */
	(void)pki_draft_add_value(d, CMC_TRANSACTION_ID, GH_DER_INTEGER, number, sizeof(number));
	(void)pki_draft_add_value(d, CMC_SENDER_NONCE, GH_DER_OCTETS, m->nonce, sizeof(m->nonce));
	m->has_nonce = true;
	gh_buf_init(&content, CMS_MESSAGE_MAX);
	if ((rc = pki_draft_put(d, &content, err)) == 0)
		rc = sign(m, &(struct gh_der){content.data, content.len}, key, cert, err);
	gh_buf_free(&content);
	return rc;
}

/* ---- the answer ---- */

static bool
is_response(const struct cms_signed *m)
{
	static const unsigned char oid[] = {GH_OID_PKIX, 12, 3};

	return gh_der_equals(&m->type, oid, sizeof(oid));
}

/* Each signature must be right: who it is by, TLS says. */
static int
verify(struct est_cmc_exchange *m, struct gh_error *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < m->message.signers; i++) {
		X509 *cert = cms_signed_find_cert(&m->message, i);

		rc = cert != NULL ? cms_signed_verify(&m->message, i, X509_get0_pubkey(cert), err)
				  : gh_refuse(err, GH_E_BAD_REQUEST,
					"the certificate of who signed the answer is not in it");
	}
	m->is_signed = rc == 0 && m->message.signers > 0;
	return rc;
}

static bool
is_signer(const struct est_cmc_exchange *m, const X509 *cert)
{
	for (int i = 0; i < m->message.signers; i++) {
		const X509 *signer = cms_signed_find_cert(&m->message, i);

		if (signer != NULL && X509_cmp(signer, cert) == 0)
			return true;
	}
	return false;
}

static int
take_certs(struct est_cmc_exchange *m, struct gh_error *err)
{
	m->certs = sk_X509_new_null();
	for (int i = 0; m->certs != NULL && i < sk_X509_num(m->message.certs); i++) {
		X509 *cert = sk_X509_value(m->message.certs, i);

		if (is_signer(m, cert))
			continue;
		if (X509_up_ref(cert) != 1 || sk_X509_push(m->certs, cert) <= 0)
			return gh_fail(err, GH_E_NOMEM, "certificates of an answer");
	}
	return m->certs != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "certificates of an answer");
}

/* An answer to a message of another time, or of somebody else, says nothing of this one. */
static int
check_nonce(const struct est_cmc_exchange *m, struct gh_error *err)
{
	const struct gh_der *back = &m->answer.recipient_nonce;

	return !m->has_nonce || gh_der_equals(back, m->nonce, sizeof(m->nonce))
	    ? 0
	    : gh_refuse(err, GH_E_FORBIDDEN, "the answer is not to this message (recipientNonce)");
}

int
est_cmc_read(struct est_cmc_exchange *m, struct gh_error *err)
{
	struct gh_error other;
	int rc;

	if (m->got_len > CMS_MESSAGE_MAX ||
	    cms_signed_read(m->got, m->got_len, &m->message, &other) != 0)
		return est_certs_read(m->got, m->got_len, &m->certs, err);
	if (!is_response(&m->message))
		return gh_refuse(err, GH_E_BAD_REQUEST, "the answer is no PKIResponse");
	m->is_full = true;
	if ((rc = verify(m, err)) == 0 &&
	    (rc = pki_answer_read(&m->message.content, &m->answer, err)) == 0 &&
	    (rc = check_nonce(m, err)) == 0)
		rc = take_certs(m, err);
	return rc;
}

int
est_cmc_send(struct est_cmc_exchange *m, struct est_server *s, struct gh_error *err)
{
	char *text = gh_base64_encode(m->sent, m->sent_len, GH_BASE64_ONE_LINE);
	const struct est_call call = {.operation = "fullcmc",
	    .body = text,
	    .type = REQUEST_TYPE,
	    .takes_cmc = true};
	struct est_reply reply = {0};
	int rc = text != NULL ? est_call(s, &call, &reply, err)
			      : gh_fail(err, GH_E_NOMEM, "message of CMC");

	if (rc == 0)
		rc = est_reply_der(&reply, &m->got, &m->got_len, err);
	if (rc == 0)
		rc = est_cmc_read(m, err);
	est_reply_clear(&reply);
	free(text);
	return rc;
}

/* ---- in words ---- */

static int
put_pending(gh_json *o, const struct cmc_status *s)
{
	char time[GH_TIMESTAMP_SIZE], *token = gh_hex_encode(s->token, s->token_len);
	int bad = token == NULL || gh_json_set_string(o, "token", token) != 0 ||
	    gh_json_set_string(o, "ask_at", gh_timestamp_format(s->pend_time, time)) != 0;

	free(token);
	return bad;
}

static gh_json *
describe_status(const struct cmc_status *s)
{
	gh_json *o = gh_json_new_object(), *parts = gh_json_new_array();
	int bad = o == NULL || parts == NULL;

	for (size_t i = 0; i < s->bodies; i++)
		bad |= gh_json_append(parts, gh_json_new_int(s->body[i])) != 0;
	bad |= gh_json_set_string(o, "status", cmc_state_name(s->state)) |
	    gh_json_set(o, "parts", parts) |
	    gh_json_set_string(o, "failure",
		s->state == CMC_FAILED ? cmc_fail_name(s->fail) : NULL) |
	    gh_json_set_string(o, "meaning",
		s->state == CMC_FAILED ? cmc_fail_text(s->fail) : NULL) |
	    gh_json_set_string(o, "text", s->text);
	bad |= s->token_len > 0
	    ? put_pending(o, s)
	    : gh_json_set_string(o, "token", NULL) | gh_json_set_string(o, "ask_at", NULL);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static gh_json *
describe_cert(X509 *cert)
{
	char name[EST_FINGERPRINT_SIZE], *dn = ca_dn_text(X509_get_subject_name(cert));
	const ASN1_INTEGER *n = X509_get0_serialNumber(cert);
	char *serial = gh_hex_encode(n->data, (size_t)n->length);
	gh_json *o = gh_json_new_object();
	int bad = dn == NULL || serial == NULL;

	est_certs_fingerprint(cert, name);
	bad |= gh_json_set_string(o, "subject", dn) | gh_json_set_string(o, "serial", serial) |
	    gh_json_set_string(o, "sha256", name);
	free(dn);
	free(serial);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

gh_json *
est_cmc_describe(const struct est_cmc_exchange *m)
{
	gh_json *o = gh_json_new_object(), *statuses = gh_json_new_array(),
		*certs = gh_json_new_array();
	int bad = 0;

	for (size_t i = 0; i < m->answer.statuses; i++)
		bad |= gh_json_append(statuses, describe_status(&m->answer.status[i]));
	for (int i = 0; i < sk_X509_num(m->certs); i++)
		bad |= gh_json_append(certs, describe_cert(sk_X509_value(m->certs, i)));
	bad |= gh_json_set_string(o, "response", m->is_full ? "full" : "simple") |
	    gh_json_set_bool(o, "signed", m->is_signed) | gh_json_set(o, "statuses", statuses) |
	    gh_json_set(o, "certificates", certs);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

int
est_cmc_exit(const struct est_cmc_exchange *m)
{
	int exit = COMMAND_OK;

	for (size_t i = 0; i < m->answer.statuses; i++) {
		enum cmc_state state = m->answer.status[i].state;

		if (state == CMC_PENDING || state == CMC_PARTIAL)
			exit = COMMAND_PENDING;
		else if (state != CMC_SUCCESS && state != CMC_CONFIRM_REQUIRED)
			return COMMAND_FAILED;
	}
	return exit;
}
