/* What is sealed as a policy of recovery. See policy_rules.h. */
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "signer/keys/cert_der.h"

#include "policy_rules.h"

bool
policy_is_same_id(const struct gh_der *a, const struct gh_der *b)
{
	return a->len == b->len &&
	    (a->len == 0 || strncasecmp((const char *)a->p, (const char *)b->p, a->len) == 0);
}

static int
check_ids(const struct kra_policy *p, struct gh_error *err)
{
	for (size_t i = 0; i < p->agents; i++) {
		if (p->agent[i].id.len == 0)
			return gh_refuse(err, GH_E_VALIDATION, "Agent %zu has no id.", i + 1);
		for (size_t k = 0; k < i; k++)
			if (policy_is_same_id(&p->agent[k].id, &p->agent[i].id))
				return gh_refuse(err, GH_E_VALIDATION,
				    "Agents %zu and %zu are the same one.", k + 1, i + 1);
	}
	return 0;
}

/* --- certificates ----------------------------------------------------------------------------- */

/* A CMS names its signer by issuer and serial number, or by the subject key identifier (RFC 5652,
 * 5.3); and with one key, one person would be two. */
static bool
are_alike(X509 *a, X509 *b)
{
	const ASN1_OCTET_STRING *of_a = X509_get0_subject_key_id(a),
				*of_b = X509_get0_subject_key_id(b);

	return X509_issuer_and_serial_cmp(a, b) == 0 ||
	    EVP_PKEY_eq(X509_get0_pubkey(a), X509_get0_pubkey(b)) == 1 ||
	    (of_a != NULL && of_b != NULL && ASN1_OCTET_STRING_cmp(of_a, of_b) == 0);
}

static int
check_cert(const struct gh_der *der, size_t i, int64_t now, X509 **out, struct gh_error *err)
{
	X509 *x = cert_der_read(der);
	int64_t end = 0;
	int rc = 0;

	if (x == NULL || X509_get0_pubkey(x) == NULL ||
	    !gh_asn1_time_get(X509_get0_notAfter(x), &end))
		rc = gh_refuse(err, GH_E_VALIDATION, "Agent %zu has no certificate (DER).", i + 1);
	else if (end < now)
		rc = gh_refuse(err, GH_E_VALIDATION,
		    "The certificate of agent %zu has ended: he could approve nothing.", i + 1);
	if (rc != 0) {
		X509_free(x);
		x = NULL;
	}
	*out = x;
	return rc;
}

static int
check_certs(const struct kra_policy *p, int64_t now, struct gh_error *err)
{
	X509 *cert[KRA_AGENTS_MAX] = {NULL};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < p->agents; i++) {
		rc = check_cert(&p->agent[i].cert, i, now, &cert[i], err);
		for (size_t k = 0; rc == 0 && k < i; k++)
			if (are_alike(cert[k], cert[i]))
				rc = gh_refuse(err, GH_E_VALIDATION,
				    "The certificates of agents %zu and %zu have the same key, the "
				    "same issuer and serial number, or the same subject key "
				    "identifier: signatures would not tell who it was.",
				    k + 1, i + 1);
	}
	for (size_t i = 0; i < p->agents; i++)
		X509_free(cert[i]);
	ERR_clear_error();
	return rc;
}

/* ------------------------------------------------------------------------------------------------
 */

int
policy_rules_check(const struct kra_policy *p, int64_t now, struct gh_error *err)
{
	int rc;

	if (p->name.len == 0)
		return gh_refuse(err, GH_E_VALIDATION, "A policy of recovery needs a name.");
	if (p->required > p->agents)
		return gh_refuse(err, GH_E_VALIDATION,
		    "%d approvals are required, and there are %zu agents.", p->required, p->agents);
	if ((rc = check_ids(p, err)) != 0)
		return rc;
	return p->is_signed ? check_certs(p, now, err) : 0;
}
