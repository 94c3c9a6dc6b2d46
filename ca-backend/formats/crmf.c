/* Requests of RFC 4211. See crmf.h. */
#include <stdlib.h>
#include <string.h>

#include "ber.h"
#include "oid.h"

#include "crmf.h"

/* The parts of a request that count, in DER. */
struct message {
	struct gh_der cert_request; /* whole */
	struct gh_der subject;      /* Name, whole */
	struct gh_der key;          /* content of the SubjectPublicKeyInfo */
	struct gh_der extensions;   /* content of Extensions; p is NULL: none */
	struct gh_der archive_options;
	struct gh_der algorithm, signature; /* of the proof of possession; whole */
	bool is_recorded;                   /* read from the database */
	bool may_await;                     /* a challenge would be made for it */
	bool awaits_proof;                  /* and is, in place of both */
	bool is_verified;                   /* recorded: in place of both */
};

static int
refuse_form(struct gh_error *err)
{
	return gh_refuse(err, GH_E_CSR, "CSR: not CertReqMessages (RFC 4211, 3)");
}

/* --- CertTemplate (5) ------------------------------------------------------------------------- */

/* subject [5]: explicit, since Name is a CHOICE. */
static bool
take_subject(struct gh_der *in, struct message *m)
{
	struct gh_der name;

	return gh_der_take(in, GH_DER_CONTEXT(5), &name) &&
	    gh_der_take_whole(&name, GH_DER_SEQUENCE, &m->subject) && name.len == 0;
}

static int
read_template(struct gh_der in, struct message *m, struct gh_error *err)
{
	(void)gh_der_take(&in, GH_DER_PRIMITIVE(0), NULL); /* version */
	if (gh_der_take(&in, GH_DER_PRIMITIVE(1), NULL) ||
	    gh_der_take(&in, GH_DER_CONTEXT(2), NULL))
		return gh_refuse(err, GH_E_CSR,
		    "CSR: serialNumber or signingAlg in the CertTemplate (RFC 4211, 5)");
	(void)gh_der_take(&in, GH_DER_CONTEXT(3), NULL); /* issuer */
	(void)gh_der_take(&in, GH_DER_CONTEXT(4), NULL); /* validity */
	if (!take_subject(&in, m) || !gh_der_take(&in, GH_DER_CONTEXT(6), &m->key))
		return gh_refuse(err, GH_E_CSR,
		    "CSR: the CertTemplate needs subject, which may be empty, and publicKey");
	(void)gh_der_take(&in, GH_DER_PRIMITIVE(7), NULL); /* issuerUID */
	(void)gh_der_take(&in, GH_DER_PRIMITIVE(8), NULL); /* subjectUID */
	(void)gh_der_take(&in, GH_DER_CONTEXT(9), &m->extensions);
	return in.len == 0 ? 0 : refuse_form(err);
}

/* --- controls (6) ----------------------------------------------------------------------------- */

/* id-regCtrl 1 to 6: regToken, authenticator, pkiPublicationInfo, pkiArchiveOptions, oldCertID,
 * protocolEncrKey. */
#define REG_CTRL(n) GH_OID_PKIX, 5, 1, (n)

static bool
is_known_control(const struct gh_der *type)
{
	for (unsigned char n = 1; n <= 6; n++)
		if (GH_OID_IS(type, REG_CTRL(n)))
			return true;
	/* popLinkWitnessV2 (RFC 6402, 2.3) and changeSubjectName (2.8) of CMC: who knows that
	 * protocol looks at them */
	return GH_OID_IS(type, GH_OID_PKIX, 7, 33) || GH_OID_IS(type, GH_OID_PKIX, 7, 36);
}

static int
read_control(struct gh_der in, struct message *m, struct gh_error *err)
{
	struct gh_der type, value;

	if (!gh_der_take(&in, GH_DER_OID, &type) || !gh_der_next(&in, NULL, &value, NULL) ||
	    in.len != 0)
		return refuse_form(err);
	if (!is_known_control(&type))
		return gh_refuse(err, GH_E_CSR, "CSR: a control that is not of RFC 4211, 6");
	if (!GH_OID_IS(&type, REG_CTRL(4)))
		return 0;
	if (m->archive_options.p != NULL)
		return gh_refuse(err, GH_E_CSR, "CSR: pkiArchiveOptions twice");
	m->archive_options = value;
	return 0;
}

