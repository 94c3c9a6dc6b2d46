/* The delegated signer of a CA's OCSP answers: RFC 6960, 4.2.2.2. See ocsp_sign.h. */
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "calendar.h"
#include "oid.h"
#include "signer/keys/ca_key.h"
#include "signer/issue/cert_build.h"
#include "signer/issue/ocsp_sign.h"
#include "timestamp.h"
#include "utf8.h"

#define CN_MAX 64 /* RFC 5280, appendix A.1: ub-common-name */

/* critical keyUsage digitalSignature; extKeyUsage OCSPSigning; id-pkix-ocsp-nocheck NULL */
static const unsigned char extensions[] = {GH_DER_SEQUENCE, 54, GH_DER_SEQUENCE, 14,
    GH_OID_DER(GH_OID_KEY_USAGE), GH_DER_BOOLEAN, 1, 0xff, GH_DER_OCTETS, 4, GH_DER_BIT_STRING, 2,
    7, 0x80, GH_DER_SEQUENCE, 19, GH_OID_DER(GH_OID_EXT_KEY_USAGE), GH_DER_OCTETS, 12,
    GH_DER_SEQUENCE, 10, GH_OID_DER(GH_OID_KP_OCSP_SIGNING), GH_DER_SEQUENCE, 15,
    GH_OID_DER(GH_OID_OCSP_NOCHECK), GH_DER_OCTETS, 2, GH_DER_NULL, 0};

/* --- subject ---------------------------------------------------------------------------------- */

/* "NAME OCSP", NAME cut so that it fits and no UTF-8 character is torn. */
static void
make_cn(const unsigned char *text, int len, char *out, size_t size)
{
	static const char suffix[] = " OCSP";
	int n, room = CN_MAX - (int)(sizeof(suffix) - 1);

	n = (int)gh_utf8_cut(text, (size_t)len, (size_t)room);
	snprintf(out, size, "%.*s%s", n, (const char *)text, n > 0 ? suffix : suffix + 1);
}

/* Replace the last CN; one is put at the end when there is none. */
static bool
change_cn(X509_NAME *name)
{
	int at = -1, next, n = 0;
	char cn[CN_MAX + 8];
	unsigned char *text = NULL;
	X509_NAME_ENTRY *old;
	bool ok;

	while ((next = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0)
		at = next;
	if (at >= 0) {
		n = ASN1_STRING_to_UTF8(&text,
		    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
		if (n < 0 || (old = X509_NAME_delete_entry(name, at)) == NULL)
			return false;
		X509_NAME_ENTRY_free(old);
	}
	make_cn(text != NULL ? text : (const unsigned char *)"", n, cn, sizeof(cn));
	ok = X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
		 (const unsigned char *)cn, -1, at, 0) == 1;
	OPENSSL_free(text);
	return ok;
}

/* emailAddress is a name by which the constraints of a CA may refuse what bears the CA's own. */
static void
drop_email(X509_NAME *name)
{
	int at;

	while ((at = X509_NAME_get_index_by_NID(name, NID_pkcs9_emailAddress, -1)) >= 0)
		X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, at));
}

/* The i-th directory that the CA may name somebody in; NULL: there are no more. */
static const X509_NAME *
permitted_directory(const struct issuer *ca, int i)
{
	const NAME_CONSTRAINTS *nc = ca->name_constraints;
	int k, n = nc != NULL ? sk_GENERAL_SUBTREE_num(nc->permittedSubtrees) : 0;

	for (k = 0; k < n; k++) {
		const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, k)->base;

		if (base->type == GEN_DIRNAME && i-- == 0)
			return base->d.directoryName;
	}
	return NULL;
}

/* The CA's CN, below that directory. */
static X509_NAME *
name_in(const X509_NAME *directory, X509_NAME *own)
{
	X509_NAME *name = X509_NAME_dup(directory);
	int at = X509_NAME_get_index_by_NID(own, NID_commonName, -1);

	if (name != NULL && at >= 0 &&
	    X509_NAME_add_entry(name, X509_NAME_get_entry(own, at), -1, 0) != 1) {
		X509_NAME_free(name);
		name = NULL;
	}
	return name;
}

/* The i-th name that is tried, with NULL behind the last one (*out NULL). Name, DER, to be freed
 * with OPENSSL_free. */
static int
make_subject(const struct issuer *ca, int i, unsigned char **der, size_t *len, struct gh_error *err)
{
	const unsigned char *p = ca->name.data;
	X509_NAME *own = d2i_X509_NAME(NULL, &p, (long)ca->name.len), *name = own;
	const X509_NAME *directory = i >= 2 ? permitted_directory(ca, i - 2) : NULL;
	int n = -1;

	*der = NULL;
	*len = 0;
	if (own != NULL && i >= 2)
		name = directory != NULL ? name_in(directory, own) : NULL;
	if (name != NULL && i > 0)
		drop_email(name);
	if (name != NULL && change_cn(name))
		n = i2d_X509_NAME(name, der);
	if (name != own)
		X509_NAME_free(name);
	X509_NAME_free(own);
	ERR_clear_error();
	if (n <= 0 && (i < 2 || directory != NULL))
		return gh_fail(err, GH_E_SIGNER, "no name for an OCSP signer of this CA");
	*len = n > 0 ? (size_t)n : 0;
	return 0;
}

