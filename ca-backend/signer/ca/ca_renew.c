/*
 * A CA's next certificate: for the same key or a new one, by itself or by its parent. A root
 * that takes a new key also gets the two certificates by which those who know one key trust the
 * other (RFC 4210, 4.4).
 */
#include <string.h>

#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "oid.h"

#include "ca_admin.h"
#include "signer/keys/ca_key.h"
#include "ca_profile.h"
#include "signer/issue/cert_build.h"
#include "signer/issue/cert_limits.h"

/* The CA as it was. */
struct old_ca {
	struct record record;
	struct issuer *issuer; /* locked unless the key is needed */
	EVP_PKEY *key;         /* NULL unless needed */
	X509 *cert;
	int64_t not_before;
	struct gh_der key_id;     /* its SKI; empty = none */
	struct gh_buf extensions; /* Extensions, DER, without SKI and AKI */
	bool is_root;
};

static void
old_ca_free(struct old_ca *o)
{
	record_free(&o->record);
	issuer_unref(o->issuer);
	EVP_PKEY_free(o->key);
	X509_free(o->cert);
	gh_buf_free(&o->extensions);
}

/* --- extensions ------------------------------------------------------------------------------- */

/* Critical basicConstraints of a root: never a pathLenConstraint (ca_profile.c), also where the old
 * one had one. */
static const unsigned char root_constraints[] = {GH_DER_SEQUENCE, 15,
    GH_OID_DER(GH_OID_BASIC_CONSTRAINTS), GH_DER_BOOLEAN, 1, 0xff, GH_DER_OCTETS, 5,
    GH_DER_SEQUENCE, 3, GH_DER_BOOLEAN, 1, 0xff};

static bool
is_made_by_signer(int nid)
{
	return nid == NID_subject_key_identifier || nid == NID_authority_key_identifier;
}

static bool
is_none(int nid)
{
	(void)nid;
	return false;
}

static bool
is_outside_profile(int nid)
{
	return nid != NID_basic_constraints && nid != NID_key_usage;
}

/* What its issuer says of a certificate. */
static bool
is_of_issuer(int nid)
{
	return nid == NID_crl_distribution_points || nid == NID_info_access;
}

/* Those of the certificate: all but what the signer makes, and what is left out. */
static int
put_extensions_of(X509 *x, bool is_root, bool (*is_left_out)(int nid), struct gh_buf *content,
    struct gh_error *err)
{
	int i;

	for (i = 0; i < X509_get_ext_count(x); i++) {
		X509_EXTENSION *e = X509_get_ext(x, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e)), n;
		unsigned char *der = NULL;

		if (is_made_by_signer(nid) || is_left_out(nid))
			continue;
		if (is_root && nid == NID_basic_constraints) {
			gh_buf_put(content, root_constraints, sizeof(root_constraints));
			continue;
		}
		if ((n = i2d_X509_EXTENSION(e, &der)) <= 0)
			return gh_fail(err, GH_E_INTERNAL, "extension cannot be encoded");
		gh_buf_put(content, der, (size_t)n);
		OPENSSL_free(der);
	}
	return gh_buf_check(content, err);
}

/* Extensions with what the certificate keeps, then those given (Extensions, or empty). */
static int
make_extensions(X509 *x, bool is_root, bool (*is_left_out)(int nid), struct gh_der given,
    struct gh_buf *out, struct gh_error *err)
{
	struct gh_der list = {NULL, 0};
	struct gh_buf content;
	int rc;

	if (given.len > 0 && (!gh_der_take(&given, GH_DER_SEQUENCE, &list) || given.len != 0))
		return gh_fail(err, GH_E_SIGNER, "extensions: not Extensions");
	gh_buf_init(&content, CA_EXTENSIONS_MAX);
	rc = put_extensions_of(x, is_root, is_left_out, &content, err);
	gh_buf_put(&content, list.p, list.len);
	if (rc == 0 && (rc = gh_buf_check(&content, err)) == 0) {
		gh_der_put(out, GH_DER_SEQUENCE, content.data, content.len);
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&content);
	return rc;
}

/* --- the CA as it was ------------------------------------------------------------------------- */

static int
read_old_cert(struct old_ca *o, struct gh_error *err)
{
	const unsigned char *p = o->record.cert.data;
	const ASN1_OCTET_STRING *ski;

	o->cert = d2i_X509(NULL, &p, (long)o->record.cert.len);
	if (o->cert == NULL || !gh_asn1_time_get(X509_get0_notBefore(o->cert), &o->not_before))
		return gh_fail(err, GH_E_SIGNER, "the CA certificate is unreadable");
	ski = X509_get0_subject_key_id(o->cert);
	if (ski != NULL)
		o->key_id =
		    (struct gh_der){ASN1_STRING_get0_data(ski), (size_t)ASN1_STRING_length(ski)};
	o->is_root = (X509_get_extension_flags(o->cert) & EXFLAG_SI) != 0 &&
	    X509_self_signed(o->cert, 0) == 1;
	return 0;
}