static int
read_controls(struct gh_der in, struct message *m, struct gh_error *err)
{
	struct gh_der one;
	int rc = 0;

	if (in.len == 0)
		return refuse_form(err);
	while (rc == 0 && in.len > 0)
		rc = gh_der_take(&in, GH_DER_SEQUENCE, &one) ? read_control(one, m, err)
							     : refuse_form(err);
	return rc;
}

/* --- messages --------------------------------------------------------------------------------- */

/* CertRequest ::= SEQUENCE { certReqId INTEGER, CertTemplate, Controls OPTIONAL } */
static int
read_cert_request(struct gh_der in, struct message *m, struct gh_error *err)
{
	struct gh_der template, controls;
	int rc;

	if (!gh_der_take(&in, GH_DER_INTEGER, NULL) ||
	    !gh_der_take(&in, GH_DER_SEQUENCE, &template))
		return refuse_form(err);
	if ((rc = read_template(template, m, err)) != 0)
		return rc;
	if (gh_der_take(&in, GH_DER_SEQUENCE, &controls) &&
	    (rc = read_controls(controls, m, err)) != 0)
		return rc;
	return in.len == 0 ? 0 : refuse_form(err);
}

/* keyEncipherment [2], keyAgreement [3] POPOPrivKey: subsequentMessage [1] challengeResp(1) (4.2)
 */
static bool
take_challenge(struct gh_der *in)
{
	static const unsigned char subsequent[] = {GH_DER_PRIMITIVE(1), 1, 1};
	struct gh_der at = *in, proof;

	if ((!gh_der_take(&at, GH_DER_CONTEXT(2), &proof) &&
		!gh_der_take(&at, GH_DER_CONTEXT(3), &proof)) ||
	    !gh_der_equals(&proof, subsequent, sizeof(subsequent)))
		return false;
	*in = at;
	return true;
}

/* ProofOfPossession: signature [1] POPOSigningKey { poposkInput [0] OPTIONAL, AlgorithmIdentifier,
 * BIT STRING }. 4.1: with subject and key in the template there is no poposkInput. */
static int
read_proof(struct gh_der *in, struct message *m, struct gh_error *err)
{
	struct gh_der proof;

	if (m->may_await && take_challenge(in)) {
		m->awaits_proof = true;
		return 0;
	}

	/* raVerified [0] NULL: nobody may say so but the one who recorded it */
	if (m->is_recorded && gh_der_take(in, GH_DER_PRIMITIVE(0), &proof)) {
		m->is_verified = true;
		return proof.len == 0 ? 0 : refuse_form(err);
	}
	if (!gh_der_take(in, GH_DER_CONTEXT(1), &proof))
		return gh_refuse(err, GH_E_CSR_SIGNATURE,
		    "CSR: the proof of possession must be a signature over the CertRequest "
		    "(RFC 4211, 4.1): each key that is certified here can sign");
	if (gh_der_has_tag(&proof, GH_DER_CONTEXT(0)))
		return gh_refuse(err, GH_E_CSR,
		    "CSR: poposkInput beside subject and publicKey (RFC 4211, 4.1)");
	return gh_der_take_whole(&proof, GH_DER_SEQUENCE, &m->algorithm) &&
		gh_der_take_whole(&proof, GH_DER_BIT_STRING, &m->signature) && proof.len == 0
	    ? 0
	    : refuse_form(err);
}

