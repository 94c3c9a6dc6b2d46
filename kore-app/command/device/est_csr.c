/* See est_csr.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "encoding.h"

#include "client/client_csr.h"

#include "est_csr.h"

/* The base64 of the longest binding, which a body of another connection may have; signatures of
 * ECDSA are a few bytes longer or shorter. */
#define BINDING_TEXT_MAX GH_BASE64_SIZE(GH_TLS_BINDING_SIZE)
#define SIGNATURE_SLACK 16

/* ---- the link ---- */

static int
set_challenge(X509_REQ *req, const char *text, struct gh_error *err)
{
	int at = X509_REQ_get_attr_by_NID(req, NID_pkcs9_challengePassword, -1);

	if (at >= 0)
		X509_ATTRIBUTE_free(X509_REQ_delete_attr(req, at));
	return X509_REQ_add1_attr_by_NID(req, NID_pkcs9_challengePassword, MBSTRING_ASC,
		   (const unsigned char *)text, (int)strlen(text)) == 1
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "challengePassword");
}

/* client_body.make */
static int
make_linked(void *arg, const struct gh_tls *tls, struct gh_buf *out, struct gh_error *err)
{
	struct est_csr *c = arg;
	char *binding, *text = NULL;
	int rc;

	if (tls->binding_len == 0)
		return gh_refuse(err, GH_E_CONF,
		    "this connection (%s) has no binding that a request can be linked to",
		    tls->protocol);
	binding = gh_base64_encode(tls->binding, tls->binding_len, GH_BASE64_ONE_LINE);
	if (binding == NULL)
		return gh_fail(err, GH_E_NOMEM, "binding");
	rc = set_challenge(c->req, binding, err);
	free(binding);
	if (rc == 0)
		rc = client_csr_sign(c->req, c->key, err);
	if (rc == 0 && (text = client_csr_base64(c->req)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "PKCS#10");
	if (rc == 0)
		gh_buf_puts(out, text);
	free(text);
	return rc;
}

/* ---- the request ---- */

static int
finish(struct est_csr *c, bool is_linked, struct gh_error *err)
{
	c->is_linked = is_linked;
	c->text = client_csr_base64(c->req);
	if (c->text == NULL)
		return gh_fail(err, GH_E_NOMEM, "PKCS#10");
	c->body = (struct client_body){.make = make_linked,
	    .arg = c,
	    .size = strlen(c->text) + BINDING_TEXT_MAX * 2 + SIGNATURE_SLACK * 2 + 64};
	return 0;
}

int
est_csr_build(struct est_csr *c, EVP_PKEY *key, const char *subject, const char *const *san,
    bool is_linked, struct gh_error *err)
{
	int rc;

	memset(c, 0, sizeof(*c));
	c->key = key;
	rc = client_csr_build(key, subject, san, &c->req, err);
	return rc == 0 ? finish(c, is_linked, err) : rc;
}

static int
copy_san(X509_REQ *req, X509 *cert)
{
	int at = X509_get_ext_by_NID(cert, NID_subject_alt_name, -1), ok;
	STACK_OF(X509_EXTENSION) * exts;

	if (at < 0)
		return 0;
	exts = sk_X509_EXTENSION_new_null();
	ok = exts != NULL && sk_X509_EXTENSION_push(exts, X509_get_ext(cert, at)) > 0 &&
	    X509_REQ_add_extensions(req, exts) == 1;
	sk_X509_EXTENSION_free(exts);
	return ok ? 0 : -1;
}

int
est_csr_build_like(struct est_csr *c, EVP_PKEY *key, X509 *cert, bool is_linked,
    struct gh_error *err)
{
	int rc = 0;

	memset(c, 0, sizeof(*c));
	c->key = key;
	c->req = X509_REQ_new();
	if (c->req == NULL || X509_REQ_set_version(c->req, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_subject_name(c->req, X509_get_subject_name(cert)) != 1 ||
	    X509_REQ_set_pubkey(c->req, key) != 1 || copy_san(c->req, cert) != 0) {
		ERR_clear_error();
		rc = gh_fail(err, GH_E_NOMEM, "PKCS#10");
	}
	if (rc == 0)
		rc = client_csr_sign(c->req, key, err);
	return rc == 0 ? finish(c, is_linked, err) : rc;
}

int
est_csr_resign(struct est_csr *c, struct gh_error *err)
{
	int rc = client_csr_sign(c->req, c->key, err);

	free(c->text);
	c->text = NULL;
	return rc == 0 ? finish(c, c->is_linked, err) : rc;
}

void
est_csr_clear(struct est_csr *c)
{
	X509_REQ_free(c->req);
	free(c->text);
	memset(c, 0, sizeof(*c));
}
