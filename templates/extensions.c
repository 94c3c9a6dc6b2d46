/*
 * The extensions of one certificate: those built at load, the SAN, the requester's SID, and the
 * policies where the request chooses among them. Nothing else of the request's extensions is looked
 * at.
 */
#include <string.h>

#include "model.h"

static int
push(struct cert_spec *spec, X509_EXTENSION *x, struct gh_error *err)
{
	if (x == NULL || sk_X509_EXTENSION_push(spec->extensions, x) == 0) {
		X509_EXTENSION_free(x);
		return gh_fail(err, GH_E_NOMEM, "extension");
	}
	return 0;
}

/* Cheaper than X509_EXTENSION_dup, which encodes and parses. */
static X509_EXTENSION *
copy(X509_EXTENSION *x)
{
	return X509_EXTENSION_create_by_OBJ(NULL, X509_EXTENSION_get_object(x),
	    X509_EXTENSION_get_critical(x), X509_EXTENSION_get_data(x));
}

static int
add_fixed(const struct tmpl *t, const struct ca_pkcs10 *csr, struct cert_spec *spec,
    struct gh_error *err)
{
	X509_EXTENSION *ku = NULL;
	int i, rc;

	if (csr->key_type < CA_KEY_OTHER)
		ku = t->key_usage_ext[csr->key_type];
	if (ku != NULL && (rc = push(spec, copy(ku), err)) != 0)
		return rc;
	for (i = 0; i < sk_X509_EXTENSION_num(t->fixed); i++) {
		if ((rc = push(spec, copy(sk_X509_EXTENSION_value(t->fixed, i)), err)) != 0)
			return rc;
	}
	return 0;
}

static int
add_san(const struct tmpl_naming *n, struct cert_spec *spec, struct gh_error *err)
{
	bool critical;

	if (sk_GENERAL_NAME_num(n->san) == 0)
		return 0;
	/* RFC 5280, 4.2.1.6: critical where the subject is empty */
	critical = n->t->san_critical || X509_NAME_entry_count(n->subject) == 0;
	return push(spec, X509V3_EXT_i2d(NID_subject_alt_name, critical, n->san), err);
}

/* --- the requester's SID (KB5014754) --- */

static bool
request_has(const struct ca_pkcs10 *csr, const ASN1_OBJECT *oid)
{
	return csr->extensions != NULL && X509v3_get_ext_by_OBJ(csr->extensions, oid, -1) >= 0;
}

/*
 * Where the requester supplies the names, the certificate speaks for the host or service it names;
 * it gets the SID of the requester only if it can log on, or if the request asks for the extension
 * (MS-WCCE), and then always the authenticated requester's, whatever the request's extension says.
 */
static bool
wants_sid(const struct tmpl *t, const struct ca_pkcs10 *csr)
{
	if (t->sid == TMPL_SID_NEVER)
		return false;
	if (t->sid == TMPL_SID_REQUIRE || (t->name_flags & TMPL_NAME_SUPPLIED_SUBJECT) == 0)
		return true;
	return t->has_auth_eku || request_has(csr, t->sid_ext_oid);
}

static X509_EXTENSION *
sid_extension(const struct tmpl *t, const char *sid)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *gn = tmpl_san_other(t->sid_oid, V_ASN1_OCTET_STRING, sid, strlen(sid));
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *x = NULL;
	unsigned char *der = NULL;
	int len;

	if (names != NULL && gn != NULL && value != NULL && sk_GENERAL_NAME_push(names, gn) > 0) {
		gn = NULL;
		if ((len = i2d_GENERAL_NAMES(names, &der)) > 0) {
			ASN1_STRING_set0(value, der, len);
			x = X509_EXTENSION_create_by_OBJ(NULL, t->sid_ext_oid, t->sid_critical,
			    value);
		}
	}
	GENERAL_NAME_free(gn);
	GENERAL_NAMES_free(names);
	ASN1_OCTET_STRING_free(value);
	return x;
}

/* No SID was read. That is right only where the account need not have one. */
static int
without_sid(const struct tmpl *t, const struct dir_entry *e, struct gh_error *err)
{
	/* A certificate without it would be mapped by name (KB5014754): never silently, for an
	 * account that has one by nature, nor for a value that is no SID. */
	if (e->is_principal || e->attr[DIR_OBJECT_SID].n != 0)
		return gh_refuse(err, GH_E_SID_REQUIRED,
		    "the requester's objectSid cannot be read in the directory; an administrator must let "
		    "the gateway's account (directory.bind_dn) read it");
	if (t->sid == TMPL_SID_REQUIRE)
		return gh_refuse(err, GH_E_SID_REQUIRED,
		    "the requester has no objectSid in the directory");
	return 0;
}

