/* See import.h. */
#include <stdlib.h>

#include "store/ca/ca_row.h"

#include "import.h"
#include "loaded_ca.h"

static int
set_chain(const struct cert_chain *chain, struct ca *ca, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < chain->n; i++)
		rc = cert_chain_add(&ca->chain, chain->cert[i].der, chain->cert[i].len, err);
	return rc == 0 ? ca_finish(ca, err) : rc;
}

/* The signer looks whether key and certificate belong together, and whether it is the certificate
 * of a CA. */
static int
take_key(const struct authority *a, const struct authority_import *spec, struct ca *ca,
    struct gh_error *err)
{
	struct signer_import_ca in = {.pkcs8 = spec->pkcs8,
	    .pkcs8_len = spec->pkcs8_len,
	    .key_uri = spec->settings.key_uri,
	    .cert = ca->chain.cert[0].der,
	    .cert_len = ca->chain.cert[0].len};
	int rc = ca_policy_limits(ca->policy, loaded_ca_path_len(ca), &in.limits, err);

	return rc == 0 ? signer_client_import_ca(a->signer, &in, &ca->sealed, &ca->sealed_len, err)
		       : rc;
}

static int
record(const struct authority *a, struct ca *ca, struct gh_error *err)
{
	struct loaded_ca parent;
	int rc = loaded_ca_open_issuer(a->store, &ca->chain, &parent, err);
	struct store_new_ca n = {.ca = ca, .event = "ca.imported"};

	if (rc != 0)
		return rc;
	n.parent = parent.ca;
	rc = store_create_ca(a->store, a->who, &n, &ca->id, err);
	loaded_ca_close(&parent);
	return rc;
}

int
authority_import(const struct authority *a, const struct authority_import *spec, struct ca **out,
    struct gh_error *err)
{
	struct ca *ca;
	int rc;

	*out = NULL;
	if (spec->chain->n == 0)
		return gh_refuse(err, GH_E_CONF, "%s is needed", a->words->cert);
	if ((spec->settings.key_uri != NULL) == (spec->pkcs8 != NULL))
		return gh_refuse(err, GH_E_CONF, "a private key or %s is needed, and not both",
		    a->words->key_uri);
	rc = authority_settle(a, &spec->settings, CA_ACTIVE, AUTHORITY_NO_PATH_LEN, &ca, err);
	if (rc == 0)
		rc = set_chain(spec->chain, ca, err);
	if (rc == 0)
		rc = take_key(a, spec, ca, err);
	if (rc == 0)
		rc = record(a, ca, err);
	if (rc != 0)
		ca_free(ca);
	else
		*out = ca;
	return rc;
}
