/* Approvals of a recovery that the KRA can verify itself. See approval.h. */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "asn1_time.h"

#include "approval.h"

static CMS_ContentInfo *
read_cms(const struct gh_der *der)
{
	const unsigned char *p = der->p;
	CMS_ContentInfo *cms =
	    der->len <= KRA_APPROVAL_MAX ? d2i_CMS_ContentInfo(NULL, &p, (long)der->len) : NULL;

	if (cms != NULL &&
	    (p != der->p + der->len || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)) {
		CMS_ContentInfo_free(cms);
		cms = NULL;
	}
	return cms;
}

/* One signature, over a digest that is still good. */
static bool
is_well_signed(CMS_ContentInfo *cms)
{
	STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);
	const ASN1_OBJECT *digest;
	X509_ALGOR *alg;
	int nid;

	if (infos == NULL || sk_CMS_SignerInfo_num(infos) != 1)
		return false;
	CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(infos, 0), NULL, NULL, &alg, NULL);
	X509_ALGOR_get0(&digest, NULL, NULL, alg);
	nid = OBJ_obj2nid(digest);
	return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

/* Of those that can be read; i-th of the stack is not always i-th of the list, so they are told by
 * their octets later. NULL: no memory. */
static STACK_OF(X509) * certs_of(const struct approval_agents *agents)
{
	STACK_OF(X509) *certs = sk_X509_new_null();

	for (size_t i = 0; certs != NULL && i < agents->n; i++) {
		const unsigned char *p = agents->cert[i].p;
		X509 *x = d2i_X509(NULL, &p, (long)agents->cert[i].len);

		if (x != NULL && sk_X509_push(certs, x) == 0)
			X509_free(x);
	}
	return certs;
}

/* Over this text, whatever content it came with: the signature must fit what we say. The text takes
 * the place of the content, since CMS_verify of OpenSSL 3.0 loses memory over a message that it
 * cannot digest when the text is given beside it. */
static bool
verify(CMS_ContentInfo *cms, const struct gh_buf *text, STACK_OF(X509) * certs)
{
	ASN1_OCTET_STRING **content = CMS_get0_content(cms);

	if (content == NULL || (*content == NULL && (*content = ASN1_OCTET_STRING_new()) == NULL))
		return false;
	return ASN1_OCTET_STRING_set(*content, text->data, (int)text->len) == 1 &&
	    CMS_verify(cms, certs, NULL, NULL, NULL,
		CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY) == 1;
}

static bool
is_cert(X509 *x, const struct gh_der *der)
{
	unsigned char *own = NULL;
	int n = i2d_X509(x, &own);
	bool is = n > 0 && gh_der_equals(der, own, (size_t)n);

	OPENSSL_free(own);
	return is;
}

static bool
is_valid_at(X509 *x, int64_t now)
{
	int64_t from, to;

	return gh_asn1_time_get(X509_get0_notBefore(x), &from) &&
	    gh_asn1_time_get(X509_get0_notAfter(x), &to) && from <= now && now <= to;
}

static int
find_agent(CMS_ContentInfo *cms, const struct approval_agents *agents, int64_t now, size_t *agent,
    struct gh_error *err)
{
	STACK_OF(X509) *signers = CMS_get0_signers(cms);
	X509 *x = sk_X509_num(signers) == 1 ? sk_X509_value(signers, 0) : NULL;
	int rc = gh_fail(err, GH_E_VALIDATION, "no agent's certificate");

	for (size_t i = 0; x != NULL && i < agents->n; i++) {
		if (!is_cert(x, &agents->cert[i]))
			continue;
		*agent = i;
		rc = is_valid_at(x, now)
		    ? 0
		    : gh_refuse(err, GH_E_VALIDATION,
			  "The certificate that signed the approval is not valid now.");
		break;
	}
	sk_X509_free(signers);
	return rc;
}

static int
verify_text(CMS_ContentInfo *cms, const struct approval_subject *s,
    const struct approval_agents *agents, struct gh_error *err)
{
	STACK_OF(X509) *certs = certs_of(agents);
	struct gh_buf text;
	int rc;

	gh_buf_init(&text, APPROVAL_TEXT_MAX);
	rc = approval_text(s, &text, err);
	if (rc == 0 && (certs == NULL || !is_well_signed(cms) || !verify(cms, &text, certs)))
		rc = gh_refuse(err, GH_E_VALIDATION,
		    "The approval is not signed by an agent for this recovery.");
	gh_buf_free(&text);
	sk_X509_pop_free(certs, X509_free);
	return rc;
}

int
approval_verify(const struct gh_der *der, const struct approval_subject *s,
    const struct approval_agents *agents, int64_t now, size_t *agent, struct gh_error *err)
{
	CMS_ContentInfo *cms = read_cms(der);
	int rc;

	*agent = 0;
	if (cms == NULL)
		rc = gh_refuse(err, GH_E_VALIDATION, "The approval is not a CMS SignedData.");
	else if ((rc = verify_text(cms, s, agents, err)) == 0)
		rc = find_agent(cms, agents, now, agent, err);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return rc;
}
