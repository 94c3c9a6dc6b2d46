/* Make a CA. The certificate goes the way of any other: read, checked against the parent, built. */
#include <string.h>

#include <openssl/x509.h>

#include "ca_create.h"
#include "signer/keys/ca_key.h"
#include "ca_profile.h"
#include "signer/issue/cert_build.h"
#include "signer/issue/cert_limits.h"
#include "signer/issue/ocsp_sign.h"

static int
sign_by_parent(const struct sealing_key *k, const struct signer_create_ca *f,
    const struct cert_facts *c, struct gh_buf *cert, struct gh_error *err)
{
	struct issuer *parent;
	int rc;

	rc = sealed_issuer(k, f->parent, f->parent_len, f->parent_password, &parent, err);
	if (rc != 0)
		return rc;
	if ((rc = cert_limits_check(c, parent, err)) == 0)
		rc = cert_build_checked(c, parent, cert, err);
	issuer_unref(parent);
	return rc;
}

/* The certificate of a key that was just made. */
static int
certify(const struct sealing_key *k, const struct signer_create_ca *f, EVP_PKEY *key,
    struct gh_buf *cert, struct gh_error *err)
{
	struct signer_cert_fields fields = {.not_before = f->not_before,
	    .not_after = f->not_after,
	    .subject = f->subject,
	    .subject_len = f->subject_len};
	struct gh_buf extensions;
	struct cert_facts facts;
	unsigned char *spki = NULL;
	int n, rc;

	gh_buf_init(&extensions, CA_EXTENSIONS_MAX);
	rc = ca_extensions(&f->limits, f->parent_len == 0, f->extensions, f->extensions_len,
	    &extensions, err);
	if (rc != 0)
		goto done;
	if ((n = i2d_PUBKEY(key, &spki)) <= 0) {
		rc = gh_fail(err, GH_E_INTERNAL, "public key cannot be encoded");
		goto done;
	}
	fields.spki = spki;
	fields.spki_len = (size_t)n;
	fields.extensions = extensions.data;
	fields.extensions_len = extensions.len;
	if ((rc = cert_fields_read(&fields, &facts, err)) != 0)
		goto done;
	if (f->parent_len > 0)
		rc = sign_by_parent(k, f, &facts, cert, err);
	else
		rc = ca_sign_self(&facts, key, &f->limits, cert, err);
done:
	OPENSSL_free(spki);
	gh_buf_free(&extensions);
	return rc;
}

/* One that could have no OCSP signer is told now. */
static int
check_responder(const struct signer_create_ca *f, const struct gh_buf *cert, EVP_PKEY *key,
    struct gh_error *err)
{
	struct issuer *ca;
	int rc = issuer_from_cert(cert->data, cert->len, key, &f->limits, &ca, err);

	if (rc == 0)
		rc = ocsp_signer_check_names(ca, err);
	issuer_unref(ca);
	return rc;
}

static int
seal_new(const struct sealing_key *k, const struct signer_create_ca *f, const struct gh_buf *cert,
    EVP_PKEY *key, struct gh_buf *sealed, struct gh_error *err)
{
	struct record r;
	int rc;

	record_init(&r, RECORD_CA);
	r.revision = 1;
	r.limits = f->limits;
	gh_buf_put(&r.cert, cert->data, cert->len);
	if ((rc = gh_buf_check(&r.cert, err)) == 0 &&
	    (rc = ca_key_put(key, f->key_uri, NULL, &r, err)) == 0)
		rc = sealed_put(k, &r, sealed, err);
	record_free(&r);
	return rc;
}

int
ca_create(const struct sealing_key *k, const struct signer_create_ca *f, struct gh_buf *cert,
    struct gh_buf *sealed, struct gh_error *err)
{
	EVP_PKEY *key;
	int rc;

	if ((rc = issuer_check_limits(&f->limits, err)) != 0)
		return rc;
	if ((rc = ca_key_make(f->key_alg, f->key_uri, &key, err)) != 0)
		return rc;
	if ((rc = certify(k, f, key, cert, err)) == 0 &&
	    (rc = check_responder(f, cert, key, err)) == 0)
		rc = seal_new(k, f, cert, key, sealed, err);
	EVP_PKEY_free(key);
	return rc;
}
