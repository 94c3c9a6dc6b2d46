/* The CAs, sorted by name once and searched by bisection. See ca_set.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

#include "json_row.h"
#include "log.h"

#include "ca_load.h"
#include "ca_set.h"

static int
compare_ca(const void *a, const void *b)
{
	return strcasecmp((*(struct ca *const *)a)->name, (*(struct ca *const *)b)->name);
}

static int
load_cas(struct ca_set *s, const gh_json *rows, struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error e;

	if ((s->ca = calloc(n + 1, sizeof(*s->ca))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "CAs");
	for (size_t i = 0; i < n; i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (ca_load(row, &s->ca[s->n], &e) == 0)
			s->n++;
		else if (gh_json_row_leave_out("ca", row, &e, err) != 0)
			return GH_E_NOMEM;
	}
	qsort(s->ca, s->n, sizeof(*s->ca), compare_ca);
	return 0;
}

static int
add_identities(struct ca_set *s, const struct ca *ca, const struct cert_chain *certs,
    struct gh_error *err)
{
	struct gh_error e = {0};

	for (size_t i = 0; i < certs->n; i++) {
		struct gh_der cert = {certs->cert[i].der, certs->cert[i].len};

		int rc = gh_ca_identities_add_cert(&s->identities, &cert, &e);

		if (rc == GH_E_NOMEM)
			return gh_fail(err, GH_E_NOMEM, "names of CAs");
		if (rc != 0)
			gh_log_kv(GH_LOG_ERROR, "name or key of a CA cannot be compared", "ca",
			    ca->name, "detail", e.detail, NULL);
	}
	return 0;
}

static int
load_identities(struct ca_set *s, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->n; i++)
		if ((rc = add_identities(s, s->ca[i], &s->ca[i]->chain, err)) == 0)
			rc = add_identities(s, s->ca[i], &s->ca[i]->also, err);
	return rc;
}

int
ca_set_load(const gh_json *rows, struct ca_set *out, struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = load_cas(out, rows, err)) != 0 || (rc = load_identities(out, err)) != 0)
		ca_set_clear(out);
	return rc;
}

void
ca_set_clear(struct ca_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		ca_free(s->ca[i]);
	free(s->ca);
	gh_ca_identities_clear(&s->identities);
	memset(s, 0, sizeof(*s));
}

const struct ca *
ca_set_find(const struct ca_set *s, const char *name)
{
	struct ca key = {.name = (char *)(uintptr_t)name}, *p = &key, **found = NULL;

	if (s->n > 0)
		found = bsearch(&p, s->ca, s->n, sizeof(*s->ca), compare_ca);
	return found != NULL ? *found : NULL;
}

const struct ca *
ca_set_find_slug(const struct ca_set *s, const char *slug_or_name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcasecmp(s->ca[i]->slug, slug_or_name) == 0)
			return s->ca[i];
	return ca_set_find(s, slug_or_name);
}

const struct ca *
ca_set_find_id(const struct ca_set *s, int64_t id)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->ca[i]->id == id)
			return s->ca[i];
	return NULL;
}

const struct ca *
ca_set_only_issuing(const struct ca_set *s)
{
	const struct ca *found = NULL;

	for (size_t i = 0; i < s->n; i++) {
		if (!ca_may_issue(s->ca[i]) || s->ca[i]->chain.n < 2)
			continue;
		if (found != NULL)
			return NULL;
		found = s->ca[i];
	}
	return found;
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
ca_set_check_identity(const struct ca_set *s, const struct cert_spec *spec, struct gh_error *err)
{
	struct gh_der spki = {spec->spki, spec->spki_len}, subject, san = san_of(spec);

	if (gh_ca_identities_has_key(&s->identities, &spki))
		return gh_refuse(err, GH_E_CSR_WEAK,
		    "The key of the request is that of a certification authority: "
		    "make a new one.");
	if (X509_NAME_get0_der(spec->subject, &subject.p, &subject.len) != 1)
		return gh_fail(err, GH_E_INTERNAL, "subject cannot be encoded");
	return gh_ca_identities_check_names(&s->identities, &subject, &san, err);
}
