/*
 * A CA exists when its row is committed. Until then its key is only in the memory of our signer: an
 * interrupted run leaves nothing behind, and the next one makes a new key.
 */
#include <stdlib.h>

#include <openssl/x509.h>

#include "dn_text.h"
#include "store/ca/ca_row.h"

#include "ca_extensions.h"
#include "loaded_ca.h"
#include "make.h"

static int
path_len_of(const struct authority_new_ca *spec)
{
	return spec->path_len != AUTHORITY_NOT_GIVEN ? spec->path_len : spec->parent == NULL;
}

/* Key and certificate; chain and record of *ca. */
static int
sign_ca(const struct authority *a, const struct authority_new_ca *spec, const struct ca *parent,
    const char *parent_password, struct ca *ca, struct gh_error *err)
{
	struct signer_create_ca f = {.key_alg = spec->settings.key_uri != NULL ? "" : spec->key_alg,
	    .key_uri = spec->settings.key_uri,
	    .parent_password = parent_password};
	unsigned char *subject = NULL, *extensions = NULL, *cert = NULL;
	size_t cert_len = 0;
	int rc = gh_dn_parse_der(spec->subject, &subject, &f.subject_len, err);

	if (rc == 0)
		rc = ca_extensions_make(parent, NULL, &spec->names, a->words, &extensions,
		    &f.extensions_len, err);
	if (rc == 0)
		rc = ca_policy_limits(ca->policy, path_len_of(spec), &f.limits, err);
	if (rc == 0) {
		authority_validity(a, spec->years, spec->days, parent, &f.not_before, &f.not_after);
		f.subject = subject;
		f.extensions = extensions;
		f.parent = parent != NULL ? parent->sealed : NULL;
		f.parent_len = parent != NULL ? parent->sealed_len : 0;
		rc = signer_client_create_ca(a->signer, &f, &cert, &cert_len, &ca->sealed,
		    &ca->sealed_len, err);
	}
	if (rc == 0)
		rc = authority_chain(&ca->chain, cert, cert_len, parent, err);
	free(subject);
	free(extensions);
	free(cert);
	return rc == 0 ? ca_finish(ca, err) : rc;
}

static int
make(const struct authority *a, const struct authority_new_ca *spec, const struct ca *parent,
    struct ca *ca, struct gh_error *err)
{
	const struct store_new_ca n = {.ca = ca, .parent = parent, .event = "ca.created"};
	char *password = NULL;
	int rc = ca_names_json(&spec->names, ca->policy, err);

	if (rc == 0)
		rc = authority_password(a, parent, true, &password, err);
	if (rc == 0)
		rc = sign_ca(a, spec, parent, password, ca, err);
	authority_password_free(password);
	return rc == 0 ? store_create_ca(a->store, a->who, &n, &ca->id, err) : rc;
}

int
authority_make_check(const struct authority_new_ca *spec, const struct authority_words *words,
    struct gh_error *err)
{
	int rc;

	if (spec->subject == NULL)
		return gh_refuse(err, GH_E_CONF, "%s is needed", words->subject);
	if (spec->years == AUTHORITY_NOT_GIVEN && spec->days == AUTHORITY_NOT_GIVEN)
		return gh_refuse(err, GH_E_CONF, "%s or %s is needed", words->years, words->days);
	rc = authority_check_validity(spec->years, spec->days, words, err);
	if (rc == 0)
		rc = authority_check_path_len(spec->path_len, words, err);
	if (rc == 0 && spec->settings.key_uri == NULL)
		rc = authority_check_key_alg(spec->key_alg, words, err);
	return rc;
}

int
authority_make(const struct authority *a, const struct authority_new_ca *spec, struct ca **out,
    struct gh_error *err)
{
	/* the certificate of a root does not say it (signer/ca/ca_profile.c) */
	int path_len = spec->parent == NULL ? path_len_of(spec) : AUTHORITY_NO_PATH_LEN;
	struct loaded_ca parent;
	struct ca *ca = NULL;
	int rc = authority_make_check(spec, a->words, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	rc = loaded_ca_open_parent(a->store, spec->parent, &parent, err);
	if (rc == 0)
		rc = authority_settle(a, &spec->settings, CA_ACTIVE, path_len, &ca, err);
	if (rc == 0)
		rc = make(a, spec, parent.ca, ca, err);
	loaded_ca_close(&parent);
	if (rc != 0)
		ca_free(ca);
	else
		*out = ca;
	return rc;
}
