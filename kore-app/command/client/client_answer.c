/* Reading and checking what the gateway answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509_vfy.h>

#include "encoding.h"
#include "hex.h"
#include "json.h"

#include "client_answer.h"

/* ---- reading ---- */

/* Any case, as servers of this API differ; absent or no string gives "". */
static const char *
text_member(const gh_json *o, const char *name)
{
	gh_json *v = NULL;

	if (gh_json_type(o) != GH_JSON_OBJECT || gh_json_find(o, name, &v, NULL) != 0 ||
	    gh_json_string(v) == NULL)
		return "";
	return gh_json_string(v);
}

static int64_t
number_member(const gh_json *o, const char *name)
{
	gh_json *v = NULL;
	int64_t n;

	if (gh_json_find(o, name, &v, NULL) != 0 || v == NULL || !gh_json_int(v, &n) || n < 0)
		return 0;
	return n;
}

static enum client_disposition
disposition_of(long status, const char *text)
{
	if (status == 200 && strcasecmp(text, "Issued") == 0)
		return CLIENT_ISSUED;
	if (status == 200 && strcasecmp(text, "Pending") == 0)
		return CLIENT_PENDING;
	return strcasecmp(text, "Denied") == 0 ? CLIENT_DENIED : CLIENT_FAILED;
}

static int
add_cert(struct cert_chain *chain, X509 *cert, struct gh_error *err)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der), rc;

	rc = n > 0 ? cert_chain_add(chain, der, (size_t)n, err)
		   : gh_fail(err, GH_E_NOMEM, "certificate");
	OPENSSL_free(der);
	return rc;
}

/* Certs-only SignedData (RFC 2315, 9.1; the order is the server's: leaf first). */
static int
take_pkcs7(const unsigned char *der, size_t len, struct cert_chain *chain, struct gh_error *err)
{
	const unsigned char *p = der;
	PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)len);
	STACK_OF(X509) *certs = NULL;
	int rc = 0;

	if (p7 != NULL && PKCS7_type_is_signed(p7) && p7->d.sign != NULL)
		certs = p7->d.sign->cert;
	if (p != der + len || sk_X509_num(certs) < 1)
		rc = gh_refuse(err, GH_E_BAD_JSON, "the certificates of the answer are no PKCS#7");
	for (int i = 0; rc == 0 && i < sk_X509_num(certs); i++)
		rc = add_cert(chain, sk_X509_value(certs, i), err);
	PKCS7_free(p7);
	ERR_clear_error();
	return rc;
}

/* A single certificate (CERT_ONLY) or a PKCS#7, told apart by what parses. */
static int
take_certificates(const char *text, struct cert_chain *chain, struct gh_error *err)
{
	const unsigned char *p;
	unsigned char *der;
	size_t len;
	X509 *cert;
	int rc = gh_base64_decode(text, strlen(text), &der, &len, NULL);

	if (rc != 0 || len == 0) {
		free(der);
		return gh_refuse(err, GH_E_BAD_JSON, "issued, but the answer holds no certificate");
	}
	p = der;
	cert = d2i_X509(NULL, &p, (long)len);
	ERR_clear_error();
	if (cert != NULL && p == der + len)
		rc = cert_chain_add(chain, der, len, err);
	else
		rc = take_pkcs7(der, len, chain, err);
	X509_free(cert);
	free(der);
	return rc;
}

/* Spaces and control characters of a message from outside must not steer the terminal. */
static void
copy_clean(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
	for (; *out != '\0'; out++) {
		if ((unsigned char)*out < 0x20 || *out == 0x7f)
			*out = ' ';
	}
}

static int
fill_answer(long status, const gh_json *o, struct client_answer *out, struct gh_error *err)
{
	const char *message = text_member(o, "DispositionMessage");

	out->disposition = disposition_of(status, text_member(o, "RequestDisposition"));
	copy_clean(out->message, sizeof(out->message),
	    message[0] != '\0' ? message : text_member(o, "Message"));
	out->request_id = number_member(o, "CMSRequestId");
	out->certificate_id = number_member(o, "CMSID");
	copy_clean(out->serial, sizeof(out->serial), text_member(o, "SerialNumber"));
	copy_clean(out->thumbprint, sizeof(out->thumbprint), text_member(o, "Thumbprint"));
	if (out->disposition != CLIENT_ISSUED)
		return 0;
	return take_certificates(text_member(o, "Certificates"), &out->chain, err);
}

int
client_answer_parse(long status, const char *text, size_t len, struct client_answer *out,
    struct gh_error *err)
{
	gh_json *o = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = gh_json_parse(text != NULL ? text : "", len, GH_JSON_STRICT, &o, NULL);
	if (rc != 0 || gh_json_type(o) != GH_JSON_OBJECT)
		rc = gh_refuse(err, GH_E_BAD_JSON,
		    "the answer (status %ld) is not one of a gateway: is the URL right?", status);
	else
		rc = fill_answer(status, o, out, err);
	gh_json_free(o);
	if (rc != 0)
		client_answer_clear(out);
	return rc;
}

