/* Keys that sign in the name of the gateway. See gateway_signer.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "calendar.h"
#include "timestamp.h"

#include "catalog/catalog_seal.h"
#include "formats/cms_constraints.h"

#include "gateway_signer.h"
#include "gateway_signer_cache.h"

#define LIFE ((int64_t)GATEWAY_SIGNER_DAYS * GH_DAY_SECONDS)

/* TAMP messages and keys. */
static const unsigned char package_types[] = {CMS_CONSTRAINTS_OF_PACKAGES};

static const struct use {
	const char *name;  /* of its certificate: "NAME of CA" */
	const char *usage; /* extended key usage; NULL: none */
	const char *seal;  /* of catalog_seal.h */
	bool agrees_keys;  /* what is encrypted for it is opened */
	/* content types that it may sign (RFC 6010), DER; NULL: any */
	const unsigned char *constraints;
	size_t constraints_len;
} uses[STORE_SIGNER_USES] = {
    /* id-kp-cmcCA (RFC 6402, 2.10) */
    [STORE_SIGNER_CMC] = {"CMC", "1.3.6.1.5.5.7.3.27", SEAL_LABEL_CMC_SIGNER, true, NULL, 0},
    /* id-kp-cmKGA (RFC 9480, 2.2) */
    [STORE_SIGNER_KEYS] = {"Key generation", "1.3.6.1.5.5.7.3.32", SEAL_LABEL_KEY_SIGNER, false,
	NULL, 0},
    [STORE_SIGNER_PACKAGE] = {"Packages", NULL, SEAL_LABEL_PACKAGE_SIGNER, false, package_types,
	sizeof(package_types)},
};

void
gateway_signer_clear(struct gateway_signer *s)
{
	EVP_PKEY_free(s->key);
	X509_free(s->cert);
	memset(s, 0, sizeof(*s));
}

/* --- from its row ----------------------------------------------------------------------------- */

static EVP_PKEY *
unseal(const struct worker_env *env, const struct use *use, const struct store_signer *row,
    struct gh_error *err)
{
	char *text = strndup((const char *)row->sealed, row->sealed_len);
	unsigned char *der = NULL;
	const unsigned char *p;
	EVP_PKEY *key = NULL;
	size_t len = 0;

	if (text != NULL &&
	    catalog_unseal_as(use->seal, env->server_secret, text, &der, &len, err) == 0) {
		p = der;
		key = d2i_AutoPrivateKey(NULL, &p, (long)len);
	}
	if (der != NULL)
		OPENSSL_cleanse(der, len);
	free(der);
	free(text);
	return key;
}

static int
read_row(const struct worker_env *env, const struct use *use, const struct store_signer *row,
    struct gateway_signer *out, struct gh_error *err)
{
	const unsigned char *p = row->cert;

	if (gateway_signer_cache_find(use->seal, row, out))
		return 0;
	out->cert = d2i_X509(NULL, &p, (long)row->cert_len);
	out->key = unseal(env, use, row, err);
	if (out->cert != NULL && out->key != NULL &&
	    X509_check_private_key(out->cert, out->key) == 1) {
		gateway_signer_cache_add(use->seal, row, out);
		return 0;
	}
	ERR_clear_error();
	gateway_signer_clear(out);
	return gh_fail(err, GH_E_CONF,
	    "the key of a signer (%s) cannot be read: it is of another gateway secret", use->name);
}

/* --- making one ------------------------------------------------------------------------------- */

struct making {
	struct worker_env *env;
	const struct use *use;
	const struct ca *ca;
};

static int
fill_spec(struct cert_spec *spec, const struct making *m, EVP_PKEY *key)
{
	char cn[65]; /* RFC 5280, A.1: ub-common-name */
	int n = i2d_PUBKEY(key, &spec->spki);

	snprintf(cn, sizeof(cn), "%.20s of %.40s", m->use->name, m->ca->slug);
	if (n <= 0 ||
	    X509_NAME_add_entry_by_txt(spec->subject, "CN", MBSTRING_UTF8,
		(const unsigned char *)cn, -1, -1, 0) != 1)
		return -1;
	spec->spki_len = (size_t)n;
	spec->not_before = gh_now() - m->env->conf->ca.backdate;
	spec->not_after = spec->not_before + LIFE;
	if (cert_spec_add_usage(spec, m->use->usage, m->use->agrees_keys) != 0)
		return -1;
	return m->use->constraints == NULL ? 0
					   : cert_spec_add_der(spec, CMS_CONSTRAINTS, false,
						 m->use->constraints, m->use->constraints_len);
}

