/* See renew.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "calendar.h"
#include "issuing/cdp.h"
#include "key_alg.h"
#include "store/ca/ca_row.h"

#include "ca_extensions.h"
#include "loaded_ca.h"
#include "renew.h"

/* What is done, between the rows that were read and the row that is written. */
struct renewing {
	const struct authority_renewal *asked;
	struct loaded_ca old, parent;
	bool is_root;
	char *password, *parent_password;
	struct signer_renewed_ca made;
	struct ca *renewed;
	bool has_kept_urls;
};

static void
renewing_free(struct renewing *r)
{
	loaded_ca_close(&r->old);
	loaded_ca_close(&r->parent);
	authority_password_free(r->password);
	authority_password_free(r->parent_password);
	signer_renewed_ca_free(&r->made);
	ca_free(r->renewed);
}

/* ---- what there is ---- */

static int
check_old(const struct authority *a, const struct renewing *r, struct gh_error *err)
{
	const struct ca *ca = r->old.ca;

	if (ca->state != CA_ACTIVE && ca->state != CA_DISABLED)
		return gh_refuse(err, GH_E_CONFLICT,
		    "CA \"%s\" is %s: only an active or disabled CA is renewed", ca->name,
		    ca_state_name(ca->state));
	if (ca->sealed == NULL)
		return gh_refuse(err, GH_E_CA_UNAVAILABLE, "the key of CA \"%s\" is not here",
		    ca->name);
	if (ca->protection == CA_KEY_PKCS11 && r->asked->new_key && r->asked->key_uri == NULL)
		return gh_refuse(err, GH_E_CONF,
		    "the key of CA \"%s\" is in a token: %s names the new one", ca->name,
		    a->words->key_uri);
	return 0;
}

static int
open_cas(const struct authority *a, struct renewing *r, struct gh_error *err)
{
	const char *parent;
	int rc = loaded_ca_open(a->store, r->asked->name, &r->old, err);

	if (rc == 0)
		rc = check_old(a, r, err);
	if (rc != 0)
		return rc;
	r->is_root = X509_self_signed(r->old.ca->cert, 0) == 1;
	parent = gh_json_string(gh_json_get(r->old.row, "parent"));
	if (!r->is_root && parent == NULL)
		return gh_refuse(err, GH_E_CONFLICT,
		    "CA \"%s\" is signed by a CA that is not here: `gatehouse ca csr "
		    "%s` makes the request for it, `gatehouse ca complete` takes the answer",
		    r->old.ca->name, r->old.ca->name);
	return loaded_ca_open_parent(a->store, r->is_root ? NULL : parent, &r->parent, err);
}

/* The key itself is needed by a root, which signs, and for a new key, which comes under the same
 * password. */
static int
ask_passwords(const struct authority *a, struct renewing *r, struct gh_error *err)
{
	int rc = 0;

	if (r->is_root || r->asked->new_key)
		rc = authority_password(a, r->old.ca, false, &r->password, err);
	if (rc == 0)
		rc = authority_password(a, r->parent.ca, true, &r->parent_password, err);
	return rc;
}

/* A new key has URLs of its own, since its CRL is another one. */
static int
rename_urls(struct renewing *r, struct gh_error *err)
{
	const char *slug = gh_json_string(gh_json_get(r->old.row, "spare_slug"));
	struct ca *old = r->old.ca, *ca = r->renewed;
	bool all[2], unused;

	free(ca->slug);
	ca->slug = slug != NULL ? strdup(slug) : NULL;
	cdp_urls_free(ca->cdp_urls);
	cdp_urls_free(ca->aia_urls);
	cdp_urls_free(ca->ocsp_urls);
	ca->cdp_urls = ca_urls_renamed(old->cdp_urls, old->slug, slug != NULL ? slug : "", &all[0]);
	ca->aia_urls = ca_urls_renamed(old->aia_urls, old->slug, slug != NULL ? slug : "", &all[1]);
	ca->ocsp_urls =
	    ca_urls_renamed(old->ocsp_urls, old->slug, slug != NULL ? slug : "", &unused);
	if (ca->slug == NULL || ca->cdp_urls == NULL || ca->aia_urls == NULL ||
	    ca->ocsp_urls == NULL)
		return gh_fail(err, GH_E_NOMEM, "CA");
	r->has_kept_urls = !all[0] || !all[1];
	return 0;
}

/* Name, URLs and policy of the CA as it will be. */
static int
copy_settings(struct renewing *r, struct gh_error *err)
{
	r->renewed = loaded_ca_copy_settings(r->old.ca);
	if (r->renewed == NULL)
		return gh_fail(err, GH_E_NOMEM, "CA");
	if (r->asked->key_uri != NULL)
		r->renewed->protection = CA_KEY_PKCS11;
	return r->asked->new_key ? rename_urls(r, err) : 0;
}

/* ---- the certificate ---- */

/* As long as the present one, unless told. */
static int
days_wanted(const struct renewing *r)
{
	int64_t from, to;

	if (r->asked->days > 0 || r->asked->years > 0)
		return r->asked->days;
	if (!gh_asn1_time_get(X509_get0_notBefore(r->old.ca->cert), &from) ||
	    !gh_asn1_time_get(X509_get0_notAfter(r->old.ca->cert), &to))
		return 1;
	return (int)((to - from + GH_DAY_SECONDS - 1) / GH_DAY_SECONDS);
}

/* What certifies one key of a root by the other: where each is revoked is for its issuer to say. */
static int
make_cross_extensions(const struct renewing *r, unsigned char *out[2], struct signer_renew_ca *f,
    struct gh_error *err)
{
	int rc;

