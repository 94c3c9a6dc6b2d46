/* Extensions of a CA's certificate. See ca_extensions.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "issuing/cdp.h"

#include "ca_extensions.h"

static int
add_url(GENERAL_NAMES *names, const char *url)
{
	GENERAL_NAME *g = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_URI, url, 0);

	if (g == NULL || sk_GENERAL_NAME_push(names, g) <= 0) {
		GENERAL_NAME_free(g);
		return -1;
	}
	return 0;
}

/* A CA certificate is in no shard, since its key is not known before it is signed: the complete CRL
 * is beside those of the shards. malloc'd. */
static char *
complete_crl_url(const char *url)
{
	const char *shard = strstr(url, "-s" CDP_SHARD);
	char *copy = malloc(strlen(url) + 1);

	if (copy != NULL && shard != NULL)
		sprintf(copy, "%.*s%s", (int)(shard - url), url, shard + strlen("-s" CDP_SHARD));
	else if (copy != NULL)
		strcpy(copy, url);
	return copy;
}

static int
add_crl_urls(GENERAL_NAMES *names, char *const *urls)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && urls[i] != NULL; i++) {
		char *url = complete_crl_url(urls[i]);

		if (url == NULL)
			rc = -1;
		else if (strstr(url, CDP_SHARD) == NULL)
			rc = add_url(names, url);
		free(url);
	}
	return rc;
}

/* RFC 5280, 4.2.1.13: one distribution point with all URLs of the same CRL. */
static int
add_cdp(X509_EXTENSIONS **exts, char *const *urls)
{
	CRL_DIST_POINTS *points = sk_DIST_POINT_new_null();
	DIST_POINT *point = DIST_POINT_new();
	int ok = points != NULL && point != NULL, n = 0;

	if (ok) {
		point->distpoint = DIST_POINT_NAME_new();
		ok = point->distpoint != NULL &&
		    (point->distpoint->name.fullname = GENERAL_NAMES_new()) != NULL;
		if (ok)
			point->distpoint->type =
			    0; /* fullName: else it is neither written nor freed */
	}
	ok = ok && add_crl_urls(point->distpoint->name.fullname, urls) == 0;
	n = ok ? sk_GENERAL_NAME_num(point->distpoint->name.fullname) : 0;
	if (n > 0 && sk_DIST_POINT_push(points, point) > 0)
		point = NULL;
	else if (n > 0)
		ok = 0;
	if (ok && n > 0)
		ok = X509V3_add1_i2d(exts, NID_crl_distribution_points, points, 0,
			 X509V3_ADD_APPEND) == 1;
	DIST_POINT_free(point);
	sk_DIST_POINT_pop_free(points, DIST_POINT_free);
	return ok ? 0 : -1;
}

/* RFC 5280, 4.2.2.1 */
static int
add_access(AUTHORITY_INFO_ACCESS *aia, int method, char *const *urls)
{
	for (size_t i = 0; urls != NULL && urls[i] != NULL; i++) {
		ACCESS_DESCRIPTION *d = ACCESS_DESCRIPTION_new();

		if (d == NULL || sk_ACCESS_DESCRIPTION_push(aia, d) <= 0) {
			ACCESS_DESCRIPTION_free(d);
			return -1;
		}
		ASN1_OBJECT_free(d->method);
		GENERAL_NAME_free(d->location);
		d->method = OBJ_nid2obj(method);
		d->location = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_URI, urls[i], 0);
		if (d->location == NULL)
			return -1;
	}
	return 0;
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
	return ok ? 0 : -1;
}

static int
add_parent(X509_EXTENSIONS **exts, const struct ca *parent, struct gh_error *err)
{
	if (parent == NULL)
		return 0;
	if ((parent->cdp_urls != NULL && parent->cdp_urls[0] != NULL &&
		add_cdp(exts, parent->cdp_urls) != 0) ||
	    add_aia(exts, parent) != 0)
		return gh_fail(err, GH_E_NOMEM, "extensions of the CA");
	return 0;
}

/* ---- kept in a renewal ---- */

/* Made anew, by the signer or from what the parent is now. */
static bool
is_made_anew(int nid)
{
	return nid == NID_subject_key_identifier || nid == NID_authority_key_identifier ||
	    nid == NID_basic_constraints || nid == NID_key_usage ||
	    nid == NID_crl_distribution_points || nid == NID_info_access;
}

static int
add_kept(X509_EXTENSIONS **exts, const X509 *old, struct gh_error *err)
{
	int n = old != NULL ? X509_get_ext_count(old) : 0;

	for (int i = 0; i < n; i++) {
		X509_EXTENSION *e = X509_get_ext(old, i);

		if (!is_made_anew(OBJ_obj2nid(X509_EXTENSION_get_object(e))) &&
		    X509v3_add_ext(exts, e, -1) == NULL)
			return gh_fail(err, GH_E_NOMEM, "extensions of the CA");
	}
	return 0;
}

/* ---- all of them ---- */

static int
encode(const X509_EXTENSIONS *exts, unsigned char **out, size_t *len, struct gh_error *err)
{
	int n = i2d_X509_EXTENSIONS(exts, NULL);
	unsigned char *p;

	if (n <= 0 || (*out = malloc((size_t)n)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "extensions of the CA");
	p = *out;
	*len = (size_t)i2d_X509_EXTENSIONS(exts, &p);
	return 0;
}

int
ca_extensions_make(const struct ca *parent, const X509 *old,
    const struct ca_name_constraints *names, const struct authority_words *words,
    unsigned char **out, size_t *len, struct gh_error *err)
{
	X509_EXTENSIONS *exts = NULL;
	int rc;

	*out = NULL;
	*len = 0;
	rc = add_kept(&exts, old, err);
	if (rc == 0)
		rc = add_parent(&exts, parent, err);
	if (rc == 0 && names != NULL)
		rc = ca_names_add(&exts, names, words, err);
	if (rc == 0 && exts != NULL)
		rc = encode(exts, out, len, err);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	return rc;
}
