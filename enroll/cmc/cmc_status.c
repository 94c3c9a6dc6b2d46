/* CMCStatusInfoV2. See cmc_status.h. */
#include <string.h>

#include <openssl/asn1.h>

#include "der.h"

#include "cmc_status.h"

/* --- errors ----------------------------------------------------------------------------------- */

/* What is not named is ours when it is our side's (GH_E_INTERNAL...), tryLater when the same
 * request may succeed later, and badRequest else. */
static const struct {
	enum gh_code code;
	enum cmc_fail fail;
} fails[] = {
    {GH_E_CSR_WEAK, CMC_BAD_ALG},
    {GH_E_KEY_TYPE, CMC_BAD_ALG},
    {GH_E_KEY_LENGTH, CMC_BAD_ALG},
    {GH_E_SIGNATURE, CMC_BAD_MESSAGE_CHECK},
    {GH_E_TIMESTAMP_WINDOW, CMC_BAD_TIME},
    {GH_E_NOT_FOUND, CMC_BAD_CERT_ID},
    {GH_E_ARCHIVED_KEY_REQUIRED, CMC_MUST_ARCHIVE_KEYS},
    {GH_E_AUTH_REQUIRED, CMC_BAD_IDENTITY},
    {GH_E_AUTH_FAILED, CMC_BAD_IDENTITY},
    {GH_E_ACCOUNT_DISABLED, CMC_BAD_IDENTITY},
    {GH_E_FORBIDDEN, CMC_BAD_IDENTITY},
    {GH_E_TEMPLATE_DENIED, CMC_BAD_IDENTITY},
    {GH_E_NOT_IN_DIRECTORY, CMC_BAD_IDENTITY},
    {GH_E_REQUESTER_KIND, CMC_BAD_IDENTITY},
    {GH_E_REPLAY, CMC_BAD_IDENTITY},
    {GH_E_CSR_SIGNATURE, CMC_POP_FAILED},
    {GH_E_INTERNAL, CMC_INTERNAL_CA_ERROR},
    {GH_E_DB, CMC_INTERNAL_CA_ERROR},
    {GH_E_SIGNER, CMC_INTERNAL_CA_ERROR},
    {GH_E_CONF, CMC_INTERNAL_CA_ERROR},
    {GH_E_SEAL, CMC_INTERNAL_CA_ERROR},
};

enum cmc_fail
cmc_fail_of(enum gh_code code)
{
	for (size_t i = 0; i < sizeof(fails) / sizeof(fails[0]); i++)
		if (fails[i].code == code)
			return fails[i].fail;
	if (gh_error_info(code)->is_retryable)
		return CMC_TRY_LATER;
	return gh_error_info(code)->http_status >= 500 ? CMC_INTERNAL_CA_ERROR : CMC_BAD_REQUEST;
}

/* --- DER -------------------------------------------------------------------------------------- */

static void
put_u32(struct gh_buf *out, uint32_t n)
{
	unsigned char p[5] = {0, (unsigned char)(n >> 24), (unsigned char)(n >> 16),
	    (unsigned char)(n >> 8), (unsigned char)n};
	size_t i = 0;

	while (i < 4 && p[i] == 0 && p[i + 1] < 0x80)
		i++;
	gh_der_put(out, GH_DER_INTEGER, p + i, sizeof(p) - i);
}

static void
put_bodies(const struct cmc_status *s, struct gh_buf *out)
{
	struct gh_buf list;

	gh_buf_init(&list, sizeof(s->body) * 2);
	for (size_t i = 0; i < s->bodies; i++)
		put_u32(&list, s->body[i]);
	if (list.failed)
		out->failed = true;
	gh_der_put(out, GH_DER_SEQUENCE, list.data, list.len);
	gh_buf_free(&list);
}

/* PendInfo ::= SEQUENCE { pendToken OCTET STRING, pendTime GeneralizedTime } */
static int
put_pend_info(const struct cmc_status *s, struct gh_buf *out, struct gh_error *err)
{
	ASN1_GENERALIZEDTIME *t = ASN1_GENERALIZEDTIME_set(NULL, (time_t)s->pend_time);
	struct gh_buf info;

	if (t == NULL)
		return gh_fail(err, GH_E_INTERNAL, "pendTime");
	gh_buf_init(&info, 2 * CMC_STATUS_TOKEN_MAX);
	gh_der_put(&info, GH_DER_OCTETS, s->token, s->token_len);
	gh_der_put(&info, GH_DER_GEN_TIME, t->data, (size_t)t->length);
	if (info.failed)
		out->failed = true;
	gh_der_put(out, GH_DER_SEQUENCE, info.data, info.len);
	gh_buf_free(&info);
	ASN1_GENERALIZEDTIME_free(t);
	return 0;
}

/* CMCStatusInfoV2 ::= SEQUENCE { cMCStatus, bodyList, statusString UTF8String OPTIONAL, otherInfo
 * OPTIONAL }; of otherInfo only failInfo and pendInfo, whose tags nobody disputes. */
int
cmc_status_put(const struct cmc_status *s, struct gh_buf *out, struct gh_error *err)
{
	struct gh_buf b;
	int rc = 0;

	gh_buf_init(&b, 2048);
	put_u32(&b, s->state);
	put_bodies(s, &b);
	if (*s->text != '\0')
		gh_der_put(&b, GH_DER_UTF8, s->text, strlen(s->text));
	if (s->state == CMC_FAILED)
		put_u32(&b, s->fail);
	else if (s->state == CMC_PENDING || s->state == CMC_PARTIAL)
		rc = put_pend_info(s, &b, err);
	if (rc == 0)
		rc = gh_buf_check(&b, err);
	if (rc == 0)
		gh_der_put(out, GH_DER_SEQUENCE, b.data, b.len);
	gh_buf_free(&b);
	return rc;
}
