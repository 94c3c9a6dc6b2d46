/* The policy as a whole: template + what is known of the requester + CSR -> what to certify, or a
 * refusal. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>

#include "model.h"

static int
check_entry(const struct tmpl *t, const struct dir_entry *e, struct gh_error *err)
{
	/* authentication looks, too, but not for service identities and approvals long after the
	 * request */
	if (e->is_disabled)
		return gh_refuse(err, GH_E_ACCOUNT_DISABLED,
		    "the requester's account is disabled or expired");
	if (t->requester == TMPL_REQUESTER_MACHINE && !e->is_computer)
		return gh_refuse(err, GH_E_REQUESTER_KIND, "template %s is for computers", t->name);
	if (t->requester == TMPL_REQUESTER_USER && e->is_computer)
		return gh_refuse(err, GH_E_REQUESTER_KIND, "template %s is for users", t->name);
	return 0;
}

/* Only an entry says whether its owner is a user or a computer. */
static int
check_no_entry(const struct tmpl *t, const struct subject_source *from, struct gh_error *err)
{
	if (!from->needs_no_entry)
		return gh_refuse(err, GH_E_NOT_IN_DIRECTORY,
		    "the requester has no entry in the directory");
	if ((t->name_flags & TMPL_NAME_SUPPLIED_SUBJECT) != 0 && t->requester != TMPL_REQUESTER_ANY)
		return gh_refuse(err, GH_E_REQUESTER_KIND,
		    "template %s is for %s, and the requester has no entry in the directory that "
		    "says what it is; the template must say \"requester\": \"any\"",
		    t->name, t->requester == TMPL_REQUESTER_MACHINE ? "computers" : "users");
	return 0;
}

/* A CSR that names a template must name this one (MS-WCCE 3.2.2.6.2.1.2). */
static int
check_named_template(const struct tmpl *t, const struct ca_pkcs10 *csr, struct gh_error *err)
{
	if (csr->ms_template != NULL && strcasecmp(csr->ms_template, t->name) != 0)
		return gh_refuse(err, GH_E_TEMPLATE_CONFLICT,
		    "the CSR names another template than %s", t->name);
	if (csr->ms_template_oid == NULL)
		return 0;
	if (t->oid == NULL || strcmp(csr->ms_template_oid, t->oid) != 0)
		return gh_refuse(err, GH_E_TEMPLATE_CONFLICT,
		    "the CSR has another template OID than %s's", t->name);
	/* MS-WCCE: each of the two numbers by itself; schema 1 has no versions */
	if (t->schema >= 2 &&
	    (csr->ms_template_major > (uint32_t)t->major ||
		csr->ms_template_minor > (uint32_t)t->minor))
		return gh_refuse(err, GH_E_TEMPLATE_VERSION,
		    "the CSR is for version %u.%u of template %s, here is %d.%d",
		    csr->ms_template_major, csr->ms_template_minor, t->name, t->major, t->minor);
	return 0;
}

static int
check_archival(const struct tmpl *t, const struct subject_source *from, struct gh_error *err)
{
	if (t->archival == TMPL_ARCHIVAL_REQUIRED && !from->archives_key)
		return gh_refuse(err, GH_E_ARCHIVED_KEY_REQUIRED,
		    "template %s demands that the private key is archived, and the request brings "
		    "none",
		    t->name);
	if (t->archival == TMPL_ARCHIVAL_NONE && from->archives_key)
		return gh_refuse(err, GH_E_ARCHIVED_KEY_UNEXPECTED,
		    "template %s does not archive private keys; ask again without the key",
		    t->name);
	return 0;
}

static int
refuse_days(const struct tmpl *t, struct gh_error *err)
{
	char days[24];

	snprintf(days, sizeof(days), "%lld", (long long)(t->validity / GH_DAY_SECONDS));
	if (t->validity < GH_DAY_SECONDS)
		return gh_refuse(err, GH_E_VALIDATION,
		    "validity_days: template %s allows %s days, only hours", t->name, days);
	return gh_refuse_as(err, GH_E_VALIDATION, "template_days", days,
	    "validity_days: template %s allows %s days at most", t->name, days);
}

static int
check_validity(const struct tmpl *t, int64_t asked, struct gh_error *err)
{
	if (asked < 0)
		return gh_refuse(err, GH_E_VALIDATION, "validity_days: must not be negative");
	if (asked > t->validity)
		return refuse_days(t, err);
	return 0;
}

static int
set_key(struct cert_spec *spec, const struct ca_pkcs10 *csr, struct gh_error *err)
{
	if ((spec->spki = malloc(csr->spki_len > 0 ? csr->spki_len : 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "public key");
	memcpy(spec->spki, csr->spki, csr->spki_len);
	spec->spki_len = csr->spki_len;
	return 0;
}

static int
fill_spec(const struct tmpl *t, const struct subject_source *from, struct cert_spec *spec,
    struct gh_error *err)
{
	struct tmpl_naming n = {t, from, NULL, NULL};
	int rc;

	n.subject = spec->subject;
	if ((n.san = GENERAL_NAMES_new()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "subject alternative names");
	if ((rc = tmpl_names(&n, err)) == 0 &&
	    (rc = tmpl_naming_review(&n, &spec->unruled_names, err)) == 0)
		rc = tmpl_extensions_add(&n, spec, err);
	GENERAL_NAMES_free(n.san);
	if (rc != 0)
		return rc;
	spec->no_revocation_info =
	    (t->enrollment_flags & (TMPL_ENROLL_NO_REVOCATION_INFO | TMPL_ENROLL_OCSP_NOCHECK)) !=
	    0;
	return set_key(spec, from->csr, err);
}

int
tmpl_apply(const struct tmpl *t, const struct subject_source *from, int64_t now, int64_t backdate,
    struct cert_spec **out, struct gh_error *err)
{
	struct cert_spec *spec;
	int rc;

	*out = NULL;
	rc = from->entry != NULL ? check_entry(t, from->entry, err) : check_no_entry(t, from, err);
	if (rc != 0 || (rc = check_named_template(t, from->csr, err)) != 0 ||
	    (rc = tmpl_key_check(t, from->csr, err)) != 0 ||
	    (rc = check_archival(t, from, err)) != 0 ||
	    (rc = check_validity(t, from->validity, err)) != 0)
		return rc;
	if ((spec = cert_spec_new()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "certificate specification");
	if ((rc = fill_spec(t, from, spec, err)) != 0) {
		ERR_clear_error(); /* or the thread's next TLS call would find what a bad SAN left
				      there */
		cert_spec_free(spec);
		return rc;
	}
	spec->not_before = now - backdate;
	/* the CA cuts the template's to its own */
	spec->not_after = now + (from->validity != 0 ? from->validity : t->validity);
	*out = spec;
	return 0;
}