/* --- certificate ------------------------------------------------------------------------------ */

/* RSA keys of 2048 bits: an answer is signed for each question, and the key lives for weeks. */
static const char *
key_alg_like(const struct issuer *ca)
{
	if (EVP_PKEY_is_a(ca->key, "RSA"))
		return "RSA-2048";
	if (EVP_PKEY_is_a(ca->key, "ED25519"))
		return "Ed25519";
	return EVP_PKEY_get_bits(ca->key) > 256 ? "P-384" : "P-256";
}

static int
build(const struct issuer *ca, struct signer_cert_fields *fields, EVP_PKEY *key,
    struct gh_buf *cert, struct gh_error *err)
{
	unsigned char *spki = NULL;
	struct cert_facts facts;
	int n, rc;

	if ((n = i2d_PUBKEY(key, &spki)) <= 0)
		return gh_fail(err, GH_E_INTERNAL, "public key cannot be encoded");
	fields->spki = spki;
	fields->spki_len = (size_t)n;
	if ((rc = cert_fields_read(fields, &facts, err)) == 0 &&
	    (rc = cert_fields_check_sanity(&facts, err)) == 0)
		rc = cert_build_checked(&facts, ca, cert, err);
	OPENSSL_free(spki);
	return rc;
}

/* Under the first name that the constraints of the CA allow: relying parties check this certificate
 * as any other. */
static int
build_named(const struct issuer *ca, struct signer_cert_fields *fields, EVP_PKEY *key,
    struct gh_buf *cert, struct gh_error *err)
{
	unsigned char *subject;
	int i, rc;

	for (i = 0;; i++) {
		if ((rc = make_subject(ca, i, &subject, &fields->subject_len, err)) != 0)
			return rc;
		if (subject == NULL)
			return gh_fail(err, GH_E_CA_POLICY,
			    "the name constraints of the CA leave no name for its OCSP signer: permit the directory "
			    "of its own name");
		fields->subject = subject;
		rc = build(ca, fields, key, cert, err);
		OPENSSL_free(subject);
		if (rc != GH_E_CA_POLICY)
			return rc;
	}
}

static int
certify(const struct issuer *ca, const struct signer_create_ocsp *f, EVP_PKEY *key,
    struct gh_buf *cert, struct gh_error *err)
{
	struct signer_cert_fields fields = {.not_before = f->not_before,
	    .not_after = f->not_after < ca->not_after ? f->not_after : ca->not_after,
	    .extensions = extensions,
	    .extensions_len = sizeof(extensions)};

	if (fields.not_before < 0 || fields.not_before >= fields.not_after)
		return gh_fail(err, GH_E_SIGNER, "validity: notBefore is not before notAfter");
	/* else a worker that was taken over could have signers made for all the CA's life */
	if (fields.not_before > gh_now() + GH_DAY_SECONDS)
		return gh_fail(err, GH_E_SIGNER,
		    "an OCSP signer is not made for a time to come: notBefore is more than a day ahead");
	if (fields.not_after - fields.not_before > SIGNER_OCSP_SIGNER_DAYS_MAX * GH_DAY_SECONDS)
		return gh_fail(err, GH_E_SIGNER, "an OCSP signer is valid for at most %d days",
		    SIGNER_OCSP_SIGNER_DAYS_MAX);
	return build_named(ca, &fields, key, cert, err);
}

int
ocsp_signer_check_names(const struct issuer *ca, struct gh_error *err)
{
	struct signer_cert_fields fields = {.not_before = 0,
	    .not_after = ca->not_after,
	    .extensions = extensions,
	    .extensions_len = sizeof(extensions)};
	struct gh_buf cert;
	int rc;

	if (ca->name_constraints == NULL)
		return 0;
	gh_buf_init(&cert, CERT_DER_MAX);
	rc = build_named(ca, &fields, ca->key, &cert, err);
	gh_buf_free(&cert);
	return rc;
}

int
ocsp_signer_create(const struct sealing_key *k, const struct issuer *ca,
    const struct signer_create_ocsp *f, struct gh_buf *cert, struct gh_buf *sealed,
    struct gh_error *err)
{
	/* sealed with every key, of no meaning for one that signs no certificates */
	static const struct signer_limits none = {.min_rsa_bits = 2048, .allow_ec = 1};
	EVP_PKEY *key;
	int rc;

	if (ca->kind != ISSUER_CA)
		return gh_fail(err, GH_E_SIGNER, "an OCSP signer is certified by a CA");
	rc = ca_key_make(f->key_alg[0] != '\0' ? f->key_alg : key_alg_like(ca), NULL, &key, err);
	if (rc != 0)
		return rc;
	if ((rc = certify(ca, f, key, cert, err)) == 0)
		rc = sealed_write(k, RECORD_OCSP, &none, cert, key, sealed, err);
	EVP_PKEY_free(key);
	return rc;
}