/* CertReqMsg ::= SEQUENCE { certReq, popo OPTIONAL, regInfo OPTIONAL } */
static int
read_message(struct gh_der in, struct message *m, struct gh_error *err)
{
	struct gh_der body;
	int rc;

	if (!gh_der_has_tag(&in, GH_DER_SEQUENCE) ||
	    !gh_der_next(&in, NULL, &m->cert_request, &body))
		return refuse_form(err);
	if ((rc = read_cert_request(body, m, err)) != 0 || (rc = read_proof(&in, m, err)) != 0)
		return rc;
	(void)gh_der_take(&in, GH_DER_SEQUENCE, NULL); /* regInfo */
	return in.len == 0 ? 0 : refuse_form(err);
}

static int
read_messages(const struct gh_buf *der, struct message *m, struct gh_error *err)
{
	struct gh_der in = {der->data, der->len}, all, one;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &all) || in.len != 0 ||
	    !gh_der_take(&all, GH_DER_SEQUENCE, &one))
		return refuse_form(err);
	if (all.len != 0)
		return gh_refuse(err, GH_E_CSR, "CSR: more than one request in the message");
	return read_message(one, m, err);
}

/* --- as PKCS#10 ------------------------------------------------------------------------------- */

/* attributes [0] { extensionRequest } (RFC 2985, 5.4.2) */
static void
put_attributes(const struct message *m, struct gh_buf *out)
{
	static const unsigned char type[] = {GH_OID_DER(GH_OID_EXTENSION_REQUEST)};
	size_t extensions = gh_der_size(m->extensions.len), set = gh_der_size(extensions);

	if (m->extensions.p == NULL) {
		gh_der_put(out, GH_DER_CONTEXT(0), NULL, 0);
		return;
	}
	gh_der_put_header(out, GH_DER_CONTEXT(0), gh_der_size(sizeof(type) + set));
	gh_der_put_header(out, GH_DER_SEQUENCE, sizeof(type) + set);
	gh_buf_put(out, type, sizeof(type));
	gh_der_put_header(out, GH_DER_SET, extensions);
	gh_der_put(out, GH_DER_SEQUENCE, m->extensions.p, m->extensions.len);
}

/* ecdsa-with-SHA256 and no bits, where there is none: nobody looks at it. */
static void
put_signature(const struct message *m, struct gh_buf *out)
{
	static const unsigned char none[] = {GH_DER_SEQUENCE, 10, GH_DER_OID, 8, 0x2a, 0x86, 0x48,
	    0xce, 0x3d, 4, 3, 2, GH_DER_BIT_STRING, 1, 0};

	if (m->is_verified || m->awaits_proof) {
		gh_buf_put(out, none, sizeof(none));
		return;
	}
	gh_buf_put(out, m->algorithm.p, m->algorithm.len);
	gh_buf_put(out, m->signature.p, m->signature.len);
}

/* CertificationRequest (RFC 2986, 4) with the signature of the other form. */
static int
put_pkcs10(const struct message *m, struct gh_buf *out, struct gh_error *err)
{
	static const unsigned char version[] = {GH_DER_INTEGER, 1, 0};
	struct gh_buf info, body;
	int rc;

	gh_buf_init(&info, CA_PKCS10_DER_MAX);
	gh_buf_init(&body, CA_PKCS10_DER_MAX);
	gh_buf_put(&info, version, sizeof(version));
	gh_buf_put(&info, m->subject.p, m->subject.len);
	gh_der_put(&info, GH_DER_SEQUENCE, m->key.p, m->key.len);
	put_attributes(m, &info);
	gh_der_put(&body, GH_DER_SEQUENCE, info.data, info.len);
	put_signature(m, &body);
	gh_der_put(out, GH_DER_SEQUENCE, body.data, body.len);
	if ((rc = gh_buf_check(&info, err)) == 0 && (rc = gh_buf_check(&body, err)) == 0)
		rc = gh_buf_check(out, err);
	gh_buf_free(&info);
	gh_buf_free(&body);
	return rc;
}

/* The parts of the message are in its DER, which csr takes over. */
static void
set_message(struct ca_pkcs10 *csr, const struct message *m, struct gh_buf *der)
{
	free(csr->der);
	csr->der = der->data;
	csr->der_len = der->len;
	memset(der, 0, sizeof(*der));
	csr->cert_request = m->cert_request;
	csr->archive_options = m->archive_options;
	csr->is_verified = m->is_verified;
	csr->awaits_proof = m->awaits_proof;
}

