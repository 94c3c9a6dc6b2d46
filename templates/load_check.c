/* Rules over several members of a template file, once all of them are read. */
#include "load.h"

/* A rule over the whole template; bad: it is broken. */
struct rule {
	const char *path;
	const char *text;
	bool (*is_broken)(const struct tmpl *t);
};

#define TMPL_NON_REPUDIATION (1u << 1) /* RFC 5280, 4.2.1.3 */
#define NAMES_FROM_DIRECTORY \
	(TMPL_NAME_ALT_DOMAIN_DNS | TMPL_NAME_ALT_SPN | TMPL_NAME_ALT_GUID | TMPL_NAME_ALT_UPN | \
	    TMPL_NAME_ALT_EMAIL | TMPL_NAME_ALT_DNS | TMPL_NAME_DNS_AS_CN | TMPL_NAME_EMAIL | \
	    TMPL_NAME_COMMON_NAME | TMPL_NAME_DIRECTORY_PATH)

static bool
is_supplied(const struct tmpl *t)
{
	return (t->name_flags & TMPL_NAME_SUPPLIED_SUBJECT) != 0;
}

static bool
no_oid(const struct tmpl *t)
{
	return t->schema >= 2 && t->oid == NULL;
}

static bool
app_policies_too_early(const struct tmpl *t)
{
	return t->schema == 1 && t->app_policies.n > 0;
}

static bool
no_validity(const struct tmpl *t)
{
	return t->validity == 0;
}

/* Without it, some take the certificate for that of a CRL issuer: RFC 5280, 6.3.3 (f). */
static bool
no_key_usage(const struct tmpl *t)
{
	return t->key_usage == 0;
}

static bool
overlap_too_long(const struct tmpl *t)
{
	return t->overlap >= t->validity;
}

static bool
names_twice(const struct tmpl *t)
{
	return is_supplied(t) && (t->name_flags & NAMES_FROM_DIRECTORY) != 0;
}

static bool
names_never(const struct tmpl *t)
{
	return (t->name_flags & (TMPL_NAME_SUPPLIED_SUBJECT | NAMES_FROM_DIRECTORY)) == 0;
}

static bool
subject_idle(const struct tmpl *t)
{
	const struct tmpl_subject_rules *r = &t->subject;

	return !is_supplied(t) && (r->allow != 0 || r->require != 0 || r->common_name != 0);
}

static bool
san_idle(const struct tmpl *t)
{
	const struct tmpl_san_rules *r = &t->san;

	return !is_supplied(t) &&
	    (r->types != 0 || r->other_names.n > 0 || r->dns.n > 0 || r->email.n > 0 ||
		r->ip.n > 0 || r->wildcards);
}

static bool
naming_idle(const struct tmpl *t)
{
	return !is_supplied(t) && t->naming.is_set;
}

static bool
naming_misses_other_names(const struct tmpl *t)
{
	return t->naming.is_set && t->san.other_names.n > 0;
}

static bool
requester_idle(const struct tmpl *t)
{
	return !is_supplied(t) && t->requester != TMPL_BY_TYPE;
}

/* Who chose by purpose would get a certificate that does not serve it. */
static bool
misses_purpose(const struct tmpl *t)
{
	return t->purpose != TMPL_PURPOSE_NONE &&
	    !tmpl_list_has(&t->eku, tmpl_purpose_eku(t->purpose));
}

static bool
has_ra_signatures(const struct tmpl *t)
{
	return t->ra_signatures > 0;
}

static bool
sid_contradicts(const struct tmpl *t)
{
	return (t->enrollment_flags & TMPL_ENROLL_NO_SECURITY_EXTENSION) != 0 &&
	    (t->sid == TMPL_SID_REQUIRE || t->sid == TMPL_SID_IF_PRESENT);
}

static bool
nocheck_without_ocsp(const struct tmpl *t)
{
	return (t->enrollment_flags & TMPL_ENROLL_OCSP_NOCHECK) != 0 &&
	    !tmpl_list_has(&t->eku, "1.3.6.1.5.5.7.3.9");
}

static bool
netbios_idle(const struct tmpl *t)
{
	return t->netbios_domain != NULL && (t->name_flags & TMPL_NAME_ALT_DOMAIN_DNS) == 0;
}

static bool
policy_idle(const struct tmpl *t)
{
	return t->recovery_policy != NULL && t->archival == TMPL_ARCHIVAL_NONE;
}

/* Who asks for two would get a certificate without any. */
static bool
approvals_idle(const struct tmpl *t)
{
	return t->approvals > 1 && !tmpl_needs_approval(t);
}

/* What was signed with a key that others can have does not bind its owner. */
static bool
archives_non_repudiation(const struct tmpl *t)
{
	return t->archival != TMPL_ARCHIVAL_NONE && (t->key_usage & TMPL_NON_REPUDIATION) != 0;
}

static bool
no_reason(const struct tmpl *t)
{
	return t->acknowledged != 0 && t->acknowledge_reason == NULL;
}

static const struct rule whole[] = {
    {"oid", "is needed from schemaVersion 2 on", no_oid},
    {"applicationPolicies", "schemaVersion 1 has none", app_policies_too_early},
    {"validity", "is missing (or validityDays)", no_validity},
    {"keyUsage", "is missing: a certificate without keyUsage is not signed", no_key_usage},
    {"renewalOverlap", "must be shorter than validity", overlap_too_long}, /* 0x80094814 */
    {"nameFlags", "ENROLLEE_SUPPLIES_SUBJECT excludes names from the directory", names_twice},
    {"nameFlags", "would give neither subject nor SAN", names_never},
    {"subject", "has no effect without ENROLLEE_SUPPLIES_SUBJECT", subject_idle},
    {"san", "has no effect without ENROLLEE_SUPPLIES_SUBJECT", san_idle},
    {"naming", "has no effect without ENROLLEE_SUPPLIES_SUBJECT", naming_idle},
    {"naming", "has no rules for otherNames: take san.otherNames out", naming_misses_other_names},
    {"requester", "is only for ENROLLEE_SUPPLIES_SUBJECT; else machine decides", requester_idle},
    {"purpose", "is not among extendedKeyUsage", misses_purpose},
    {"raSignatures", "signatures of registration authorities are not supported", has_ra_signatures},
    {"sid", "contradicts NO_SECURITY_EXTENSION", sid_contradicts},
    {"enrollmentFlags", "ADD_OCSP_NOCHECK is only for ocspSigning", nocheck_without_ocsp},
    {"netbiosDomain", "has no effect without SUBJECT_ALT_REQUIRE_DOMAIN_DNS", netbios_idle},
    {"approvals", "more than one needs approval", approvals_idle},
    {"recovery_policy", "has no effect without archival", policy_idle},
    {"archival", "excludes keyUsage nonRepudiation: others could sign with the key",
	archives_non_repudiation},
    {"acknowledgeReason", "must say why the rules in acknowledge do not matter", no_reason},
};

int
tmpl_load_check(const struct tmpl *t, struct gh_error *err)
{
	size_t i;

	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		struct schema_at at = {NULL, whole[i].path, 0};

		if (whole[i].is_broken(t))
			return schema_fail(&at, err, "%s", whole[i].text);
	}
	return 0;
}
