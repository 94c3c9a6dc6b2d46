/* A certification authority as the gateway knows it, and issuing through the signer. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "ca.h"
#include "formats/names_text.h"
#include "ca_constraints.h"
#include "cdp.h"
#include "der.h"
#include "digest.h"
#include "hex.h"
#include "json_row.h"
#include "timestamp.h"

#define EXTENSIONS_MAX (128 * 1024)
#define SERIAL_SIZE 16 /* our own; RFC 5280 allows 20 */
#define SERIAL_MAX 20
#define FAST_RSA_BITS 3072

/* --- life ------------------------------------------------------------------------------------- */

void
ca_free(struct ca *ca)
{
	if (ca == NULL)
		return;
	free(ca->name);
	free(ca->slug);
	gh_json_free(ca->policy);
	gh_json_row_texts_free(ca->groups);
	X509_free(ca->cert);
	cert_chain_clear(&ca->chain);
	cert_chain_clear(&ca->constrained);
	cert_chain_clear(&ca->also);
	free(ca->sealed);
	cdp_urls_free(ca->cdp_urls);
	cdp_urls_free(ca->aia_urls);
	cdp_urls_free(ca->ocsp_urls);
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

/* Does a signature take longer than handing it to another thread? P-256 and Ed25519 sign in 20 to
 * 50 us; RSA-2048 in 240, P-384 in 540 with OpenSSL 3.0. */
static bool
is_worth_two(const EVP_PKEY *key)
{
	return key != NULL && !EVP_PKEY_is_a(key, "ED25519") &&
	    !(EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) == 256);
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
	ca->by_two = is_worth_two(X509_get0_pubkey(ca->cert));
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

int
ca_check_spec(const struct ca *ca, const struct cert_spec *spec, int64_t *not_after,
    struct gh_error *err)
{
	int rc = check_ca_validity(ca, spec, not_after, err);

	return rc == 0 ? ca_constraints_check(ca, spec, err) : rc;
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

/* A member on its way. */
struct signing {
	struct ca_signing *of;
	struct signer_cert_fields fields;
	struct gh_buf extensions;
	bool is_ready; /* fields are whole, and there is no certificate yet */
};

static int
prepare(struct signing *g, const struct ca *ca, const struct cert_spec *spec, struct gh_error *err)
{
	struct signer_cert_fields *f = &g->fields;
	int rc;

	*f = (struct signer_cert_fields){.not_before = spec->not_before,
	    .spki = spec->spki,
	    .spki_len = spec->spki_len};
	if ((rc = ca_check_spec(ca, spec, &f->not_after, err)) != 0)
		return rc;
	memcpy(f->ca_id, ca->ca_id, sizeof(f->ca_id));
	/* the name keeps its encoding, so that nothing is encoded here unless the template changed
	 * it */
	if (X509_NAME_get0_der(spec->subject, &f->subject, &f->subject_len) != 1)
		return gh_fail(err, GH_E_INTERNAL, "subject cannot be encoded");
	if ((rc = encode_extensions(ca, spec, &g->extensions, err)) != 0)
		return rc;
	f->extensions = g->extensions.data;
	f->extensions_len = g->extensions.len;
	g->is_ready = true;
	return 0;
}

/* Ask for those that are ready. Done is what is not GH_E_NOT_FOUND. */
static void
sign_ready(struct signer_client *signer, struct signing *g, size_t n)
{
	struct signer_signing asked[CA_BATCH_MAX];
	struct signing *from[CA_BATCH_MAX];
	bool by_two = false;
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (g[i].is_ready) {
			asked[k] = (struct signer_signing){.fields = &g[i].fields};
			from[k++] = &g[i];
			by_two |= g[i].of->ca->by_two;
		}
	if (k == 0)
		return;
	signer_client_sign_certs(signer, asked, k, by_two);
	for (size_t i = 0; i < k; i++) {
		struct ca_signing *m = from[i]->of;

		m->rc = asked[i].rc;
		m->err = asked[i].err;
		m->cert = asked[i].cert;
		m->cert_len = asked[i].cert_len;
		from[i]->is_ready = m->rc == GH_E_NOT_FOUND;
	}
}

static bool
is_loaded(const struct signing *g, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (g[k].is_ready && g[k].of->ca == g[i].of->ca)
			return true;
	return false;
}

/* Those that are still ready wait for their CA: a signer that was restarted has none loaded. One
 * that says that a key is locked which has no password has a record from before the password was
 * removed. */
static void
load_missing(struct signer_client *signer, struct signing *g, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ca_signing *m = g[i].of;
		int rc;

		if (!g[i].is_ready || is_loaded(g, i) ||
		    (rc = ca_load_key(m->ca, signer, &m->err)) == 0)
			continue;
		for (size_t k = i; k < n; k++)
			if (g[k].is_ready && g[k].of->ca == m->ca) {
				g[k].is_ready = false;
				g[k].of->rc = rc;
				g[k].of->err = m->err;
			}
	}
}

void
ca_sign_batch(struct signer_client *signer, struct ca_signing *m, size_t n)
{
	struct signing g[CA_BATCH_MAX] = {0};

	for (size_t i = 0; i < n; i++) {
		m[i].cert = NULL;
		m[i].cert_len = 0;
		if (n > CA_BATCH_MAX) {
			m[i].rc =
			    gh_fail(&m[i].err, GH_E_INTERNAL, "%zu certificates in one batch", n);
			continue;
		}
		g[i] = (struct signing){.of = &m[i]};
		gh_buf_init(&g[i].extensions, EXTENSIONS_MAX);
		m[i].rc = prepare(&g[i], m[i].ca, m[i].spec, &m[i].err);
	}
	if (n > CA_BATCH_MAX)
		return;
	sign_ready(signer, g, n);
	load_missing(signer, g, n);
	sign_ready(signer, g, n);
	for (size_t i = 0; i < n; i++) {
		if (g[i].is_ready)
			m[i].rc = gh_fail(&m[i].err, GH_E_SIGNER_DOWN,
			    "signer lost CA %s right after loading it", m[i].ca->name);
		gh_buf_free(&g[i].extensions);
	}
}

int
ca_sign(const struct ca *ca, struct signer_client *signer, const struct cert_spec *spec,
    unsigned char **cert, size_t *cert_len, struct gh_error *err)
{
	struct ca_signing m = {.ca = ca, .spec = spec};

	ca_sign_batch(signer, &m, 1);
	*cert = m.cert;
	*cert_len = m.cert_len;
	if (m.rc != 0 && err != NULL)
		*err = m.err;
	return m.rc;
}

bool
ca_signs_slowly(const struct ca *ca)
{
	const EVP_PKEY *key = X509_get0_pubkey(ca->cert);

	return ca->protection == CA_KEY_PKCS11 ||
	    (key != NULL && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) > FAST_RSA_BITS);
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
