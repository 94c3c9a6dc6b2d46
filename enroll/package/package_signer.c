/* Signers of answers. See package_signer.h. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "formats/cms_constraints.h"
#include "package/firmware.h"
#include "package/package_oid.h"
#include "requester.h"
#include "store/status/revocation.h"
#include "timestamp.h"

#include "package_signer.h"

static X509 *
connection_cert(const struct call *call)
{
	const unsigned char *p = call->http->client_chain; /* it is the first */

	return p != NULL && call->requester->via_client_cert
	    ? d2i_X509(NULL, &p, (long)call->http->client_chain_len)
	    : NULL;
}

static bool
is_valid_now(X509 *cert)
{
	int64_t from, to, now = gh_now();

	return gh_asn1_time_get(X509_get0_notBefore(cert), &from) &&
	    gh_asn1_time_get(X509_get0_notAfter(cert), &to) && now >= from && now <= to;
}

/* Ours, and issued to the caller. The row says so, never the certificate. */
static int
check_own(struct store *s, const struct call *call, X509 *cert, struct gh_error *err)
{
	struct store_own_cert own;
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der), rc;

	if (n <= 0)
		return gh_fail(err, GH_E_NOMEM, "certificate");
	rc = store_recognize(s, der, (size_t)n, &own, err);
	OPENSSL_free(der);
	if (rc != 0)
		return rc;
	if (!own.is_ours || own.is_revoked || own.is_issuer_revoked || !is_valid_now(cert))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "The answer is signed with a certificate that is not trusted here.");
	return requester_is_same(&own.requester, call->requester)
	    ? 0
	    : gh_refuse(err, GH_E_FORBIDDEN, "The answer is signed by somebody else.");
}

/* Does signature 0 name this certificate? */
static bool
is_named(const struct cms_signed *m, X509 *cert)
{
	struct cms_signer_id id;
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(cert);

	cms_signed_signer(m, 0, &id);
	if (id.key_id != NULL)
		return ski != NULL && ASN1_OCTET_STRING_cmp(ski, id.key_id) == 0;
	return X509_NAME_cmp(id.issuer, X509_get_issuer_name(cert)) == 0 &&
	    ASN1_INTEGER_cmp(id.serial, X509_get0_serialNumber(cert)) == 0;
}

int
package_signer_check(struct store *s, const struct call *call, const struct cms_signed *message,
    struct gh_error *err)
{
	X509 *own = connection_cert(call), *sent = cms_signed_find_cert(message, 0), *cert = NULL;
	EVP_PKEY *key;
	int rc = 0;

	if (own != NULL && is_named(message, own))
		cert = own;
	else if (sent != NULL)
		cert = sent;
	if (cert == NULL || (key = X509_get0_pubkey(cert)) == NULL)
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "The certificate of the signer is neither that of the connection nor in the answer.");
	else if ((rc = cms_signed_verify(message, 0, key, err)) == 0 &&
	    !cms_constraints_allow(cert, &message->type))
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "The signer's certificate does not let it sign answers of this type (CMS "
		    "content constraints).");
	else if (rc == 0 && cert != own)
		rc = check_own(s, call, cert, err);
	ERR_clear_error();
	X509_free(own);
	return rc;
}

/* --- hardware --------------------------------------------------------------------------------- */

/* false: the certificate names another module. */
static bool
fits(X509 *cert, const struct package_answer *a)
{
	static const unsigned char type[] = {OID_HARDWARE_MODULE};
	GENERAL_NAMES *names =
	    cert != NULL ? X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL) : NULL;
	bool is_good = true;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		struct gh_der hw_type, hw_serial;
		unsigned char *der = NULL;
		int len;

		if (n->type != GEN_OTHERNAME ||
		    OBJ_length(n->d.otherName->type_id) != sizeof(type) ||
		    memcmp(OBJ_get0_data(n->d.otherName->type_id), type, sizeof(type)) != 0)
			continue;
		len = i2d_ASN1_TYPE(n->d.otherName->value, &der);
		is_good = len > 0 &&
		    firmware_hardware_read((struct gh_der){der, (size_t)len}, &hw_type,
			&hw_serial) &&
		    gh_der_equals(&a->hw_type, hw_type.p, hw_type.len) &&
		    gh_der_equals(&a->hw_serial, hw_serial.p, hw_serial.len);
		OPENSSL_free(der);
		break;
	}
	GENERAL_NAMES_free(names);
	return is_good;
}

int
package_hardware_check(const struct call *call, const struct cms_signed *message,
    const struct package_answer *answer, struct gh_error *err)
{
	X509 *own;
	bool is_good;

	if (answer->hw_type.p == NULL)
		return 0;
	own = connection_cert(call);
	is_good = fits(own, answer) &&
	    (message->cms == NULL || fits(cms_signed_find_cert(message, 0), answer));
	X509_free(own);
	ERR_clear_error();
	return is_good
	    ? 0
	    : gh_refuse(err, GH_E_FORBIDDEN,
		  "The answer is of another hardware module than the certificate names.");
}
