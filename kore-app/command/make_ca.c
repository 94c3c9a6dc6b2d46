/*
 * A CA exists when its row is committed. Until then its key is only in the memory of our signer: an
 * interrupted run leaves nothing behind, and the next one makes a new key.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "store/ca_row.h"
#include "timestamp.h"

#include "dn.h"
#include "make_ca.h"

#define YEAR_SECONDS (365LL * 86400 + 86400 / 4)

bool
make_ca_is_key_alg(const char *name)
{
	static const char *const names[] = {"P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096", "Ed25519"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return (true);
	}
	return (false);
}

/* ---- extensions of the new CA's certificate: where its parent's CRL and certificate are ---- */

static int
add_url(GENERAL_NAMES *names, const char *url)
{
	GENERAL_NAME *g = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_URI, url, 0);

	if (g == NULL || sk_GENERAL_NAME_push(names, g) <= 0) {
		GENERAL_NAME_free(g);
		return (-1);
	}
	return (0);
}

/* RFC 5280, 4.2.1.13: one distribution point with all URLs of the same CRL. */
static int
add_cdp(X509_EXTENSIONS **exts, char *const *urls)
{
	CRL_DIST_POINTS *points = sk_DIST_POINT_new_null();
	DIST_POINT *point = DIST_POINT_new();
	int ok = points != NULL && point != NULL;

	if (ok) {
		point->distpoint = DIST_POINT_NAME_new();
		ok = point->distpoint != NULL && (point->distpoint->name.fullname = GENERAL_NAMES_new()) != NULL;
		if (ok)
			point->distpoint->type = 0; /* fullName: else it is neither written nor freed */
	}
	for (size_t i = 0; ok && urls[i] != NULL; i++)
		ok = add_url(point->distpoint->name.fullname, urls[i]) == 0;
	if (ok && sk_DIST_POINT_push(points, point) > 0)
		point = NULL;
	else
		ok = 0;
	ok = ok && X509V3_add1_i2d(exts, NID_crl_distribution_points, points, 0, X509V3_ADD_APPEND) == 1;
	DIST_POINT_free(point);
	sk_DIST_POINT_pop_free(points, DIST_POINT_free);
	return (ok ? 0 : -1);
}

/* RFC 5280, 4.2.2.1 */
static int
add_access(AUTHORITY_INFO_ACCESS *aia, int method, char *const *urls)
{
	for (size_t i = 0; urls != NULL && urls[i] != NULL; i++) {
		ACCESS_DESCRIPTION *d = ACCESS_DESCRIPTION_new();

		if (d == NULL || sk_ACCESS_DESCRIPTION_push(aia, d) <= 0) {
			ACCESS_DESCRIPTION_free(d);
			return (-1);
		}
		ASN1_OBJECT_free(d->method);
		GENERAL_NAME_free(d->location);
		d->method = OBJ_nid2obj(method);
		d->location = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_URI, urls[i], 0);
		if (d->location == NULL)
			return (-1);
	}
	return (0);
}

static int
add_aia(X509_EXTENSIONS **exts, const struct ca *parent)
{
	AUTHORITY_INFO_ACCESS *aia = AUTHORITY_INFO_ACCESS_new();
	int ok = aia != NULL && add_access(aia, NID_ad_ca_issuers, parent->aia_urls) == 0 &&
	    add_access(aia, NID_ad_OCSP, parent->ocsp_urls) == 0;

	if (ok && sk_ACCESS_DESCRIPTION_num(aia) > 0)
		ok = X509V3_add1_i2d(exts, NID_info_access, aia, 0, X509V3_ADD_APPEND) == 1;
	AUTHORITY_INFO_ACCESS_free(aia);
	return (ok ? 0 : -1);
}

/* DER of Extensions; *out NULL when there are none. Freed with OPENSSL_free. */
static int
parent_extensions(const struct ca *parent, unsigned char **out, size_t *len, struct gh_error *err)
{
	X509_EXTENSIONS *exts = NULL;
	int n = 0, ok = 1;

	*out = NULL;
	*len = 0;
	if (parent == NULL)
		return (0);
	if (parent->cdp_urls != NULL && parent->cdp_urls[0] != NULL)
		ok = add_cdp(&exts, parent->cdp_urls) == 0;
	ok = ok && add_aia(&exts, parent) == 0;
	if (ok && exts != NULL)
		n = i2d_X509_EXTENSIONS(exts, out);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	if (!ok || n < 0)
		return (gh_fail(err, GH_E_NOMEM, "extensions of the CA"));
	*len = (size_t)n;
	return (0);
}

/* ---- the CA ---- */

