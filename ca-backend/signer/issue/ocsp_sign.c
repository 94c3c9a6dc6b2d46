/* OCSP answers, written out as DER around what the worker knows: RFC 6960, 4.2.1. */
#include <string.h>

#include "asn1_time.h"
#include "oid.h"

#include "ocsp_sign.h"
#include "sign_fields.h"

/* responseStatus successful; responseType id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1 */
static const unsigned char successful[] = {GH_DER_ENUMERATED, 1, 0};
static const unsigned char oid_basic[] = {GH_OID_DER(GH_OID_OCSP_BASIC)};

/* ResponseData; version v1 is the default and left out. */
static int
put_response_data(struct gh_buf *b, const struct issuer *signer, const struct signer_ocsp_fields *f,
    struct gh_error *err)
{
	size_t key = gh_der_size(SIGNER_KEY_ID_SIZE), ext = gh_der_size(f->extensions_len);
	struct gh_asn1_time at;

	if (f->produced_at < 0 || !gh_asn1_time_encode_general(f->produced_at, &at))
		return gh_fail(err, GH_E_SIGNER, "OCSP: producedAt before 1970 or after 9999");
	gh_der_put_header(b, GH_DER_SEQUENCE,
	    gh_der_size(key) + at.len + gh_der_size(f->responses_len) +
		(f->extensions_len > 0 ? gh_der_size(ext) : 0));
	gh_der_put_header(b, GH_DER_CONTEXT(2), key); /* byKey */
	gh_der_put(b, GH_DER_OCTETS, signer->key_hash, SIGNER_KEY_ID_SIZE);
	gh_buf_put(b, at.bytes, at.len);
	gh_der_put(b, GH_DER_SEQUENCE, f->responses, f->responses_len);
	if (f->extensions_len > 0) {
		gh_der_put_header(b, GH_DER_CONTEXT(1), ext);
		gh_der_put(b, GH_DER_SEQUENCE, f->extensions, f->extensions_len);
	}
	return gh_buf_check(b, err);
}

/* OCSPResponse { successful, [0] ResponseBytes { basic, OCTET STRING { BasicOCSPResponse } } } */
static int
put_response(struct gh_buf *out, const struct issuer *signer, const struct gh_buf *tbs,
    const struct gh_buf *sig, struct gh_error *err)
{
	size_t certs = gh_der_size(signer->cert.len);
	size_t content = tbs->len + signer->algorithm.len + sig->len + gh_der_size(certs);
	size_t basic = gh_der_size(content);
	size_t bytes = sizeof(oid_basic) + gh_der_size(basic);
	size_t wrapped = gh_der_size(bytes);

	gh_der_put_header(out, GH_DER_SEQUENCE, sizeof(successful) + gh_der_size(wrapped));
	gh_buf_put(out, successful, sizeof(successful));
	gh_der_put_header(out, GH_DER_CONTEXT(0), wrapped);
	gh_der_put_header(out, GH_DER_SEQUENCE, bytes);
	gh_buf_put(out, oid_basic, sizeof(oid_basic));
	gh_der_put_header(out, GH_DER_OCTETS, basic);
	gh_der_put_header(out, GH_DER_SEQUENCE, content);
	gh_buf_put(out, tbs->data, tbs->len);
	gh_buf_put(out, signer->algorithm.p, signer->algorithm.len);
	gh_buf_put(out, sig->data, sig->len);
	gh_der_put_header(out, GH_DER_CONTEXT(0), certs);
	gh_der_put(out, GH_DER_SEQUENCE, signer->cert.data, signer->cert.len);
	return gh_buf_check(out, err);
}

int
ocsp_sign(const struct issuer *signer, const struct signer_ocsp_fields *f, struct gh_buf *out,
    struct gh_error *err)
{
	struct gh_buf tbs, sig;
	int rc;

	if (signer->kind != ISSUER_OCSP)
		return gh_fail(err, GH_E_SIGNER, "the key of a CA signs no OCSP answers");
	if ((rc = sign_fields_check_ocsp(f, err)) != 0)
		return rc;
	gh_buf_init(&tbs, OCSP_RESPONSE_MAX);
	gh_buf_init(&sig, OCSP_RESPONSE_MAX);
	if ((rc = put_response_data(&tbs, signer, f, err)) == 0 &&
	    (rc = issuer_sign(signer, tbs.data, tbs.len, &sig, err)) == 0)
		rc = put_response(out, signer, &tbs, &sig, err);
	gh_buf_free(&tbs);
	gh_buf_free(&sig);
	return rc;
}
