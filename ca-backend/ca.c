/* A certification authority as the gateway knows it, and issuing through the signer. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "ca.h"
#include "ca_constraints.h"
#include "cdp.h"
#include "der.h"
#include "digest.h"
#include "hex.h"
#include "timestamp.h"

#define EXTENSIONS_MAX (128 * 1024)
#define SERIAL_SIZE 16 /* our own; RFC 5280 allows 20 */
#define SERIAL_MAX 20

/* --- life ------------------------------------------------------------------------------------- */

static void
free_strings(char **list)
{
	size_t i;

	for (i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

void
ca_free(struct ca *ca)
{
	if (ca == NULL)
		return;
	free(ca->name);
	free(ca->slug);
	gh_json_free(ca->policy);
	X509_free(ca->cert);
	cert_chain_clear(&ca->chain);
	cert_chain_clear(&ca->constrained);
	cert_chain_clear(&ca->also);
	free(ca->sealed);
	free_strings(ca->cdp_urls);
	free_strings(ca->aia_urls);
	free_strings(ca->ocsp_urls);
	free(ca->issuer_dn);
	free(ca);
}

static bool
hash_issuer(enum gh_hash hash, const X509 *cert, struct ca_issuer_hash *out)
{
	const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(cert);
	const unsigned char *name;
	size_t len;

	return X509_NAME_get0_der(X509_get_subject_name(cert), &name, &len) == 1 &&
	    gh_digest(hash, name, len, out->name) &&
	    gh_digest(hash, key->data, (size_t)key->length, out->key);
}

/* Few have any, and each leaf is checked: so they are found once. One that cannot be read is kept,
 * and refuses. */
static int
find_constrained(struct ca *ca, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ca->chain.n; i++) {
		const unsigned char *p = ca->chain.cert[i].der;
		X509 *x = d2i_X509(NULL, &p, (long)ca->chain.cert[i].len);

		if (x == NULL || X509_get_ext_by_NID(x, NID_name_constraints, -1) >= 0)
			rc = cert_chain_add(&ca->constrained, ca->chain.cert[i].der,
			    ca->chain.cert[i].len, err);
		X509_free(x);
	}
	ERR_clear_error();
	return rc;
}

int
ca_finish(struct ca *ca, struct gh_error *err)
{
	const unsigned char *p, *end;

	if (ca->chain.n == 0)
		return gh_fail(err, GH_E_DB, "CA %s has no certificate", ca->name);
	p = ca->chain.cert[0].der;
	end = p + ca->chain.cert[0].len;
	ca->cert = d2i_X509(NULL, &p, end - p);
	ERR_clear_error();
	if (ca->cert == NULL || p != end)
		return gh_fail(err, GH_E_DB, "certificate of CA %s is unreadable", ca->name);
	if (!gh_digest(GH_SHA256, ca->chain.cert[0].der, ca->chain.cert[0].len, ca->ca_id))
		return gh_fail(err, GH_E_INTERNAL, "SHA-256");
	if (!hash_issuer(GH_SHA1, ca->cert, &ca->issuer_hash[0]) ||
	    !hash_issuer(GH_SHA256, ca->cert, &ca->issuer_hash[1]))
		return gh_fail(err, GH_E_INTERNAL, "hash of name or key of CA %s", ca->name);
	if ((ca->issuer_dn = ca_dn_text(X509_get_subject_name(ca->cert))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "name of CA %s", ca->name);
	return find_constrained(ca, err);
}

/* --- what the CA adds ------------------------------------------------------------------------- */

/* id-ad-ocsp and id-ad-caIssuers, RFC 5280, 4.2.2.1 */
static const unsigned char oid_ocsp[] = {GH_DER_OID, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1};
static const unsigned char oid_ca_issuers[] = {GH_DER_OID, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2};
#define OID_AD_SIZE sizeof(oid_ocsp)

static void
put_access(struct gh_buf *b, const unsigned char method[OID_AD_SIZE], char *const *urls)
{
	size_t i;

	for (i = 0; urls != NULL && urls[i] != NULL; i++) {
		gh_der_put_header(b, GH_DER_SEQUENCE, OID_AD_SIZE + gh_der_size(strlen(urls[i])));
		gh_buf_put(b, method, OID_AD_SIZE);
		gh_der_put(b, GH_DER_PRIMITIVE(6), urls[i], strlen(urls[i]));
	}
}

static size_t
access_size(char *const *urls)
{
	size_t i, size = 0;

	for (i = 0; urls != NULL && urls[i] != NULL; i++)
		size += gh_der_size(OID_AD_SIZE + gh_der_size(strlen(urls[i])));
	return size;
}

static void
put_aia(struct gh_buf *b, char *const *ocsp, char *const *issuers)
{
	static const unsigned char oid[] = {GH_DER_OID, 8, 0x2b, 6, 1, 5, 5, 7, 1, 1};
	size_t list = access_size(ocsp) + access_size(issuers), value = gh_der_size(list);

	if (list == 0)
		return;
	gh_der_put_header(b, GH_DER_SEQUENCE, sizeof(oid) + gh_der_size(value));
	gh_buf_put(b, oid, sizeof(oid));
	gh_der_put_header(b, GH_DER_OCTETS, value);
	gh_der_put_header(b, GH_DER_SEQUENCE, list);
	put_access(b, oid_ocsp, ocsp);
	put_access(b, oid_ca_issuers, issuers);
}

static void
put_spec_extension(struct gh_buf *b, const X509_EXTENSION *ext)
{
	unsigned char *der = NULL;
	int n = i2d_X509_EXTENSION(ext, &der);

	if (n <= 0)
		b->failed = true;
	else
		gh_buf_put(b, der, (size_t)n);
	OPENSSL_free(der);
}

/* Extensions, DER; empty when there are none. */
static int
encode_extensions(const struct ca *ca, const struct cert_spec *spec, struct gh_buf *out,
    struct gh_error *err)
{
	struct gh_buf list;
	int i, rc;

	gh_buf_init(&list, EXTENSIONS_MAX);
	for (i = 0; i < sk_X509_EXTENSION_num(spec->extensions); i++)
		put_spec_extension(&list, sk_X509_EXTENSION_value(spec->extensions, i));
	if (!spec->no_revocation_info)
		cdp_put_extension(&list, ca, cdp_shard(ca, spec->spki, spec->spki_len));
	put_aia(&list, spec->no_revocation_info ? NULL : ca->ocsp_urls, ca->aia_urls);
	if ((rc = gh_buf_check(&list, err)) == 0 && list.len > 0) {
		gh_der_put(out, GH_DER_SEQUENCE, list.data, list.len);
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&list);
	return rc;
}

/* --- checks ----------------------------------------------------------------------------------- */

/* Cuts *not_after to that of the CA. */
static int
check_ca_validity(const struct ca *ca, const struct cert_spec *spec, int64_t *not_after,
    struct gh_error *err)
{
	int64_t from, to, now = gh_now(), longest = ca_max_validity(ca);

	if (ca->state != CA_ACTIVE)
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "CA %s is %s", ca->name,
		    ca_state_name(ca->state));
	if (!gh_asn1_time_get(X509_get0_notBefore(ca->cert), &from) ||
	    !gh_asn1_time_get(X509_get0_notAfter(ca->cert), &to))
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "validity of CA %s is unreadable",
		    ca->name);
	if (now < from || now >= to)
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "CA %s is %s", ca->name,
		    now < from ? "not yet valid" : "expired");
	*not_after = spec->not_after < to ? spec->not_after : to;
	if (longest > 0 && *not_after - spec->not_before > longest)
		*not_after = spec->not_before + longest;
	if (spec->not_before >= *not_after)
		return gh_fail(err, GH_E_CA_UNAVAILABLE,
		    "CA %s expires before the certificate begins", ca->name);
	return 0;
}

