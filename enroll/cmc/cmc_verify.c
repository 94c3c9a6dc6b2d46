/*
 * Whose signature is on the message. By a certificate of ours it says who asks; by the key of a
 * request it only says that all parts came together, and gives no rights.
 */
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "timestamp.h"

#include "formats/client_verify.h"
#include "store/status/revocation.h"

#include "requester_check.h"

#include "cmc_run.h"

static int
refuse(struct cmc_run *r, enum gh_code code, const char *text)
{
	struct gh_error err;

	gh_refuse(&err, code, "%s", text);
	return cmc_refuse(r, 0, &err);
}

/* --- by the key of a request (3.2) ------------------------------------------------------------ */

static bool
has_key_id(const struct ca_pkcs10 *csr, const ASN1_OCTET_STRING *id)
{
	ASN1_OCTET_STRING *own =
	    X509V3_get_d2i(csr->extensions, NID_subject_key_identifier, NULL, NULL);
	bool is_same = own != NULL && ASN1_OCTET_STRING_cmp(own, id) == 0;

	ASN1_OCTET_STRING_free(own);
	ERR_clear_error();
	return is_same;
}

static const struct ca_pkcs10 *
find_request(const struct cmc_run *r, const ASN1_OCTET_STRING *id)
{
	for (size_t i = 0; id != NULL && i < r->data.requests; i++)
		if (has_key_id(r->csr[i], id))
			return r->csr[i];
	return NULL;
}

/* One signature. */
struct mark {
	const struct cms_signed *message;
	int i;
};

static int
verify(struct cmc_run *r, const struct mark *m, EVP_PKEY *key)
{
	struct gh_error err;

	return cms_signed_verify(m->message, m->i, key, &err) == 0 ? 0 : cmc_refuse(r, 0, &err);
}

/* --- by a certificate ------------------------------------------------------------------------- */

static int
check_time(struct cmc_run *r, X509 *cert)
{
	int64_t from, to, now = gh_now();

	if (!gh_asn1_time_get(X509_get0_notBefore(cert), &from) ||
	    !gh_asn1_time_get(X509_get0_notAfter(cert), &to) || now < from || now > to)
		return refuse(r, GH_E_AUTH_FAILED, "The certificate that signed is not valid now.");
	return 0;
}

/* A certificate for servers or for code is no log-in, here as little as in TLS. */
static int
check_usage(struct cmc_run *r, X509 *cert)
{
	return client_cert_may_sign(cert)
	    ? 0
	    : refuse(r, GH_E_AUTH_FAILED,
		  "The certificate that signed is not for clients: it needs the usages "
		  "digitalSignature and clientAuth or cmcRA, where it has any.");
}

/* The row says who it is, never the certificate; and only by the id, which is under the MAC.
 * Without it, whoever writes the database could give his certificate to another. */
static int
recognize(struct cmc_run *r, X509 *cert)
{
	struct store_own_cert own;
	unsigned char *der = NULL;
	struct gh_error err;
	int n = i2d_X509(cert, &der), rc;

	if (n <= 0)
		return refuse(r, GH_E_NOMEM, "");
	rc = store_recognize(r->ctx->env->store, der, (size_t)n, &own, &err);
	OPENSSL_free(der);
	if (rc != 0)
		return cmc_refuse(r, 0, &err);
	if (!own.is_ours)
		return refuse(r, GH_E_AUTH_FAILED,
		    "The certificate that signed was not issued here.");
	if (own.is_revoked || own.is_issuer_revoked)
		return refuse(r, GH_E_AUTH_FAILED,
		    "The certificate that signed is revoked or on hold.");
	if (!own.is_requester_sealed || *own.requester.id == '\0')
		return refuse(r, GH_E_AUTH_FAILED,
		    "It is not known whose the certificate that signed is: enroll by another way.");
	if (r->ctx->takes_cert != NULL && !r->ctx->takes_cert(r->ctx->takes_arg, &own))
		return refuse(r, GH_E_AUTH_FAILED,
		    "The certificate that signed was not issued by this label, which takes no others.");
	if (requester_check(r->ctx->env, &own.requester, &err) != 0)
		return cmc_refuse(r, 0, &err);
	if (r->signers > 0 && !requester_is_same(&r->who, &own.requester))
		return refuse(r, GH_E_FORBIDDEN,
		    "The signatures of the message prove different requesters.");
	r->who = own.requester;
	r->renewable[r->signers] =
	    strcasecmp(own.template_name, r->ctx->template_name) == 0 ? own.id : 0;
	return 0;
}

static int
verify_by_cert(struct cmc_run *r, const struct mark *m, X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	int rc;

	if (key == NULL)
		return refuse(r, GH_E_SIGNATURE, "The key of the signer cannot be read.");
	if ((rc = verify(r, m, key)) != 0 || (rc = check_time(r, cert)) != 0 ||
	    (rc = check_usage(r, cert)) != 0 || (rc = recognize(r, cert)) != 0)
		return rc;
	X509_up_ref(cert);
	r->signer[r->signers++] = cert;
	return 0;
}

/* --- all signatures --------------------------------------------------------------------------- */

/* 3.2: one by the key of a request stands alone. */
static int
verify_by_request(struct cmc_run *r, const struct mark *m)
{
	const struct ca_pkcs10 *csr;
	struct cms_signer_id id;

	cms_signed_signer(m->message, m->i, &id);
	if ((csr = find_request(r, id.key_id)) == NULL)
		return refuse(r, GH_E_SIGNATURE,
		    "The signer is neither a certificate in the message nor the key of a request "
		    "in it, named by its subjectKeyIdentifier.");
	if (m->message->signers != 1)
		return refuse(r, GH_E_SIGNATURE,
		    "Beside the signature of the key of a request there is no other one.");
	return verify(r, m, csr->key);
}

/* All of them must be right, whatever one alone would prove. */
static int
verify_all(struct cmc_run *r, const struct cms_signed *message)
{
	struct mark m = {message, 0};
	int rc = 0;

	if (message->signers < 1 || message->signers > CMC_SIGNATURES_MAX)
		return refuse(r, GH_E_SIGNATURE,
		    "The message must have one signature, or a few of one requester.");
	for (; rc == 0 && m.i < message->signers; m.i++) {
		X509 *cert = cms_signed_find_cert(message, m.i);

		rc = cert != NULL ? verify_by_cert(r, &m, cert) : verify_by_request(r, &m);
	}
	return rc;
}

int
cmc_verify(struct cmc_run *r)
{
	int rc;

	if (r->outer.cms != NULL && (rc = verify_all(r, &r->outer)) != 0)
		return rc;
	if (cmc_is_authenticated(r)) /* by a secret: who knows it is looked for */
		return 0;
	/* 6.11: a certificate is revoked by a secret, too, in a message that nobody signed */
	if (r->message.signers == 0 && !r->is_enveloped && r->data.requests == 0 &&
	    r->control[CMC_REVOKE_REQUEST] != NULL)
		return 0;
	return verify_all(r, &r->message);
}

bool
cmc_is_ra(const struct cmc_run *r)
{
	bool is_one = false;

	for (size_t i = 0; i < r->signers; i++)
		is_one |= client_cert_is_ra(r->signer[i]);
	return is_one && r->ctx->takes_ra;
}
