/* A row of table ca, as JSON, to a struct ca. See ca_load.h. */
#include <stdlib.h>

#include "json_row.h"

#include "ca_load.h"

/* max: the chain leaves one place for the leaf. */
static int
certs_load(const gh_json *list, size_t min, size_t max, struct cert_chain *out,
    struct gh_error *err)
{
	unsigned char *der;
	size_t n = gh_json_size(list), len;
	int rc;

	if (n < min || n > max)
		return gh_fail(err, GH_E_DB, "%zu certificates", n);
	for (size_t i = 0; i < n; i++) {
		if ((rc = gh_json_row_base64(gh_json_at(list, i), "certificate", &der, &len,
			 err)) != 0)
			return rc;
		rc = cert_chain_add(out, der, len, err);
		free(der);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* *policy is empty where the CA has none. */
static int
policy_load(gh_json *policy, struct ca *ca, struct gh_error *err)
{
	if (gh_json_type(policy) != GH_JSON_OBJECT)
		return gh_fail(err, GH_E_DB, "policy is no object");
	ca->policy = gh_json_ref(policy);
	return gh_json_row_texts(policy, "groups", false, &ca->groups, err);
}

static int
load_members(const gh_json *row, struct ca *ca, struct gh_error *err)
{
	const gh_json *sealed = gh_json_get(row, "sealed");
	int64_t shards;
	int rc;

	if (!gh_json_int(gh_json_get(row, "id"), &ca->id))
		return gh_fail(err, GH_E_DB, "id is missing");
	if (!ca_state_parse(gh_json_string(gh_json_get(row, "state")), &ca->state) ||
	    !ca_protection_parse(gh_json_string(gh_json_get(row, "protection")), &ca->protection) ||
	    !gh_json_int(gh_json_get(row, "crl_shards"), &shards) || shards < 0 ||
	    shards > CA_SHARDS_MAX)
		return gh_fail(err, GH_E_DB, "state, protection or crl_shards is wrong");
	ca->crl_shards = (int)shards;
	if ((rc = gh_json_row_text(row, "name", &ca->name, err)) != 0 ||
	    (rc = gh_json_row_text(row, "slug", &ca->slug, err)) != 0 ||
	    (rc = policy_load(gh_json_get(row, "policy"), ca, err)) != 0 ||
	    (rc = certs_load(gh_json_get(row, "chain"), ca->state != CA_PENDING, CERT_CHAIN_MAX - 1,
		 &ca->chain, err)) != 0 ||
	    (rc = certs_load(gh_json_get(row, "also"), 0, CERT_CHAIN_MAX, &ca->also, err)) != 0 ||
	    (rc = gh_json_row_texts(row, "cdp", false, &ca->cdp_urls, err)) != 0 ||
	    (rc = gh_json_row_texts(row, "aia", false, &ca->aia_urls, err)) != 0 ||
	    (rc = gh_json_row_texts(row, "ocsp", false, &ca->ocsp_urls, err)) != 0)
		return rc;
	if (gh_json_type(sealed) != GH_JSON_NULL &&
	    (rc = gh_json_row_base64(sealed, "sealed", &ca->sealed, &ca->sealed_len, err)) != 0)
		return rc;
	return ca->state == CA_PENDING ? 0 : ca_finish(ca, err);
}

int
ca_load(const gh_json *row, struct ca **out, struct gh_error *err)
{
	struct ca *ca = calloc(1, sizeof(*ca));
	int rc;

	if (ca == NULL)
		return gh_fail(err, GH_E_NOMEM, "CA");
	if ((rc = load_members(row, ca, err)) != 0) {
		ca_free(ca);
		return rc;
	}
	*out = ca;
	return 0;
}