static int
parse_der(struct gh_buf *der, struct message m, struct ca_pkcs10 **out, struct gh_error *err)
{
	struct gh_buf pkcs10;
	int rc;

	gh_buf_init(&pkcs10, CA_PKCS10_DER_MAX);
	if ((rc = read_messages(der, &m, err)) == 0 && (rc = put_pkcs10(&m, &pkcs10, err)) == 0 &&
	    (rc = ca_pkcs10_parse(pkcs10.data, pkcs10.len, out, err)) == 0)
		set_message(*out, &m, der);
	gh_buf_free(&pkcs10);
	return rc;
}

static int
parse(const unsigned char *ber, size_t len, struct message m, struct ca_pkcs10 **out,
    struct gh_error *err)
{
	struct gh_buf der;
	int rc;

	*out = NULL;
	if (len == 0 || len > CA_PKCS10_DER_MAX)
		return gh_refuse(err, GH_E_CSR, "CSR: empty, or longer than %d bytes",
		    CA_PKCS10_DER_MAX);
	gh_buf_init(&der, CA_PKCS10_DER_MAX);
	if (!gh_ber_put_der(&(struct gh_der){ber, len}, &der) ||
	    !gh_der_is_strict(der.data, der.len))
		rc = refuse_form(err);
	else
		rc = parse_der(&der, m, out, err);
	gh_buf_free(&der);
	return rc;
}

int
ca_crmf_parse(const unsigned char *ber, size_t len, struct ca_pkcs10 **out, struct gh_error *err)
{
	return parse(ber, len, (struct message){.is_recorded = false}, out, err);
}

int
ca_crmf_parse_unproven(const unsigned char *ber, size_t len, struct ca_pkcs10 **out,
    struct gh_error *err)
{
	int rc = parse(ber, len, (struct message){.may_await = true}, out, err);

	if (rc != 0 || !(*out)->awaits_proof || (*out)->key_type != CA_KEY_ED25519)
		return rc;
	ca_pkcs10_free(*out);
	*out = NULL;
	return gh_refuse(err, GH_E_CSR_SIGNATURE,
	    "CSR: this key can sign, and must (RFC 4211, 4.1)");
}

/* CertRequest ::= SEQUENCE { certReqId, CertTemplate, Controls OPTIONAL } */
bool
ca_crmf_find_cmc_control(const struct ca_pkcs10 *csr, unsigned char number, struct gh_der *out)
{
	struct gh_der in = csr->cert_request, all, controls, one, type;

	if (in.p == NULL || !gh_der_take(&in, GH_DER_SEQUENCE, &all) ||
	    !gh_der_take(&all, GH_DER_INTEGER, NULL) || !gh_der_take(&all, GH_DER_SEQUENCE, NULL) ||
	    !gh_der_take(&all, GH_DER_SEQUENCE, &controls))
		return false;
	while (gh_der_take(&controls, GH_DER_SEQUENCE, &one))
		if (gh_der_take(&one, GH_DER_OID, &type) &&
		    GH_OID_IS(&type, GH_OID_PKIX, 7, number))
			return gh_der_next(&one, NULL, out, NULL);
	return false;
}

/* CertReqMessages { CertReqMsg { CertRequest { where a CertificationRequest has its version. */
bool
ca_crmf_is(const struct gh_der *der)
{
	struct gh_der in = *der, all, first;

	return gh_der_take(&in, GH_DER_SEQUENCE, &all) &&
	    gh_der_take(&all, GH_DER_SEQUENCE, &first) && gh_der_has_tag(&first, GH_DER_SEQUENCE);
}

int
ca_request_parse(const unsigned char *der, size_t len, struct ca_pkcs10 **out, struct gh_error *err)
{
	return ca_crmf_is(&(struct gh_der){der, len})
	    ? parse(der, len, (struct message){.is_recorded = true}, out, err)
	    : ca_pkcs10_parse(der, len, out, err);
}
