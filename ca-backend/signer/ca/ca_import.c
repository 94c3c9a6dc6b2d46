/* A CA whose certificate comes from elsewhere: with its key, or for a request made here. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "ca_admin.h"
#include "signer/keys/ca_key.h"
#include "signer/keys/cert_der.h"
#include "ca_profile.h"

/* --- import ----------------------------------------------------------------------------------- */

/* The public parts fit: so must the private one, which nothing has looked at yet. */
static int
check_key_works(const struct issuer *ca, struct gh_error *err)
{
	static const unsigned char text[] = "is this the key?";
	struct gh_der sig, bits;
	const unsigned char *p = ca->cert.data;
	X509 *x = d2i_X509(NULL, &p, (long)ca->cert.len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct gh_buf b;
	int rc, ok = 0;

	gh_buf_init(&b, 4096);
	if ((rc = issuer_sign(ca, text, sizeof(text), &b, err)) == 0) {
		sig = (struct gh_der){b.data, b.len};
		ok = x != NULL && ctx != NULL && gh_der_take_octet_bits(&sig, &bits) &&
		    EVP_DigestVerifyInit_ex(ctx, NULL, ca->md, NULL, NULL, X509_get0_pubkey(x),
			NULL) == 1 &&
		    EVP_DigestVerify(ctx, bits.p, bits.len, text, sizeof(text)) == 1;
		if (!ok)
			rc = gh_fail(err, GH_E_SIGNER,
			    "the private key does not make signatures of the certificate's key");
	}
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	X509_free(x);
	gh_buf_free(&b);
	return rc;
}

static int
check_key_size(const struct issuer *ca, struct gh_error *err)
{
	if (EVP_PKEY_is_a(ca->key, "RSA") && EVP_PKEY_get_bits(ca->key) < 2048)
		return gh_fail(err, GH_E_SIGNER, "an RSA key of %d bits is too weak for a CA",
		    EVP_PKEY_get_bits(ca->key));
	return 0;
}

static int
check_import(const struct record *r, EVP_PKEY *key, struct gh_error *err)
{
	struct issuer *ca;
	int rc;

	if ((rc = ca_limits_fit(&r->cert, &r->limits, err)) != 0)
		return rc;
	if ((rc = record_issuer(r, key, &ca, err)) != 0)
		return rc;
	if ((rc = check_key_size(ca, err)) == 0)
		rc = check_key_works(ca, err);
	issuer_unref(ca);
	return rc;
}

/* Put the key into the record; *key is what then comes out of it. */
static int
import_key(const struct signer_import_ca *f, struct record *r, EVP_PKEY **key, struct gh_error *err)
{
	EVP_PKEY *given = NULL;
	int rc;

	if (f->pkcs8_len > 0 && (given = ca_key_from_pkcs8(f->pkcs8, f->pkcs8_len)) == NULL)
		return gh_fail(err, GH_E_SIGNER, "the private key is no PKCS#8 that can be read");
	if (given == NULL && f->key_uri[0] == '\0')
		return gh_fail(err, GH_E_SIGNER, "there is no private key");
	if ((rc = ca_key_put(given, f->key_uri, NULL, r, err)) == 0)
		rc = ca_key_open(r, NULL, key, err);
	EVP_PKEY_free(given);
	return rc;
}

int
ca_import(const struct sealing_key *k, const struct signer_import_ca *f, struct gh_buf *sealed,
    struct gh_error *err)
{
	EVP_PKEY *key = NULL;
	struct record r;
	int rc;

	record_init(&r, RECORD_CA);
	r.revision = 1;
	r.limits = f->limits;
	gh_buf_put(&r.cert, f->cert, f->cert_len);
	if ((rc = gh_buf_check(&r.cert, err)) == 0 &&
	    (rc = issuer_check_limits(&f->limits, err)) == 0 &&
	    (rc = import_key(f, &r, &key, err)) == 0 && (rc = check_import(&r, key, err)) == 0)
		rc = sealed_put(k, &r, sealed, err);
	EVP_PKEY_free(key);
	record_free(&r);
	return rc;
}

/* --- request ---------------------------------------------------------------------------------- */

static bool
set_subject(X509_REQ *req, const struct signer_create_csr *f)
{
	const unsigned char *p = f->subject;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)f->subject_len);
	bool ok = name != NULL && p == f->subject + f->subject_len &&
	    X509_NAME_entry_count(name) > 0 && X509_REQ_set_subject_name(req, name) == 1;

	X509_NAME_free(name);
	return ok;
}

