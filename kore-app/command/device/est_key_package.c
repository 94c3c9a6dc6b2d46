/* See est_key_package.h. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "formats/cms_signed.h"
#include "oid.h"

#include "est_certs.h"
#include "est_key_package.h"

#define MESSAGE_MAX (256 * 1024)
#define KEY_MAX (32 * 1024)
/* id-ct-KP-aKeyPackage, 2.16.840.1.101.2.1.2.78.5 */
#define ASYMMETRIC_KEYS 0x60, 0x86, 0x48, 1, 0x65, 2, 1, 2, 78, 5

/* ---- the key ---- */

static int
refuse(struct gh_error *err)
{
	ERR_clear_error();
	return gh_refuse(err, GH_E_BAD_REQUEST,
	    "the key of the answer is no AsymmetricKeyPackage with one key (RFC 5958)");
}

/* What libcrypto knows of it: version 1, without attributes and public key. */
static bool
put_pkcs8(struct gh_der key, struct gh_buf *out)
{
	struct gh_der alg, octets;
	unsigned version;
	static const unsigned char v1[] = {GH_DER_INTEGER, 1, 0};

	if (!gh_der_take_u32(&key, &version) || version > 1 ||
	    !gh_der_take_whole(&key, GH_DER_SEQUENCE, &alg) ||
	    !gh_der_take_whole(&key, GH_DER_OCTETS, &octets))
		return false;
	gh_der_put_header(out, GH_DER_SEQUENCE, sizeof(v1) + alg.len + octets.len);
	gh_buf_put(out, v1, sizeof(v1));
	gh_buf_put(out, alg.p, alg.len);
	gh_buf_put(out, octets.p, octets.len);
	return !out->failed;
}

int
est_key_package_read(const struct gh_der *package, EVP_PKEY **out, struct gh_error *err)
{
	struct gh_der in = *package, list, key;
	PKCS8_PRIV_KEY_INFO *info = NULL;
	const unsigned char *p;
	struct gh_buf pkcs8;

	*out = NULL;
	gh_buf_init(&pkcs8, KEY_MAX);
	pkcs8.secret = true;
	if (gh_der_take(&in, GH_DER_SEQUENCE, &list) && in.len == 0 &&
	    gh_der_take(&list, GH_DER_SEQUENCE, &key) && list.len == 0 && put_pkcs8(key, &pkcs8)) {
		p = pkcs8.data;
		info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8.len);
	}
	if (info != NULL)
		*out = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	gh_buf_free(&pkcs8);
	ERR_clear_error();
	return *out != NULL ? 0 : refuse(err);
}

/* ---- who signed it ---- */

static bool
may_make_keys(X509 *cert)
{
	static const char *const usages[] = {"1.3.6.1.5.5.7.3.32", "1.3.6.1.5.5.7.3.27",
	    "1.3.6.1.5.5.7.3.28"};
	EXTENDED_KEY_USAGE *list = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	bool found = false;
	char oid[64];

	for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++) {
		(void)OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(list, i), 1);
		for (size_t j = 0; j < sizeof(usages) / sizeof(usages[0]); j++)
			found |= strcmp(oid, usages[j]) == 0;
	}
	EXTENDED_KEY_USAGE_free(list);
	return found;
}

static int
check_signer(const struct cms_signed *m, STACK_OF(X509) * cas, struct gh_error *err)
{
	X509 *cert = m->signers == 1 ? cms_signed_find_cert(m, 0) : NULL;
	EVP_PKEY *key = cert != NULL ? X509_get0_pubkey(cert) : NULL;
	STACK_OF(X509) *chain = NULL;
	int rc;

	if (key == NULL)
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "the key of the answer is not signed by one whose certificate is with it");
	if (!may_make_keys(cert))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "the key of the answer is signed by one who may not make keys (no id-kp-cmKGA)");
	if ((rc = cms_signed_verify(m, 0, key, err)) != 0)
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "the signature over the key of the answer is wrong");
	rc = est_certs_check(cert, key, cas, &chain, err);
	est_certs_free(chain);
	return rc;
}

int
est_key_package_open(const struct gh_der *in, STACK_OF(X509) * cas, EVP_PKEY **out,
    struct gh_error *err)
{
	static const unsigned char type[] = {GH_OID_DER(GH_OID_PKCS7_SIGNED_DATA)},
				   wanted[] = {ASYMMETRIC_KEYS};
	struct cms_signed m = {0};
	struct gh_buf info, tagged;
	int rc;

	*out = NULL;
	gh_buf_init(&info, MESSAGE_MAX);
	gh_buf_init(&tagged, MESSAGE_MAX);
	info.secret = tagged.secret = true;
	gh_buf_put(&tagged, type, sizeof(type));
	gh_der_put(&tagged, GH_DER_CONTEXT(0), in->p, in->len);
	gh_der_put(&info, GH_DER_SEQUENCE, tagged.data, tagged.len);
	if (info.failed || tagged.failed || cms_signed_read(info.data, info.len, &m, err) != 0 ||
	    !gh_der_equals(&m.type, wanted, sizeof(wanted)))
		rc = refuse(err);
	else if ((rc = check_signer(&m, cas, err)) == 0)
		rc = est_key_package_read(&m.content, out, err);
	cms_signed_clear(&m);
	gh_buf_free(&info);
	gh_buf_free(&tagged);
	return rc;
}
