/*
 * The snapshot of the administrator's objects. Arrays are sorted once, when the snapshot is made,
 * and searched by bisection: hundreds of templates and thousands of applications cost a dozen
 * comparisons. Names are compared by strcasecmp in the C locale: ASCII letters without case, all
 * else byte by byte.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/x509v3.h>

#include "authority/ca_load.h"
#include "json.h"
#include "log.h"

#include "catalog.h"
#include "catalog_load.h"
#include "catalog_seal.h"
#include "metadata.h"

static int
compare_ca(const void *a, const void *b)
{
	return strcasecmp((*(struct ca *const *)a)->name, (*(struct ca *const *)b)->name);
}

static int
compare_template(const void *a, const void *b)
{
	return strcasecmp(tmpl_name(((const struct catalog_template *)a)->tmpl),
	    tmpl_name(((const struct catalog_template *)b)->tmpl));
}

static int
compare_app(const void *a, const void *b)
{
	return memcmp((*(struct app *const *)a)->key_index, (*(struct app *const *)b)->key_index,
	    sizeof((*(struct app *const *)a)->key_index));
}

/* An object that cannot be read is left out: one bad row must not stop the others. Lack of memory
 * is no fault of the row and fails the snapshot. */
static int
leave_out(const char *kind, const gh_json *row, const struct gh_error *why, struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(row, "name"));

	if (why->code == GH_E_NOMEM)
		return gh_fail(err, GH_E_NOMEM, "catalog: %s", kind);
	gh_log_kv(GH_LOG_ERROR, "left out of the catalog", "kind", kind, "name", name, "error",
	    gh_error_info(why->code)->name, "detail", why->detail, NULL);
	return 0;
}

static int
load_cas(struct catalog *c, const gh_json *rows, struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error e;

	if ((c->ca = calloc(n + 1, sizeof(*c->ca))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "catalog");
	for (size_t i = 0; i < n; i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (ca_load(row, &c->ca[c->cas], &e) == 0)
			c->cas++;
		else if (leave_out("ca", row, &e, err) != 0)
			return GH_E_NOMEM;
	}
	qsort(c->ca, c->cas, sizeof(*c->ca), compare_ca);
	return 0;
}

static int
add_identities(struct catalog *c, const struct ca *ca, const struct cert_chain *certs,
    struct gh_error *err)
{
	struct gh_error e = {0};

	for (size_t i = 0; i < certs->n; i++) {
		struct gh_der cert = {certs->cert[i].der, certs->cert[i].len};

		int rc = gh_ca_identities_add_cert(&c->identities, &cert, &e);

		if (rc == GH_E_NOMEM)
			return gh_fail(err, GH_E_NOMEM, "catalog");
		if (rc != 0)
			gh_log_kv(GH_LOG_ERROR, "name or key of a CA cannot be compared", "ca",
			    ca->name, "detail", e.detail, NULL);
	}
	return 0;
}

static int
load_identities(struct catalog *c, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->cas; i++)
		if ((rc = add_identities(c, c->ca[i], &c->ca[i]->chain, err)) == 0)
			rc = add_identities(c, c->ca[i], &c->ca[i]->also, err);
	return rc;
}