/* --- signing ---------------------------------------------------------------------------------- */

int
ca_load_key(const struct ca *ca, struct signer_client *signer, struct gh_error *err)
{
	unsigned char id[SIGNER_CA_ID_SIZE];
	int rc;

	if (ca->sealed == NULL)
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "CA %s has no key here", ca->name);
	rc = signer_client_load_ca(signer, ca->sealed, ca->sealed_len, id, err);
	if (rc == GH_E_CONFLICT) {
		struct gh_error why = *err;

		/* our snapshot is about to be replaced */
		return gh_fail(err, GH_E_CA_UNAVAILABLE,
		    "record of CA %s is older than the signer's: %.300s", ca->name, why.detail);
	}
	if (rc != 0)
		return rc;
	if (memcmp(id, ca->ca_id, sizeof(id)) != 0)
		return gh_fail(err, GH_E_CA_UNAVAILABLE,
		    "sealed record of CA %s is of another certificate", ca->name);
	return 0;
}

/* A signer that was restarted has no CA loaded and says GH_E_NOT_FOUND; one that says that a key is
 * locked which has no password has a record from before the password was removed. */
static int
sign_loading(const struct ca *ca, struct signer_client *signer, const struct signer_cert_fields *f,
    unsigned char **cert, size_t *cert_len, struct gh_error *err)
{
	int rc = signer_client_sign_cert(signer, f, cert, cert_len, err);

	if (rc != GH_E_NOT_FOUND)
		return rc;
	if ((rc = ca_load_key(ca, signer, err)) != 0)
		return rc;
	rc = signer_client_sign_cert(signer, f, cert, cert_len, err);
	if (rc == GH_E_NOT_FOUND)
		return gh_fail(err, GH_E_SIGNER_DOWN, "signer lost CA %s right after loading it",
		    ca->name);
	return rc;
}