static bool
set_extensions(X509_REQ *req, const struct gh_buf *der)
{
	const unsigned char *p = der->data;
	X509_EXTENSIONS *list = d2i_X509_EXTENSIONS(NULL, &p, (long)der->len);
	bool ok =
	    list != NULL && p == der->data + der->len && X509_REQ_add_extensions(req, list) == 1;

	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return ok;
}

/* CertificationRequestInfo, RFC 2986, 4.1; *der to be freed with OPENSSL_free. */
static int
encode_request(const struct signer_create_csr *f, EVP_PKEY *key, const struct gh_buf *extensions,
    unsigned char **der, size_t *len, struct gh_error *err)
{
	X509_REQ *req = X509_REQ_new();
	int n = 0, rc = 0;

	*der = NULL;
	if (req == NULL)
		return gh_fail(err, GH_E_NOMEM, "request");
	if (!set_subject(req, f))
		rc = gh_fail(err, GH_E_SIGNER, "subject: no Name, or an empty one");
	else if (!set_extensions(req, extensions))
		rc = gh_fail(err, GH_E_SIGNER, "extensions: not Extensions");
	else if (X509_REQ_set_pubkey(req, key) != 1 || (n = i2d_re_X509_REQ_tbs(req, der)) <= 0)
		rc = gh_fail(err, GH_E_INTERNAL, "the request cannot be encoded");
	*len = rc == 0 ? (size_t)n : 0;
	ERR_clear_error();
	X509_REQ_free(req);
	return rc;
}

/* Signed as a CA signs, so that it does not matter where the key is. */
static int
put_signed(const unsigned char *info, size_t len, EVP_PKEY *key, const struct signer_create_csr *f,
    struct gh_buf *out, struct gh_error *err)
{
	struct issuer_parts parts = {.kind = ISSUER_CA,
	    .key = key,
	    .name = {f->subject, f->subject_len},
	    .limits = f->limits};
	struct issuer *self;
	struct gh_buf sig;
	int rc;

	if ((rc = issuer_new(&parts, &self, err)) != 0)
		return rc;
	gh_buf_init(&sig, 4096);
	if ((rc = issuer_sign(self, info, len, &sig, err)) == 0) {
		gh_der_put_header(out, GH_DER_SEQUENCE, len + self->algorithm.len + sig.len);
		gh_buf_put(out, info, len);
		gh_buf_put(out, self->algorithm.p, self->algorithm.len);
		gh_buf_put(out, sig.data, sig.len);
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&sig);
	issuer_unref(self);
	return rc;
}

static int
certify_request(const struct signer_create_csr *f, EVP_PKEY *key, struct gh_buf *csr,
    struct gh_error *err)
{
	struct gh_buf extensions;
	unsigned char *info = NULL;
	size_t len = 0;
	int rc;

	gh_buf_init(&extensions, CA_EXTENSIONS_MAX);
	rc = ca_extensions(&f->limits, false, f->extensions, f->extensions_len, &extensions, err);
	if (rc == 0)
		rc = encode_request(f, key, &extensions, &info, &len, err);
	if (rc == 0)
		rc = put_signed(info, len, key, f, csr, err);
	OPENSSL_free(info);
	gh_buf_free(&extensions);
	return rc;
}

/* The key of the record before, as it is protected there; or a new one. */
static int
take_key(const struct sealing_key *k, const struct signer_create_csr *f, struct record *r,
    EVP_PKEY **key, struct gh_error *err)
{
	struct record old;
	int rc;

	if (f->sealed_len == 0) {
		if ((rc = ca_key_make(f->key_alg, f->key_uri, key, err)) != 0)
			return rc;
		return ca_key_put(*key, f->key_uri, NULL, r, err);
	}
	rc = sealed_open(k, f->sealed, f->sealed_len, &old, err);
	if (rc == 0 && old.kind == RECORD_OCSP)
		rc = gh_fail(err, GH_E_SIGNER, "the key of an OCSP signer is for no CA");
	if (rc == 0)
		rc = ca_key_open(&old, f->password, key, err);
	if (rc == 0)
		rc = ca_key_copy(&old, r, err);
	r->revision = old.revision + 1; /* newer than what was there under this key */
	record_free(&old);
	return rc;
}