static int
load_templates(struct catalog *c, const gh_json *rows, struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error e;

	if ((c->tmpl = calloc(n + 1, sizeof(*c->tmpl))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "catalog");
	for (size_t i = 0; i < n; i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (catalog_load_template(row, &c->tmpl[c->tmpls], &e) == 0)
			c->tmpls++;
		else if (leave_out("template", row, &e, err) != 0)
			return GH_E_NOMEM;
	}
	qsort(c->tmpl, c->tmpls, sizeof(*c->tmpl), compare_template);
	return 0;
}

static int
load_apps(struct catalog *c, const gh_json *rows, const unsigned char server_secret[32],
    struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error e;

	if ((c->app = calloc(n + 1, sizeof(*c->app))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "catalog");
	for (size_t i = 0; i < n; i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (catalog_load_app(row, server_secret, &c->app[c->apps], &e) == 0)
			c->apps++;
		else if (leave_out("application", row, &e, err) != 0)
			return GH_E_NOMEM;
	}
	qsort(c->app, c->apps, sizeof(*c->app), compare_app);
	return 0;
}

static int
load_fields(struct catalog *c, const gh_json *rows, struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error e;

	if ((c->field = calloc(n + 1, sizeof(*c->field))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "catalog");
	for (size_t i = 0; i < n; i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (metadata_field_load(row, &c->field[c->fields], &e) == 0)
			c->fields++;
		else if (leave_out("metadata field", row, &e, err) != 0)
			return GH_E_NOMEM;
	}
	return 0;
}

int
catalog_new(const gh_json *json, const unsigned char server_secret[32], struct catalog **out,
    struct gh_error *err)
{
	struct catalog *c = calloc(1, sizeof(*c));
	int rc;

	*out = NULL;
	if (c == NULL)
		return gh_fail(err, GH_E_NOMEM, "catalog");
	c->refs = 1;
	if (!gh_json_int(gh_json_get(json, "generation"), &c->generation))
		rc = gh_fail(err, GH_E_DB, "catalog without generation");
	else if ((rc = gh_derive_key(server_secret, SEAL_LABEL_KEY_INDEX, c->index_key, err)) ==
		0 &&
	    (rc = load_cas(c, gh_json_get(json, "cas"), err)) == 0 &&
	    (rc = load_identities(c, err)) == 0 &&
	    (rc = load_templates(c, gh_json_get(json, "templates"), err)) == 0 &&
	    (rc = load_apps(c, gh_json_get(json, "apps"), server_secret, err)) == 0)
		rc = load_fields(c, gh_json_get(json, "metadata_fields"), err);
	if (rc != 0) {
		catalog_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

struct catalog *
catalog_ref(struct catalog *c)
{
	__atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
	return c;
}

void
catalog_free(struct catalog *c)
{
	if (c == NULL || __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (size_t i = 0; i < c->cas; i++)
		ca_free(c->ca[i]);
	for (size_t i = 0; i < c->tmpls; i++)
		tmpl_free(c->tmpl[i].tmpl);
	for (size_t i = 0; i < c->apps; i++)
		catalog_app_free(c->app[i]);
	for (size_t i = 0; i < c->fields; i++)
		metadata_field_clear(&c->field[i]);
	gh_ca_identities_clear(&c->identities);
	free(c->ca);
	free(c->tmpl);
	free(c->app);
	free(c->field);
	OPENSSL_cleanse(c->index_key, sizeof(c->index_key));
	free(c);
}

const struct catalog_template *
catalog_find_template(const struct catalog *c, const char *name)
{
	size_t low = 0, high = c->tmpls;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = strcasecmp(name, tmpl_name(c->tmpl[mid].tmpl));

		if (cmp == 0)
			return &c->tmpl[mid];
		if (cmp < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

const struct ca *
catalog_find_ca(const struct catalog *c, const char *name)
{
	struct ca key = {.name = (char *)(uintptr_t)name}, *p = &key;
	struct ca **found = bsearch(&p, c->ca, c->cas, sizeof(*c->ca), compare_ca);

	return found != NULL ? *found : NULL;
}

const struct ca *
catalog_find_ca_slug(const struct catalog *c, const char *slug_or_name)
{
	for (size_t i = 0; i < c->cas; i++)
		if (strcasecmp(c->ca[i]->slug, slug_or_name) == 0)
			return c->ca[i];
	return catalog_find_ca(c, slug_or_name);
}

const struct ca *
catalog_find_ca_id(const struct catalog *c, int64_t id)
{
	for (size_t i = 0; i < c->cas; i++)
		if (c->ca[i]->id == id)
			return c->ca[i];
	return NULL;
}

const struct app *
catalog_find_app_id(const struct catalog *c, int64_t id)
{
	for (size_t i = 0; i < c->apps; i++)
		if (c->app[i]->id == id)
			return c->app[i];
	return NULL;
}

/* The time of the search tells about the keyed index at most, and that tells nothing of the key. */
const struct app *
catalog_find_app(const struct catalog *c, const unsigned char *key, size_t key_len)
{
	struct app probe = {0}, *p = &probe, **found;

	catalog_index(c->index_key, key, key_len, probe.key_index);
	found = bsearch(&p, c->app, c->apps, sizeof(*c->app), compare_app);
	return found != NULL ? *found : NULL;
}

/* GeneralNames, DER; empty when there are none. */
static struct gh_der
san_of(const struct cert_spec *spec)
{
	int i = X509v3_get_ext_by_NID(spec->extensions, NID_subject_alt_name, -1);
	const ASN1_OCTET_STRING *value =
	    i >= 0 ? X509_EXTENSION_get_data(X509v3_get_ext(spec->extensions, i)) : NULL;

	if (value == NULL)
		return (struct gh_der){NULL, 0};
	return (struct gh_der){ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
}

int
catalog_check_identity(const struct catalog *c, const struct cert_spec *spec, struct gh_error *err)
{
	struct gh_der spki = {spec->spki, spec->spki_len}, subject, san = san_of(spec);

	if (gh_ca_identities_has_key(&c->identities, &spki))
		return gh_refuse(err, GH_E_CSR_WEAK,
		    "The key of the request is that of a certification authority: "
		    "make a new one.");
	if (X509_NAME_get0_der(spec->subject, &subject.p, &subject.len) != 1)
		return gh_fail(err, GH_E_INTERNAL, "subject cannot be encoded");
	return gh_ca_identities_check_names(&c->identities, &subject, &san, err);
}
