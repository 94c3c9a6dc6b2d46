/* CAs by name, with all that their row holds. */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "encoding.h"
#include "issuing/ca_load.h"
#include "store/ca/ca_row.h"

#include "loaded_ca.h"
#include "urls.h"

int
loaded_ca_open(struct store *store, const char *name, struct loaded_ca *out, struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = store_ca_get(store, name, &out->row, err);
	if (rc == GH_E_NOT_FOUND)
		return gh_refuse(err, rc, "there is no CA \"%.80s\": see `gatehouse ca list`",
		    name);
	if (rc == 0)
		rc = ca_load(out->row, &out->ca, err);
	if (rc != 0)
		loaded_ca_close(out);
	return rc;
}

int
loaded_ca_open_parent(struct store *store, const char *name, struct loaded_ca *out,
    struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if (name == NULL)
		return 0;
	rc = loaded_ca_open(store, name, out, err);
	if (rc == 0 && out->ca->state != CA_ACTIVE)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "CA \"%s\" is %s: only an active CA signs another one", name,
		    ca_state_name(out->ca->state));
	else if (rc == 0 && out->ca->sealed == NULL)
		rc = gh_refuse(err, GH_E_CA_UNAVAILABLE, "the key of CA \"%s\" is not here", name);
	if (rc != 0)
		loaded_ca_close(out);
	return rc;
}

int
loaded_ca_open_all(struct store *store, struct ca_set *out, struct gh_error *err)
{
	gh_json *catalog = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = store_load_catalog(store, &catalog, err)) == 0)
		rc = ca_set_load(gh_json_get(catalog, "cas"), out, err);
	gh_json_free(catalog);
	return rc;
}

/* Name of the CA with this certificate; NULL when there is none. Borrowed from the catalog. */
static const char *
find_by_certificate(const gh_json *catalog, const char *base64)
{
	const gh_json *cas = gh_json_get(catalog, "cas");

	for (size_t i = 0; i < gh_json_size(cas); i++) {
		const gh_json *row = gh_json_at(cas, i);
		const char *own = gh_json_string(gh_json_at(gh_json_get(row, "chain"), 0));

		if (own != NULL && strcmp(own, base64) == 0)
			return gh_json_string(gh_json_get(row, "name"));
	}
	return NULL;
}

int
loaded_ca_open_issuer(struct store *store, const struct cert_chain *chain, struct loaded_ca *out,
    struct gh_error *err)
{
	gh_json *catalog = NULL;
	const char *name;
	char *text;
	int rc;

	memset(out, 0, sizeof(*out));
	if (chain->n < 2)
		return 0;
	text = gh_base64_encode(chain->cert[1].der, chain->cert[1].len, GH_BASE64_ONE_LINE);
	rc = text != NULL ? store_load_catalog(store, &catalog, err)
			  : gh_fail(err, GH_E_NOMEM, "certificate");
	if (rc == 0 && (name = find_by_certificate(catalog, text)) != NULL)
		rc = loaded_ca_open(store, name, out, err);
	/* one that signs no more is as foreign as one that is not here */
	if (rc == 0 && out->ca != NULL && out->ca->state != CA_ACTIVE)
		loaded_ca_close(out);
	gh_json_free(catalog);
	free(text);
	return rc;
}

void
loaded_ca_close(struct loaded_ca *l)
{
	gh_json_free(l->row);
	ca_free(l->ca);
	memset(l, 0, sizeof(*l));
}

/* The policy has it where no certificate says it: of a root, which has no pathLenConstraint, and of
 * a pending CA. */
long
loaded_ca_path_len(const struct ca *ca)
{
	long of_cert = ca->cert != NULL ? X509_get_pathlen(ca->cert) : -1;
	int64_t n;

	if (of_cert >= 0)
		return of_cert;
	if (gh_json_int(gh_json_get(ca->policy, "path_len"), &n))
		return (long)n;
	return ca->cert != NULL ? -1 : 0;
}

struct ca *
loaded_ca_copy_settings(const struct ca *ca)
{
	struct ca *copy = calloc(1, sizeof(*copy));
	bool all;

	if (copy == NULL)
		return NULL;
	copy->id = ca->id;
	copy->state = ca->state;
	copy->protection = ca->protection;
	copy->crl_shards = ca->crl_shards;
	copy->policy = ca->policy != NULL ? gh_json_ref(ca->policy) : NULL;
	copy->name = strdup(ca->name);
	copy->slug = strdup(ca->slug);
	copy->cdp_urls = ca_urls_renamed(ca->cdp_urls, ca->slug, ca->slug, &all);
	copy->aia_urls = ca_urls_renamed(ca->aia_urls, ca->slug, ca->slug, &all);
	copy->ocsp_urls = ca_urls_renamed(ca->ocsp_urls, ca->slug, ca->slug, &all);
	if (copy->name != NULL && copy->slug != NULL && copy->cdp_urls != NULL &&
	    copy->aia_urls != NULL && copy->ocsp_urls != NULL)
		return copy;
	ca_free(copy);
	return NULL;
}