void
client_answer_message(const char *text, size_t len, const char *fallback, char *out, size_t size)
{
	gh_json *o = NULL;
	const char *said = "";

	if (gh_json_parse(text != NULL ? text : "", len, GH_JSON_STRICT, &o, NULL) == 0)
		said = text_member(o, "Message");
	copy_clean(out, size, said[0] != '\0' ? said : fallback);
	gh_json_free(o);
}

void
client_answer_clear(struct client_answer *a)
{
	cert_chain_clear(&a->chain);
	memset(a, 0, sizeof(*a));
}

X509 *
client_answer_cert(const struct client_answer *a, size_t i)
{
	const unsigned char *p;

	if (i >= a->chain.n)
		return NULL;
	p = a->chain.cert[i].der;
	return d2i_X509(NULL, &p, (long)a->chain.cert[i].len);
}

/* ---- checking ---- */

static bool
has_serial(X509 *leaf, const char *hex)
{
	BIGNUM *said = NULL, *real = ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf), NULL);
	bool is_it =
	    real != NULL && BN_hex2bn(&said, hex) == (int)strlen(hex) && BN_cmp(said, real) == 0;

	BN_free(said);
	BN_free(real);
	return is_it;
}

static bool
has_thumbprint(X509 *leaf, const char *thumbprint)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	char *hex =
	    X509_digest(leaf, EVP_sha1(), digest, &n) == 1 ? gh_hex_encode(digest, n) : NULL;
	bool is_it = hex != NULL && strcasecmp(hex, thumbprint) == 0;

	free(hex);
	return is_it;
}

/* Serial number and thumbprint of the answer are those of the certificate. */
static int
check_numbers(const struct client_answer *a, X509 *leaf, struct gh_error *err)
{
	if (a->serial[0] != '\0' && !has_serial(leaf, a->serial))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "the certificate has another serial number than the answer");
	if (a->thumbprint[0] != '\0' && !has_thumbprint(leaf, a->thumbprint))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "the certificate has another thumbprint than the answer");
	return 0;
}

static STACK_OF(X509) * chain_stack(const struct client_answer *a)
{
	STACK_OF(X509) *certs = sk_X509_new_null();

	for (size_t i = 0; certs != NULL && i < a->chain.n; i++) {
		X509 *cert = client_answer_cert(a, i);

		if (cert == NULL || sk_X509_push(certs, cert) <= 0) {
			X509_free(cert);
			sk_X509_pop_free(certs, X509_free);
			return NULL;
		}
	}
	return certs;
}

static int
fill_store(X509_STORE *store, STACK_OF(X509) * certs, STACK_OF(X509) * roots)
{
	X509 *last = sk_X509_value(certs, sk_X509_num(certs) - 1);

	if (roots == NULL)
		return X509_STORE_add_cert(store, last);
	for (int i = 0; i < sk_X509_num(roots); i++) {
		if (X509_STORE_add_cert(store, sk_X509_value(roots, i)) != 1)
			return 0;
	}
	/* An issuing CA that was given is trusted as it is. */
	return X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
}

/* RFC 5280, 6: signatures, validity, basic constraints and path lengths up to the root. */
static int
verify_chain(STACK_OF(X509) * certs, STACK_OF(X509) * roots, struct gh_error *err)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int rc;

	if (store == NULL || ctx == NULL || fill_store(store, certs, roots) != 1 ||
	    X509_STORE_CTX_init(ctx, store, sk_X509_value(certs, 0), certs) != 1)
		rc = gh_fail(err, GH_E_NOMEM, "chain");
	else if (X509_verify_cert(ctx) == 1)
		rc = 0;
	else
		rc = gh_refuse(err, GH_E_FORBIDDEN, "the chain does not hold: %s (depth %d)",
		    X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)),
		    X509_STORE_CTX_get_error_depth(ctx));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return rc;
}

int
client_answer_check(const struct client_answer *a, const EVP_PKEY *key, STACK_OF(X509) * roots,
    enum client_trust *trust, struct gh_error *err)
{
	STACK_OF(X509) *certs = chain_stack(a);
	X509 *leaf = sk_X509_value(certs, 0);
	int rc;

	*trust = CLIENT_TRUST_NONE;
	if (leaf == NULL)
		rc = gh_refuse(err, GH_E_FORBIDDEN, "a certificate of the answer cannot be read");
	else if (EVP_PKEY_eq(X509_get0_pubkey(leaf), key) != 1)
		rc = gh_refuse(err, GH_E_FORBIDDEN, "the certificate is for another key than ours");
	else
		rc = check_numbers(a, leaf, err);
	if (rc == 0 && (roots != NULL || a->chain.n > 1)) {
		rc = verify_chain(certs, roots, err);
		if (rc == 0)
			*trust = roots != NULL ? CLIENT_TRUST_ROOT : CLIENT_TRUST_CHAIN;
	}
	sk_X509_pop_free(certs, X509_free);
	ERR_clear_error();
	return rc;
}