int
ca_create_csr(const struct sealing_key *k, const struct signer_create_csr *f, struct gh_buf *csr,
    struct gh_buf *sealed, struct gh_error *err)
{
	EVP_PKEY *key = NULL;
	struct record r;
	int rc;

	record_init(&r, RECORD_PENDING);
	r.revision = 1;
	r.limits = f->limits;
	if ((rc = issuer_check_limits(&f->limits, err)) == 0 &&
	    (rc = take_key(k, f, &r, &key, err)) == 0 &&
	    (rc = ca_key_put_public(key, &r.cert, err)) == 0 &&
	    (rc = certify_request(f, key, csr, err)) == 0)
		rc = sealed_put(k, &r, sealed, err);
	EVP_PKEY_free(key);
	record_free(&r);
	return rc;
}

/* --- the answer to it ------------------------------------------------------------------------- */

static int
check_is_for(const struct gh_der *cert, const struct gh_buf *spki, struct gh_error *err)
{
	const unsigned char *q = spki->data;
	X509 *x = cert_der_read(cert);
	EVP_PKEY *key = d2i_PUBKEY(NULL, &q, (long)spki->len);
	int rc = 0;

	if (x == NULL)
		rc = gh_fail(err, GH_E_SIGNER, "the certificate cannot be read");
	else if (key == NULL || X509_get0_pubkey(x) == NULL ||
	    EVP_PKEY_eq(X509_get0_pubkey(x), key) != 1)
		rc = gh_fail(err, GH_E_SIGNER, "the certificate is for another key");
	ERR_clear_error();
	EVP_PKEY_free(key);
	X509_free(x);
	return rc;
}

/* The new record, with the certificate in its place. */
static int
put_certificate(const struct record *pending, const struct gh_der *cert, struct record *next,
    struct gh_error *err)
{
	struct issuer *ca;
	int rc;

	if ((rc = record_next(next, pending, err)) != 0)
		return rc;
	next->kind = RECORD_CA;
	next->cert.len = 0;
	gh_buf_put(&next->cert, cert->p, cert->len);
	if ((rc = gh_buf_check(&next->cert, err)) != 0 ||
	    (rc = ca_limits_fit(&next->cert, &next->limits, err)) != 0 ||
	    (rc = record_issuer(next, NULL, &ca, err)) != 0)
		return rc;
	issuer_unref(ca);
	return ca_key_copy(pending, next, err);
}

int
ca_complete(const struct sealing_key *k, const struct gh_der *pending, const struct gh_der *cert,
    struct gh_buf *sealed, struct gh_error *err)
{
	struct record r, next;
	int rc;

	record_init(&next, RECORD_CA);
	rc = sealed_open(k, pending->p, pending->len, &r, err);
	if (rc == 0 && r.kind != RECORD_PENDING)
		rc = gh_fail(err, GH_E_SIGNER, "the CA waits for no certificate");
	if (rc == 0 && (rc = check_is_for(cert, &r.cert, err)) == 0 &&
	    (rc = put_certificate(&r, cert, &next, err)) == 0)
		rc = sealed_put(k, &next, sealed, err);
	record_free(&r);
	record_free(&next);
	return rc;
}

/* --- limits ----------------------------------------------------------------------------------- */

int
ca_set_limits(const struct sealing_key *k, const struct gh_der *record,
    const struct signer_limits *limits, struct gh_buf *sealed, struct gh_error *err)
{
	struct record r, next;
	int rc;

	record_init(&next, RECORD_CA);
	rc = sealed_open(k, record->p, record->len, &r, err);
	if (rc == 0 && r.kind == RECORD_OCSP)
		rc = gh_fail(err, GH_E_SIGNER, "an OCSP signer has no limits");
	if (rc == 0)
		rc = issuer_check_limits(limits, err);
	if (rc == 0 && r.kind == RECORD_CA)
		rc = ca_limits_fit(&r.cert, limits, err);
	if (rc == 0 && (rc = record_next(&next, &r, err)) == 0 &&
	    (rc = ca_key_copy(&r, &next, err)) == 0) {
		next.limits = *limits;
		rc = sealed_put(k, &next, sealed, err);
	}
	record_free(&r);
	record_free(&next);
	return rc;
}