static int
encode_and_sign(const struct ca *ca, struct signer_client *signer, const struct cert_spec *spec,
    struct signer_cert_fields *f, unsigned char **cert, size_t *cert_len, struct gh_error *err)
{
	struct gh_buf extensions;
	int rc;

	/* the name keeps its encoding, so that nothing is encoded here unless the template changed
	 * it */
	if (X509_NAME_get0_der(spec->subject, &f->subject, &f->subject_len) != 1)
		return gh_fail(err, GH_E_INTERNAL, "subject cannot be encoded");
	gh_buf_init(&extensions, EXTENSIONS_MAX);
	if ((rc = encode_extensions(ca, spec, &extensions, err)) == 0) {
		f->extensions = extensions.data;
		f->extensions_len = extensions.len;
		rc = sign_loading(ca, signer, f, cert, cert_len, err);
	}
	gh_buf_free(&extensions);
	return rc;
}

int
ca_sign(const struct ca *ca, struct signer_client *signer, const struct cert_spec *spec,
    unsigned char **cert, size_t *cert_len, struct gh_error *err)
{
	struct signer_cert_fields f = {.not_before = spec->not_before,
	    .spki = spec->spki,
	    .spki_len = spec->spki_len};
	int rc;

	*cert = NULL;
	*cert_len = 0;
	if ((rc = check_ca_validity(ca, spec, &f.not_after, err)) != 0)
		return rc;
	if ((rc = ca_constraints_check(ca, spec, err)) != 0)
		return rc;
	memcpy(f.ca_id, ca->ca_id, sizeof(f.ca_id));
	return encode_and_sign(ca, signer, spec, &f, cert, cert_len, err);
}

/* --- outcome ---------------------------------------------------------------------------------- */

/* The serial as our inventory writes it: 32 digits, also when it begins with zeros. */
static int
set_serial(struct enroll_outcome *out, const unsigned char *leaf, size_t leaf_len,
    struct gh_error *err)
{
	struct gh_der in = {leaf, leaf_len}, cert, tbs, serial;
	unsigned char padded[SERIAL_MAX] = {0};
	size_t len;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &cert) ||
	    !gh_der_take(&cert, GH_DER_SEQUENCE, &tbs) ||
	    !gh_der_take(&tbs, GH_DER_CONTEXT(0), NULL) ||
	    !gh_der_take(&tbs, GH_DER_INTEGER, &serial) || serial.len == 0)
		return gh_fail(err, GH_E_INTERNAL, "issued certificate is unreadable");
	if (serial.p[0] == 0) {
		serial.p++;
		serial.len--;
	}
	if (serial.len > SERIAL_MAX)
		return gh_fail(err, GH_E_INTERNAL, "serial number of %zu bytes", serial.len);
	len = serial.len > SERIAL_SIZE ? serial.len : SERIAL_SIZE;
	memcpy(padded + len - serial.len, serial.p, serial.len);
	gh_hex_upper(padded, len, out->serial);
	return 0;
}

static int
set_thumbprint(struct enroll_outcome *out, const unsigned char *leaf, size_t leaf_len,
    struct gh_error *err)
{
	unsigned char md[(sizeof(out->thumbprint) - 1) / 2];

	if (sizeof(md) != gh_digest_size(GH_SHA1) || !gh_digest(GH_SHA1, leaf, leaf_len, md))
		return gh_fail(err, GH_E_INTERNAL, "SHA-1");
	gh_hex_upper(md, sizeof(md), out->thumbprint);
	return 0;
}

static int
set_chain(struct enroll_outcome *out, const struct ca *ca, const unsigned char *leaf,
    size_t leaf_len, struct gh_error *err)
{
	size_t i;
	int rc = cert_chain_add(&out->chain, leaf, leaf_len, err);

	for (i = 0; rc == 0 && i < ca->chain.n; i++)
		rc = cert_chain_add(&out->chain, ca->chain.cert[i].der, ca->chain.cert[i].len, err);
	return rc;
}

int
ca_outcome_set_cert(struct enroll_outcome *out, const struct ca *ca, const unsigned char *leaf,
    size_t leaf_len, struct gh_error *err)
{
	int rc;

	cert_chain_clear(&out->chain);
	free(out->issuer_dn);
	if ((out->issuer_dn = strdup(ca->issuer_dn)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "issuer name");
	if ((rc = set_serial(out, leaf, leaf_len, err)) != 0 ||
	    (rc = set_thumbprint(out, leaf, leaf_len, err)) != 0)
		return rc;
	return set_chain(out, ca, leaf, leaf_len, err);
}