static int
seal(const struct making *m, EVP_PKEY *key, struct store_signer *out, struct gh_error *err)
{
	unsigned char *der = NULL;
	char *text = NULL;
	int n = i2d_PrivateKey(key, &der), rc;

	if (n <= 0)
		return gh_fail(err, GH_E_INTERNAL, "key of a signer");
	if ((rc = catalog_seal_as(m->use->seal, m->env->server_secret, der, (size_t)n, &text,
		 err)) == 0) {
		out->sealed = (unsigned char *)text;
		out->sealed_len = strlen(text);
	}
	OPENSSL_clear_free(der, (size_t)n);
	return rc;
}

static int
make(void *arg, struct store_signer *out, struct gh_error *err)
{
	const struct making *m = arg;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct cert_spec *spec = cert_spec_new();
	struct ca_signing one = {.ca = m->ca, .spec = spec};
	int rc;

	if (key == NULL || spec == NULL || fill_spec(spec, m, key) != 0) {
		rc = gh_fail(err, GH_E_NOMEM, "signer");
	} else {
		ca_sign_batch(m->env->signer, &one, 1);
		if ((rc = one.rc) != 0)
			*err = one.err;
		out->cert = one.cert;
		out->cert_len = one.cert_len;
	}
	if (rc == 0)
		rc = seal(m, key, out, err);
	cert_spec_free(spec);
	EVP_PKEY_free(key);
	return rc;
}

static int
issue(struct worker_env *env, enum store_signer_use use, const struct ca *ca, int64_t until,
    struct store_signer *row, struct gh_error *err)
{
	static const struct requester gateway = {.kind = REQUESTER_COMMAND, .name = "gateway"};
	struct making m = {env, &uses[use], ca};
	struct store_signer_issue i =
	    {.use = use, .ca = ca, .who = &gateway, .until = until, .make = make, .arg = &m};
	bool is_new;

	return store_issue_signer(env->store, &i, row, &is_new, err);
}

/* --- the one in use --------------------------------------------------------------------------- */

/* One that ends before that is renewed; never one that no certificate of the CA could outlive. */
static int64_t
renewed_before(const struct ca *ca)
{
	int64_t until = gh_now() + LIFE / 3, most = ca_max_validity(ca), end;

	if (most > 0 && gh_now() + most / 3 < until)
		until = gh_now() + most / 3;
	if (gh_asn1_time_get(X509_get0_notAfter(ca->cert), &end) && end - 1 < until)
		until = end - 1;
	return until;
}

int
gateway_signer_find(struct worker_env *env, enum store_signer_use use, const struct ca *ca,
    struct gateway_signer *out, struct gh_error *err)
{
	struct store_signer row = {0};
	int64_t until = renewed_before(ca);
	int rc = store_find_signer(env->store, use, ca->id, until, &row, err);

	memset(out, 0, sizeof(*out));
	if (rc == GH_E_NOT_FOUND && (rc = issue(env, use, ca, until, &row, err)) != 0) {
		struct gh_error why;

		if (store_find_signer(env->store, use, ca->id, 0, &row, &why) == 0)
			rc = 0;
	}
	if (rc == 0)
		rc = read_row(env, &uses[use], &row, out, err);
	store_signer_clear(&row);
	return rc;
}

/* --- one that a message is encrypted for ------------------------------------------------------ */

struct asked {
	const struct worker_env *env;
	const struct cms_enveloped *message;
	struct gateway_signer *out;
};

static bool
take(void *arg, const struct store_signer *row)
{
	struct asked *a = arg;
	const unsigned char *p = row->cert;
	X509 *cert = d2i_X509(NULL, &p, (long)row->cert_len);
	struct gh_error err;
	bool is_it = cert != NULL && cms_enveloped_is_for(a->message, cert) &&
	    read_row(a->env, &uses[STORE_SIGNER_CMC], row, a->out, &err) == 0;

	X509_free(cert);
	ERR_clear_error();
	return is_it;
}

int
gateway_signer_find_recipient(struct worker_env *env, const struct cms_enveloped *message,
    struct gateway_signer *out, struct gh_error *err)
{
	struct asked a = {env, message, out};
	int rc;

	memset(out, 0, sizeof(*out));
	rc = store_each_signer(env->store, STORE_SIGNER_CMC, take, &a, err);
	return rc == 0 && out->key == NULL ? cms_enveloped_refuse(err) : rc;
}