static int
add_sid(const struct tmpl_naming *n, struct cert_spec *spec, struct gh_error *err)
{
	const struct dir_entry *e = n->from->entry;
	const char *sid = e != NULL ? e->sid : NULL;

	if (!wants_sid(n->t, n->from->csr))
		return 0;
	/* there is no account to name, and without its SID what can log on is mapped by name */
	if (e == NULL)
		return gh_refuse(err, GH_E_SID_REQUIRED,
		    "the certificate would bear the SID of the requester, who has no entry in the "
		    "directory; template %s must say \"sid\": \"never\" to do without",
		    n->t->name);
	if (sid == NULL || sid[0] == '\0')
		return without_sid(n->t, e, err);
	if (!tmpl_text_is_sid(sid))
		return gh_refuse(err, GH_E_SID_REQUIRED, "the requester's objectSid is malformed");
	return push(spec, sid_extension(n->t, sid), err);
}

/* --- ISSUANCE_POLICIES_FROM_REQUEST --- */

static bool
is_requested(const CERTIFICATEPOLICIES *asked, const ASN1_OBJECT *oid)
{
	int i;

	for (i = 0; i < sk_POLICYINFO_num(asked); i++) {
		if (OBJ_cmp(sk_POLICYINFO_value(asked, i)->policyid, oid) == 0)
			return true;
	}
	return false;
}

/* The template's policies; asked: NULL, or only those that are in it. */
static int
collect_policies(const struct tmpl *t, const CERTIFICATEPOLICIES *asked, CERTIFICATEPOLICIES *out,
    struct gh_error *err)
{
	size_t i;

	for (i = 0; i < t->policies; i++) {
		ASN1_OBJECT *oid = OBJ_txt2obj(t->policy[i].oid, 1);
		bool skip = asked != NULL && oid != NULL && !is_requested(asked, oid);
		bool ok = oid != NULL &&
		    (skip || tmpl_policy_push(out, t->policy[i].oid, t->policy[i].cps));

		ASN1_OBJECT_free(oid);
		if (!ok)
			return gh_fail(err, GH_E_NOMEM, "certificate policy");
	}
	return 0;
}

static int
choose_policies(const struct tmpl *t, const CERTIFICATEPOLICIES *asked, struct cert_spec *spec,
    struct gh_error *err)
{
	CERTIFICATEPOLICIES *out = CERTIFICATEPOLICIES_new();
	int rc;

	if (out == NULL)
		return gh_fail(err, GH_E_NOMEM, "certificate policies");
	rc = collect_policies(t, asked, out, err);
	if (rc == 0 && sk_POLICYINFO_num(out) > 0)
		rc = push(spec, X509V3_EXT_i2d(NID_certificate_policies, t->policies_critical, out),
		    err);
	else if (rc == 0 && asked != NULL)
		rc = gh_refuse(err, GH_E_TEMPLATE_CONFLICT,
		    "the template has none of the certificate policies in the request");
	CERTIFICATEPOLICIES_free(out);
	return rc;
}

static int
add_policies(const struct tmpl *t, const struct ca_pkcs10 *csr, struct cert_spec *spec,
    struct gh_error *err)
{
	CERTIFICATEPOLICIES *asked;
	int critical = -1, rc;

	if ((t->enrollment_flags & TMPL_ENROLL_POLICIES_FROM_REQUEST) == 0)
		return 0;
	asked = X509V3_get_d2i(csr->extensions, NID_certificate_policies, &critical, NULL);
	if (asked == NULL && critical != -1)
		return gh_refuse(err, GH_E_TEMPLATE_CONFLICT,
		    "the certificate policies in the request cannot be read");
	rc = choose_policies(t, asked, spec, err);
	CERTIFICATEPOLICIES_free(asked);
	return rc;
}

int
tmpl_extensions_add(const struct tmpl_naming *n, struct cert_spec *spec, struct gh_error *err)
{
	const struct ca_pkcs10 *csr = n->from->csr;
	int rc;

	if ((rc = add_fixed(n->t, csr, spec, err)) != 0)
		return rc;
	if ((rc = add_policies(n->t, csr, spec, err)) != 0)
		return rc;
	if ((rc = add_san(n, spec, err)) != 0)
		return rc;
	return add_sid(n, spec, err);
}
