/* What the certificate of a CA says of itself. See ca_profile.h. */
#include <openssl/x509v3.h>

#include "oid.h"

#include "ca_profile.h"
#include "signer/issue/cert_build.h"

/* Critical basicConstraints, RFC 5280, 4.2.1.9. The CA may write a pathLenConstraint of up to
 * path_len into the next one, so its own is one more; one that signs no CAs has 0. A root has none:
 * several relying parties count the certificates by which it changes its key (RFC 4210, 4.4)
 * although they are self-issued. */
static void
put_basic_constraints(struct gh_buf *b, const struct signer_limits *l, bool is_root)
{
	static const unsigned char head[] = {GH_OID_DER(GH_OID_BASIC_CONSTRAINTS), GH_DER_BOOLEAN,
	    1, 0xff};
	static const unsigned char ca[] = {GH_DER_BOOLEAN, 1, 0xff};
	unsigned path_len = l->may_sign_ca ? l->path_len + 1u : 0;
	unsigned char number[2] = {0, (unsigned char)path_len};
	size_t digits = path_len < 0x80 ? 1 : 2, body = sizeof(ca);
	bool has_path_len = !is_root && (!l->may_sign_ca || l->path_len != SIGNER_PATH_LEN_ANY);

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
	static const unsigned char head[] = {GH_DER_SEQUENCE, 14, GH_OID_DER(GH_OID_KEY_USAGE),
	    GH_DER_BOOLEAN, 1, 0xff, GH_DER_OCTETS, 4, GH_DER_BIT_STRING, 2, 1};

	gh_buf_put(b, head, sizeof(head));
	gh_buf_put_u8(b, l->may_sign_ca ? 0x06 : 0x86);
}

int
ca_extensions(const struct signer_limits *limits, bool is_root, const unsigned char *given,
    size_t given_len, struct gh_buf *out, struct gh_error *err)
{
	struct gh_der in = {given, given_len}, list = {NULL, 0};
	struct gh_buf content;
	int rc;

	if (in.len > 0 && (!gh_der_take(&in, GH_DER_SEQUENCE, &list) || in.len != 0))
		return gh_fail(err, GH_E_SIGNER, "extensions: not Extensions");
	gh_buf_init(&content, CA_EXTENSIONS_MAX);
	put_basic_constraints(&content, limits, is_root);
	put_key_usage(&content, limits);
	gh_buf_put(&content, list.p, list.len);
	if ((rc = gh_buf_check(&content, err)) == 0) {
		gh_der_put(out, GH_DER_SEQUENCE, content.data, content.len);
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&content);
	return rc;
}

/* A root signs itself: an issuer that has only the key and the name yet. */
int
ca_sign_self(const struct cert_facts *c, EVP_PKEY *key, const struct signer_limits *limits,
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

int
ca_limits_fit(const struct gh_buf *cert, const struct signer_limits *l, struct gh_error *err)
{
	const unsigned char *p = cert->data;
	X509 *x = d2i_X509(NULL, &p, (long)cert->len);
	long path_len;
	int rc = 0;

	if (x == NULL || p != cert->data + cert->len || X509_check_ca(x) != 1) {
		X509_free(x);
		return gh_fail(err, GH_E_SIGNER, "the certificate is not that of a CA");
	}
	path_len = X509_get_pathlen(x);
	if (l->may_sign_ca && path_len == 0)
		rc = gh_fail(err, GH_E_CA_POLICY,
		    "the certificate has pathLenConstraint 0: the CA may not sign CA certificates");
	else if (l->may_sign_ca && path_len > 0 &&
	    (l->path_len == SIGNER_PATH_LEN_ANY || l->path_len >= path_len))
		rc = gh_fail(err, GH_E_CA_POLICY,
		    "the certificate has pathLenConstraint %ld: the CA may write at most %ld",
		    path_len, path_len - 1);
	X509_free(x);
	return rc;
}