	if (!r->is_root || !r->asked->new_key)
		return 0;
	rc = ca_extensions_make(r->renewed, NULL, NULL, NULL, &out[0], &f->old_with_new_len, err);
	if (rc == 0)
		rc = ca_extensions_make(r->old.ca, NULL, NULL, NULL, &out[1], &f->new_with_old_len,
		    err);
	f->old_with_new = out[0];
	f->new_with_old = out[1];
	return rc;
}

static int
sign(const struct authority *a, struct renewing *r, struct gh_error *err)
{
	const struct ca *old = r->old.ca, *parent = r->parent.ca;
	struct signer_renew_ca f = {.sealed = old->sealed,
	    .sealed_len = old->sealed_len,
	    .password = r->password,
	    .parent_password = r->parent_password};
	unsigned char *extensions = NULL, *cross[2] = {NULL, NULL};
	int rc = ca_extensions_make(parent, parent != NULL ? old->cert : NULL, NULL, NULL,
	    &extensions, &f.extensions_len, err);

	if (rc != 0)
		return rc;
	if (parent != NULL) {
		f.parent = parent->sealed;
		f.parent_len = parent->sealed_len;
	}
	if (r->asked->new_key && r->asked->key_uri != NULL)
		f.key_uri = r->asked->key_uri;
	else if (r->asked->new_key)
		f.key_alg = r->asked->key_alg != NULL
		    ? r->asked->key_alg
		    : gh_key_name_like(X509_get0_pubkey(old->cert));
	authority_validity(a, r->asked->years, days_wanted(r), parent, &f.not_before, &f.not_after);
	f.extensions = extensions;
	if (r->asked->new_key && f.key_uri == NULL && f.key_alg == NULL)
		rc = gh_refuse(err, GH_E_CONF,
		    "%s is needed: keys of the present kind are not made here", a->words->key_alg);
	else if ((rc = make_cross_extensions(r, cross, &f, err)) == 0)
		rc = signer_client_renew_ca(a->signer, &f, &r->made, err);
	free(extensions);
	free(cross[0]);
	free(cross[1]);
	return rc;
}

/* ---- the row ---- */

static int
build(struct renewing *r, struct gh_error *err)
{
	struct ca *ca = r->renewed;
	int rc;

	ca->sealed = r->made.sealed.p;
	ca->sealed_len = r->made.sealed.len;
	r->made.sealed = (struct signer_blob){NULL, 0};
	rc = authority_chain(&ca->chain, r->made.cert.p, r->made.cert.len, r->parent.ca, err);
	return rc == 0 ? ca_finish(ca, err) : rc;
}

static int
record(const struct authority *a, struct renewing *r, struct gh_error *err)
{
	const struct store_ca_renewal row = {.read = r->old.ca,
	    .parent = r->parent.ca,
	    .renewed = r->renewed,
	    .old_with_new = r->made.old_with_new,
	    .new_with_old = r->made.new_with_old,
	    .old_name = gh_json_string(gh_json_get(r->old.row, "spare_name"))};

	if (!r->asked->new_key)
		return store_renew_ca_certificate(a->store, a->who, &row, err);
	if (row.old_name == NULL)
		return gh_fail(err, GH_E_INTERNAL, "no name for the old key");
	return store_renew_ca_key(a->store, a->who, &row, &r->renewed->id, err);
}

/* Hands over what the caller is told. */
static int
hand_over(struct renewing *r, struct authority_renewed *out, struct gh_error *err)
{
	const char *old_name = gh_json_string(gh_json_get(r->old.row, "spare_name"));

	if (r->asked->new_key && (out->old_name = strdup(old_name)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "report");
	if (r->has_kept_urls && (out->kept_slug = strdup(r->old.ca->slug)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "report");
	out->ca = r->renewed;
	r->renewed = NULL;
	return 0;
}

int
authority_renew_check(const struct authority_renewal *spec, const struct authority_words *words,
    struct gh_error *err)
{
	if (!spec->new_key && (spec->key_alg != NULL || spec->key_uri != NULL))
		return gh_refuse(err, GH_E_CONF, "%s and %s need %s", words->key_alg,
		    words->key_uri, words->new_key);
	if (spec->key_alg != NULL && authority_check_key_alg(spec->key_alg, words, err) != 0)
		return GH_E_CONF;
	return authority_check_validity(spec->years, spec->days, words, err);
}

int
authority_renew(const struct authority *a, const struct authority_renewal *spec,
    struct authority_renewed *out, struct gh_error *err)
{
	struct renewing r = {.asked = spec};
	int rc = authority_renew_check(spec, a->words, err);

	*out = (struct authority_renewed){NULL, NULL, NULL};
	if (rc == 0)
		rc = open_cas(a, &r, err);
	if (rc == 0)
		rc = copy_settings(&r, err);
	if (rc == 0)
		rc = ask_passwords(a, &r, err);
	if (rc == 0)
		rc = sign(a, &r, err);
	if (rc == 0)
		rc = build(&r, err);
	if (rc == 0)
		rc = record(a, &r, err);
	if (rc == 0)
		rc = hand_over(&r, out, err);
	renewing_free(&r);
	if (rc != 0)
		authority_renewed_clear(out);
	return rc;
}

void
authority_renewed_clear(struct authority_renewed *r)
{
	ca_free(r->ca);
	free(r->old_name);
	free(r->kept_slug);
	*r = (struct authority_renewed){NULL, NULL, NULL};
}