static char **
copy_urls(const char *const *urls)
{
	size_t n = 0;
	char **copy;

	while (urls != NULL && urls[n] != NULL)
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy != NULL && i < n; i++)
		copy[i] = strdup(urls[i]);
	return (copy);
}

/* What the signer answered. */
struct signed_ca {
	unsigned char *cert, *sealed;
	size_t cert_len, sealed_len;
};

/* Name, URLs, key and chain of the new CA; takes made->sealed. */
static int
build_ca(const struct make_ca *spec, const struct ca *parent, struct signed_ca *made, struct ca *ca,
    struct gh_error *err)
{
	int rc;

	ca->sealed = made->sealed;
	ca->sealed_len = made->sealed_len;
	made->sealed = NULL;
	ca->name = strdup(spec->name);
	ca->state = CA_ACTIVE;
	ca->protection = CA_KEY_SYSTEM;
	ca->cdp_urls = copy_urls(spec->cdp);
	ca->aia_urls = copy_urls(spec->aia);
	ca->ocsp_urls = copy_urls(spec->ocsp);
	if (ca->name == NULL || ca->cdp_urls == NULL || ca->aia_urls == NULL || ca->ocsp_urls == NULL)
		return (gh_fail(err, GH_E_NOMEM, "CA"));
	rc = cert_chain_add(&ca->chain, made->cert, made->cert_len, err);
	for (size_t i = 0; rc == 0 && parent != NULL && i < parent->chain.n; i++)
		rc = cert_chain_add(&ca->chain, parent->chain.cert[i].der, parent->chain.cert[i].len, err);
	return (rc == 0 ? ca_finish(ca, err) : rc);
}

/* Members of *out malloc'd. */
static int
sign_ca(struct own_signer *signer, const struct make_ca *spec, const struct ca *parent, int64_t backdate,
    struct signed_ca *out, struct gh_error *err)
{
	struct signer_create_ca f = {.key_alg = spec->key_alg, .limits = spec->limits};
	unsigned char *subject = NULL, *extensions = NULL;
	int rc = dn_parse_der(spec->subject, &subject, &f.subject_len, err);

	if (rc == 0)
		rc = parent_extensions(parent, &extensions, &f.extensions_len, err);
	if (rc == 0) {
		f.not_before = gh_now() - backdate;
		f.not_after = f.not_before + spec->years * YEAR_SECONDS;
		f.subject = subject;
		f.extensions = extensions;
		f.parent = parent != NULL ? parent->sealed : NULL;
		f.parent_len = parent != NULL ? parent->sealed_len : 0;
		rc = signer_client_create_ca(signer->client, &f, &out->cert, &out->cert_len, &out->sealed,
		    &out->sealed_len, err);
	}
	free(subject);
	OPENSSL_free(extensions);
	return (rc);
}

/* *catalog keeps the parent alive; NULL for a root. */
static int
find_parent(struct session *s, const char *name, struct catalog **catalog, const struct ca **parent,
    struct gh_error *err)
{
	int rc;

	*catalog = NULL;
	*parent = NULL;
	if (name == NULL)
		return (0);
	rc = enroll_load_catalog(s->store, s->secret, catalog, err);
	if (rc != 0)
		return (rc);
	*parent = catalog_find_ca(*catalog, name);
	if (*parent == NULL)
		return (gh_refuse(err, GH_E_NOT_FOUND, "there is no CA \"%s\": see `gatehouse ca list`", name));
	if ((*parent)->sealed == NULL)
		return (gh_refuse(err, GH_E_CA_UNAVAILABLE, "the key of CA \"%s\" is not here", name));
	return (0);
}

int
make_ca(struct session *s, struct own_signer *signer, const struct make_ca *spec, struct ca **out,
    struct gh_error *err)
{
	struct ca *ca = calloc(1, sizeof(*ca));
	struct catalog *catalog = NULL;
	const struct ca *parent = NULL;
	struct signed_ca made = {0};
	int rc = ca != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "CA");

	*out = NULL;
	if (rc == 0)
		rc = find_parent(s, spec->parent, &catalog, &parent, err);
	if (rc == 0)
		rc = sign_ca(signer, spec, parent, s->conf->ca.backdate, &made, err);
	if (rc == 0)
		rc = build_ca(spec, parent, &made, ca, err);
	if (rc == 0)
		rc = store_create_ca(s->store, &s->who,
		    &(struct store_new_ca){.ca = ca, .parent = parent, .event = "ca.created"}, &ca->id, err);
	free(made.cert);
	free(made.sealed);
	if (catalog != NULL)
		catalog_free(catalog);
	if (rc != 0)
		ca_free(ca);
	else
		*out = ca;
	return (rc);
}