/* The key is needed by a root, which signs, and for a new key, which comes under the same
 * password. */
static int
open_old(const struct sealing_key *k, const struct signer_renew_ca *f, bool is_new_key,
    struct old_ca *o, struct gh_error *err)
{
	int rc = sealed_open(k, f->sealed, f->sealed_len, &o->record, err);

	if (rc == 0 && o->record.kind != RECORD_CA)
		rc = gh_fail(err, GH_E_SIGNER, "this is no CA that has a certificate");
	if (rc == 0)
		rc = read_old_cert(o, err);
	if (rc == 0 && (o->is_root || is_new_key))
		rc = ca_key_open(&o->record, f->password, &o->key, err);
	if (rc == 0)
		rc = record_issuer(&o->record, o->key, &o->issuer, err);
	if (rc == 0 && o->is_root != (f->parent_len == 0))
		rc = gh_fail(err, GH_E_SIGNER,
		    o->is_root ? "the CA is a root: no parent signs it"
			       : "the CA is no root: its parent must sign it");
	return rc;
}

/* --- certificates ----------------------------------------------------------------------------- */

/* What a certificate is made of; the issuer's name and key identifier come with the issuer. */
struct plan {
	EVP_PKEY *key; /* the public part matters */
	int64_t not_before, not_after;
	struct gh_der key_id; /* empty = made of the key */
	const struct gh_buf *extensions;
};

/* The subject is always the same. *spki is to live as long as the facts; OPENSSL_free, always. */
static int
read_facts(const struct old_ca *o, const struct plan *plan, unsigned char **spki,
    struct cert_facts *facts, struct gh_error *err)
{
	struct signer_cert_fields fields = {.not_before = plan->not_before,
	    .not_after = plan->not_after,
	    .subject = o->issuer->name.data,
	    .subject_len = o->issuer->name.len,
	    .extensions = plan->extensions->data,
	    .extensions_len = plan->extensions->len};
	int n, rc;

	*spki = NULL;
	if ((n = i2d_PUBKEY(plan->key, spki)) <= 0)
		return gh_fail(err, GH_E_INTERNAL, "public key cannot be encoded");
	fields.spki = *spki;
	fields.spki_len = (size_t)n;
	if ((rc = cert_fields_read(&fields, facts, err)) != 0)
		return rc;
	facts->key_id = plan->key_id;
	return cert_fields_check_sanity(facts, err);
}

/* One that a CA issues to itself: no limits of its own bind it. */
static int
certify_cross(const struct old_ca *o, const struct plan *plan, const struct issuer *by,
    struct gh_buf *cert, struct gh_error *err)
{
	struct cert_facts facts;
	unsigned char *spki;
	int rc;

	if ((rc = read_facts(o, plan, &spki, &facts, err)) == 0)
		rc = cert_build(&facts, by, cert, err);
	OPENSSL_free(spki);
	return rc;
}

static int
sign_by_parent(const struct sealing_key *k, const struct signer_renew_ca *f,
    const struct cert_facts *facts, struct gh_buf *cert, struct gh_error *err)
{
	struct issuer *parent;
	int rc;

	rc = sealed_issuer(k, f->parent, f->parent_len, f->parent_password, &parent, err);
	if (rc != 0)
		return rc;
	if ((rc = cert_limits_check(facts, parent, err)) == 0)
		rc = cert_build_checked(facts, parent, cert, err);
	issuer_unref(parent);
	return rc;
}

static int
certify(const struct sealing_key *k, const struct signer_renew_ca *f, const struct old_ca *o,
    const struct plan *plan, struct gh_buf *cert, struct gh_error *err)
{
	struct cert_facts facts;
	unsigned char *spki;
	int rc;

	if ((rc = read_facts(o, plan, &spki, &facts, err)) == 0) {
		if (!o->is_root)
			rc = sign_by_parent(k, f, &facts, cert, err);
		else if (plan->key == o->key)
			rc = cert_build(&facts, o->issuer, cert, err);
		else
			rc = ca_sign_self(&facts, plan->key, &o->record.limits, cert, err);
	}
	OPENSSL_free(spki);
	return rc;
}

/* The certificate of x (the old one or the new one) by the other key: what it says of itself stays,
 * and what says where it is revoked is given. */
static int
certify_by_other(const struct old_ca *o, X509 *x, struct plan *plan, struct gh_der given,
    const struct issuer *by, struct gh_buf *cert, struct gh_error *err)
{
	struct gh_buf extensions;
	int rc;

	gh_buf_init(&extensions, CA_EXTENSIONS_MAX);
	plan->extensions = &extensions;
	if ((rc = make_extensions(x, true, is_of_issuer, given, &extensions, err)) == 0)
		rc = certify_cross(o, plan, by, cert, err);
	plan->extensions = NULL;
	gh_buf_free(&extensions);
	return rc;
}

