/* Make a CA. The certificate goes the way of any other: read, checked against the parent, built. */
#include <string.h>

#include <openssl/x509.h>

#include "ca_create.h"
#include "ca_key.h"
#include "cert_build.h"

#define CA_EXTENSIONS_MAX (64 * 1024)

/* --- extensions ------------------------------------------------------------------------------- */

/* Critical basicConstraints, RFC 5280, 4.2.1.9. The CA may write a pathLenConstraint of up to
 * path_len into the next one, so its own is one more; one that signs no CAs has 0. */
static void
put_basic_constraints(struct gh_buf *b, const struct signer_limits *l)
{
	static const unsigned char head[] = {
	    GH_DER_OID, 3, 0x55, 0x1d, 0x13, GH_DER_BOOLEAN, 1, 0xff};
	static const unsigned char ca[] = {GH_DER_BOOLEAN, 1, 0xff};
	unsigned path_len = l->may_sign_ca ? l->path_len + 1u : 0;
	unsigned char number[2] = {0, (unsigned char)path_len};
	size_t digits = path_len < 0x80 ? 1 : 2, body = sizeof(ca);
	bool has_path_len = !l->may_sign_ca || l->path_len != SIGNER_PATH_LEN_ANY;

	if (has_path_len)
		body += gh_der_size(digits);
	gh_der_put_header(b, GH_DER_SEQUENCE, sizeof(head) + gh_der_size(gh_der_size(body)));
	gh_buf_put(b, head, sizeof(head));
	gh_der_put_header(b, GH_DER_OCTETS, gh_der_size(body));
	gh_der_put_header(b, GH_DER_SEQUENCE, body);
	gh_buf_put(b, ca, sizeof(ca));
	if (has_path_len)
		gh_der_put(b, GH_DER_INTEGER, number + 2 - digits, digits);
}

/* Critical keyUsage, RFC 5280, 4.2.1.3: keyCertSign, cRLSign; the CA of end entities also
 * digitalSignature, for OCSP answers under its own key. */
static void
put_key_usage(struct gh_buf *b, const struct signer_limits *l)
{
	static const unsigned char head[] = {GH_DER_SEQUENCE, 14, GH_DER_OID, 3, 0x55, 0x1d, 0x0f,
	    GH_DER_BOOLEAN, 1, 0xff, GH_DER_OCTETS, 4, GH_DER_BIT_STRING, 2, 1};

	gh_buf_put(b, head, sizeof(head));
	gh_buf_put_u8(b, l->may_sign_ca ? 0x06 : 0x86);
}

static int
make_extensions(const struct signer_create_ca *f, struct gh_buf *out, struct gh_error *err)
{
	struct gh_der in = {f->extensions, f->extensions_len}, list = {NULL, 0};
	struct gh_buf content;
	int rc;

	if (in.len > 0 && (!gh_der_take(&in, GH_DER_SEQUENCE, &list) || in.len != 0))
		return gh_fail(err, GH_E_SIGNER, "extensions: not Extensions");
	gh_buf_init(&content, CA_EXTENSIONS_MAX);
	put_basic_constraints(&content, &f->limits);
	put_key_usage(&content, &f->limits);
	gh_buf_put(&content, list.p, list.len);
	if ((rc = gh_buf_check(&content, err)) == 0) {
		gh_der_put(out, GH_DER_SEQUENCE, content.data, content.len);
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&content);
	return rc;
}

/* --- signing ---------------------------------------------------------------------------------- */

/* A root signs itself: an issuer that has only the key and the name yet. */
static int
sign_as_root(const struct cert_facts *c, EVP_PKEY *key, const struct signer_limits *limits,
    struct gh_buf *cert, struct gh_error *err)
{
	unsigned char key_id[SIGNER_KEY_ID_SIZE];
	struct issuer_parts parts = {.kind = ISSUER_CA,
	    .key = key,
	    .name = c->subject,
	    .key_id = {key_id, sizeof(key_id)},
	    .not_after = c->not_after,
	    .limits = *limits};
	struct issuer *self = NULL;
	int rc;

	if ((rc = cert_fields_check_sanity(c, err)) != 0)
		return rc;
	if ((rc = issuer_key_id(&c->key_bits, key_id, err)) != 0)
		return rc;
	if ((rc = issuer_new(&parts, &self, err)) == 0)
		rc = cert_build(c, self, cert, err);
	issuer_unref(self);
	return rc;
}

static int
sign_by_parent(const struct sealing_key *k, const struct signer_create_ca *f,
    const struct cert_facts *c, struct gh_buf *cert, struct gh_error *err)
{
	struct issuer *parent;
	int rc;

	if ((rc = sealed_issuer(k, f->parent, f->parent_len, f->parent_password, &parent, err)) != 0)
		return rc;
	if ((rc = cert_fields_check(c, parent, err)) == 0)
		rc = cert_build(c, parent, cert, err);
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
	if ((rc = make_extensions(f, &extensions, err)) != 0)
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
		rc = sign_as_root(&facts, key, &f->limits, cert, err);
done:
	OPENSSL_free(spki);
	gh_buf_free(&extensions);
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
	if ((rc = certify(k, f, key, cert, err)) == 0)
		rc = seal_new(k, f, cert, key, sealed, err);
	EVP_PKEY_free(key);
	return rc;
}
