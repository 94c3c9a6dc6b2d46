/*
 * A CA exists when its row is committed. Until then its key is only in the memory of our signer: an
 * interrupted run leaves nothing behind, and the next one makes a new key.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "asn1_time.h"
#include "dn_text.h"
#include "store/ca/ca_row.h"
#include "timestamp.h"

#include "loaded_ca.h"
#include "make_ca.h"
#include "prompt.h"

#define YEAR_SECONDS (365LL * 86400 + 86400 / 4)
#define DAY_SECONDS 86400LL

bool
make_ca_is_key_alg(const char *name)
{
	static const char *const names[] = {"P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096",
	    "Ed25519"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

void
make_ca_validity(const struct session *s, int years, int days, const struct ca *parent,
    int64_t *not_before, int64_t *not_after)
{
	int64_t end;

	*not_before = gh_now() - s->conf->ca.backdate;
	*not_after = *not_before + (days > 0 ? days * DAY_SECONDS : years * YEAR_SECONDS);
	if (parent != NULL && gh_asn1_time_get(X509_get0_notAfter(parent->cert), &end) &&
	    *not_after > end)
		*not_after = end;
}

int
make_ca_chain(struct cert_chain *out, const unsigned char *cert, size_t len,
    const struct ca *parent, struct gh_error *err)
{
	int rc;

	if (parent != NULL && parent->chain.n + 2 > CERT_CHAIN_MAX)
		return gh_refuse(err, GH_E_CONFLICT,
		    "the chain would be longer than %d certificates", CERT_CHAIN_MAX - 1);
	rc = cert_chain_add(out, cert, len, err);
	for (size_t i = 0; rc == 0 && parent != NULL && i < parent->chain.n; i++)
		rc = cert_chain_add(out, parent->chain.cert[i].der, parent->chain.cert[i].len, err);
	return rc;
}

/* Name, URLs and policy of the new CA. */
static int
settle(const struct make_ca *spec, struct ca *ca, struct gh_error *err)
{
	int rc;

	if (!loaded_ca_is_name(spec->name))
		return gh_refuse(err, GH_E_CONF, "\"%.80s\": " CA_NAME_RULE, spec->name);
	ca->name = strdup(spec->name);
	ca->slug = strdup(spec->name);
	ca->policy = gh_json_new_object();
	ca->state = CA_ACTIVE;
	ca->protection = spec->key_uri != NULL ? CA_KEY_PKCS11 : CA_KEY_SYSTEM;
	if (ca->name == NULL || ca->slug == NULL || ca->policy == NULL)
		return gh_fail(err, GH_E_NOMEM, "CA");
	/* the certificate of a root does not say it (signer/ca_profile.c) */
	if (spec->parent == NULL && gh_json_set_int(ca->policy, "path_len", spec->path_len) != 0)
		return gh_fail(err, GH_E_NOMEM, "policy");
	rc = ca_urls_apply_new(&spec->urls, ca, err);
	if (rc == 0)
		rc = ca_policy_apply(&spec->policy, ca->policy, err);
	return rc == 0 ? ca_extensions_names_json(&spec->names, ca->policy, err) : rc;
}

/* Key and certificate; chain and record of *ca. */
static int
sign_ca(struct session *s, struct own_signer *signer, const struct make_ca *spec,
    const struct ca *parent, const char *parent_password, struct ca *ca, struct gh_error *err)
{
	struct signer_create_ca f = {.key_alg = spec->key_uri != NULL ? "" : spec->key_alg,
	    .key_uri = spec->key_uri,
	    .parent_password = parent_password};
	unsigned char *subject = NULL, *extensions = NULL, *cert = NULL;
	size_t cert_len = 0;
	int rc = gh_dn_parse_der(spec->subject, &subject, &f.subject_len, err);

	if (rc == 0)
		rc = ca_extensions_make(parent, NULL, &spec->names, &extensions, &f.extensions_len,
		    err);
	if (rc == 0)
		rc = ca_policy_limits(ca->policy, spec->path_len, &f.limits, err);
	if (rc == 0) {
		make_ca_validity(s, spec->years, spec->days, parent, &f.not_before, &f.not_after);
		f.subject = subject;
		f.extensions = extensions;
		f.parent = parent != NULL ? parent->sealed : NULL;
		f.parent_len = parent != NULL ? parent->sealed_len : 0;
		rc = signer_client_create_ca(signer->client, &f, &cert, &cert_len, &ca->sealed,
		    &ca->sealed_len, err);
	}
	if (rc == 0)
		rc = make_ca_chain(&ca->chain, cert, cert_len, parent, err);
	free(subject);
	free(extensions);
	free(cert);
	return rc == 0 ? ca_finish(ca, err) : rc;
}

static int
make(struct session *s, struct own_signer *signer, const struct make_ca *spec,
    const struct ca *parent, struct ca *ca, struct gh_error *err)
{
	const struct store_new_ca n = {.ca = ca, .parent = parent, .event = "ca.created"};
	char *password = NULL;
	int rc = settle(spec, ca, err);

	if (rc == 0)
		rc = loaded_ca_password(parent, spec->parent_password_file, &password, err);
	if (rc == 0)
		rc = sign_ca(s, signer, spec, parent, password, ca, err);
	prompt_free(password);
	return rc == 0 ? store_create_ca(s->store, &s->who, &n, &ca->id, err) : rc;
}

int
make_ca(struct session *s, struct own_signer *signer, const struct make_ca *spec, struct ca **out,
    struct gh_error *err)
{
	struct ca *ca = calloc(1, sizeof(*ca));
	struct loaded_ca parent = {NULL, NULL};
	int rc = ca != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "CA");

	*out = NULL;
	if (rc == 0)
		rc = loaded_ca_open_parent(s, spec->parent, &parent, err);
	if (rc == 0)
		rc = make(s, signer, spec, parent.ca, ca, err);
	loaded_ca_close(&parent);
	if (rc != 0)
		ca_free(ca);
	else
		*out = ca;
	return rc;
}