/* RFC 4210, 4.4.1. OldWithNew: all that was certified under the old key is found from the new one.
 * NewWithOld: who trusts the old key comes to the new one; not when the old certificate is over. */
static int
cross_certify(const struct signer_renew_ca *f, const struct old_ca *o, const struct plan *plan,
    EVP_PKEY *key, struct renewed *out, struct gh_error *err)
{
	const struct gh_der old_given = {f->old_with_new, f->old_with_new_len};
	const struct gh_der new_given = {f->new_with_old, f->new_with_old_len};
	struct plan old_with_new = {.key = o->key,
	    .not_before = o->not_before,
	    .not_after = o->issuer->not_after,
	    .key_id = o->key_id};
	struct plan new_with_old = *plan;
	const unsigned char *p = out->cert.data;
	X509 *new = d2i_X509(NULL, &p, (long)out->cert.len);
	struct issuer *fresh = NULL;
	int rc =
	    new != NULL ? 0 : gh_fail(err, GH_E_INTERNAL, "the new certificate cannot be read");

	if (o->issuer->not_after < new_with_old.not_after)
		new_with_old.not_after = o->issuer->not_after;
	if (rc == 0)
		rc = issuer_from_cert(out->cert.data, out->cert.len, key, &o->record.limits, &fresh,
		    err);
	if (rc == 0)
		rc = certify_by_other(o, o->cert, &old_with_new, old_given, fresh,
		    &out->old_with_new, err);
	if (rc == 0 && f->not_before < new_with_old.not_after)
		rc = certify_by_other(o, new, &new_with_old, new_given, o->issuer,
		    &out->new_with_old, err);
	issuer_unref(fresh);
	X509_free(new);
	return rc;
}

/* --- record ----------------------------------------------------------------------------------- */

static int
seal(const struct sealing_key *k, const struct signer_renew_ca *f, const struct old_ca *o,
    EVP_PKEY *new_key, struct renewed *out, struct gh_error *err)
{
	bool has_password = o->record.protection == RECORD_PASSWORD;
	struct record next;
	int rc;

	rc = record_next(&next, &o->record, err);
	next.cert.len = 0;
	gh_buf_put(&next.cert, out->cert.data, out->cert.len);
	if (rc == 0)
		rc = gh_buf_check(&next.cert, err);
	if (rc == 0)
		rc = new_key == NULL ? ca_key_copy(&o->record, &next, err)
				     : ca_key_put(new_key, f->key_uri,
					   has_password ? f->password : NULL, &next, err);
	if (rc == 0)
		rc = sealed_put(k, &next, &out->sealed, err);
	record_free(&next);
	return rc;
}

static int
renew(const struct sealing_key *k, const struct signer_renew_ca *f, struct old_ca *o,
    EVP_PKEY *new_key, struct renewed *out, struct gh_error *err)
{
	struct plan plan = {.not_before = f->not_before, .not_after = f->not_after};
	const struct gh_der given = {f->extensions, f->extensions_len};
	struct gh_buf extensions;
	int rc;

	gh_buf_init(&extensions, CA_EXTENSIONS_MAX);
	plan.extensions = &extensions;
	plan.key = new_key != NULL ? new_key : o->key != NULL ? o->key : X509_get0_pubkey(o->cert);
	if (new_key == NULL)
		plan.key_id = o->key_id;
	/* those given stand in place of all old ones but the profile */
	if ((rc = make_extensions(o->cert, o->is_root, given.len > 0 ? is_outside_profile : is_none,
		 given, &extensions, err)) == 0 &&
	    (rc = certify(k, f, o, &plan, &out->cert, err)) == 0 && o->is_root && new_key != NULL)
		rc = cross_certify(f, o, &plan, new_key, out, err);
	if (rc == 0)
		rc = ca_limits_fit(&out->cert, &o->record.limits, err);
	if (rc == 0)
		rc = seal(k, f, o, new_key, out, err);
	gh_buf_free(&extensions);
	return rc;
}

int
ca_renew(const struct sealing_key *k, const struct signer_renew_ca *f, struct renewed *out,
    struct gh_error *err)
{
	bool is_new_key = f->key_alg[0] != '\0' || f->key_uri[0] != '\0';
	EVP_PKEY *new_key = NULL;
	struct old_ca o;
	int rc;

	memset(&o, 0, sizeof(o));
	rc = open_old(k, f, is_new_key, &o, err);
	if (rc == 0 && is_new_key)
		rc = ca_key_make(f->key_alg, f->key_uri, &new_key, err);
	if (rc == 0)
		rc = renew(k, f, &o, new_key, out, err);
	EVP_PKEY_free(new_key);
	old_ca_free(&o);
	return rc;
}
