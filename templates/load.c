/*
 * From the JSON text of a template file to a struct tmpl. One table names every member
 * (docs/templates.md describes them); load_check.c looks at what concerns several members together.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>

#include "load.h"

/* --- loaders of single members --- */

/* "365d", "12h", "2w", "1y" (365 days) -> seconds; 0: malformed or out of range */
static int64_t
parse_duration(const char *s)
{
	static const struct {
		char unit;
		int64_t seconds;
	} unit[] = {
	    {'s', 1},
	    {'m', 60},
	    {'h', 3600},
	    {'d', GH_DAY_SECONDS},
	    {'w', 7 * GH_DAY_SECONDS},
	    {'y', 365 * GH_DAY_SECONDS},
	};
	int64_t n = 0;
	size_t i;

	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (*s - '0');
		if (n > TMPL_VALIDITY_MAX)
			return 0;
	}
	for (i = 0; i < sizeof(unit) / sizeof(unit[0]); i++) {
		if (s[0] == unit[i].unit && s[1] == '\0' &&
		    n <= TMPL_VALIDITY_MAX / unit[i].seconds)
			return n * unit[i].seconds;
	}
	return 0;
}

static int
set_seconds(int64_t seconds, const struct schema_at *at, int64_t *out, struct gh_error *err)
{
	if (*out != 0)
		return schema_fail(at, err, "is given in two ways");
	if (seconds <= 0 || seconds > TMPL_VALIDITY_MAX)
		return schema_fail(at, err,
		    "must be a number and one of s m h d w y (\"365d\"), up to 100y");
	*out = seconds;
	return 0;
}

static int
load_duration(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	(void)m;
	return set_seconds(parse_duration(gh_json_string(v)), at, out, err);
}

static int
load_days(const struct schema_member *m, const gh_json *v, const struct schema_at *at, void *out,
    struct gh_error *err)
{
	int64_t days;

	if (!gh_json_int(v, &days) || days < m->min || days > m->max)
		return schema_fail(at, err, "must be between %lld and %lld", (long long)m->min,
		    (long long)m->max);
	return set_seconds(days * GH_DAY_SECONDS, at, out, err);
}

/* true or false that stands for a flag; arg points to its bit. */
static int
load_bit(const struct schema_member *m, const gh_json *v, const struct schema_at *at, void *out,
    struct gh_error *err)
{
	uint32_t bit = *(const uint32_t *)m->arg;

	if (gh_json_bool(v, false))
		*(uint32_t *)out |= bit;
	else if ((*(uint32_t *)out & bit) != 0)
		return schema_fail(at, err, "contradicts enrollmentFlags");
	return 0;
}

static int
load_acknowledge(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	const char *name;
	size_t i;
	int rule, rc;

	(void)m;
	for (i = 0; i < gh_json_size(v); i++) {
		struct schema_at here = {at, NULL, i};

		if ((rc = schema_text_at(v, i, &here, &name, err)) != 0)
			return rc;
		if ((rule = tmpl_lint_rule(name)) < 0)
			return schema_fail(&here, err, "unknown rule \"%.32s\"", name);
		*(uint32_t *)out |= 1u << rule;
	}
	return 0;
}

static const char *
accept_oid(const char *text)
{
	return tmpl_oid_resolve(text);
}

const struct schema_check tmpl_load_oid_check = {accept_oid,
    "must be a known name or a dotted OID with arcs below 2^32"};

/* --- the file --- */

static const struct schema_choice requester_choice[] = {{"user", TMPL_REQUESTER_USER},
    {"machine", TMPL_REQUESTER_MACHINE}, {"any", TMPL_REQUESTER_ANY}, {NULL, 0}};

static const struct schema_choice purpose_choice[] = {{"server_auth", TMPL_PURPOSE_SERVER_AUTH},
    {"client_auth", TMPL_PURPOSE_CLIENT_AUTH}, {"email_protection", TMPL_PURPOSE_EMAIL_PROTECTION},
    {"code_signing", TMPL_PURPOSE_CODE_SIGNING}, {NULL, 0}};
static const struct schema_choice ca_locked_choice[] = {{"unavailable", TMPL_CA_LOCKED_UNAVAILABLE},
    {"pending", TMPL_CA_LOCKED_PENDING}, {NULL, 0}};
static const struct schema_choice archival_choice[] = {{"none", TMPL_ARCHIVAL_NONE},
    {"optional", TMPL_ARCHIVAL_OPTIONAL}, {"required", TMPL_ARCHIVAL_REQUIRED}, {NULL, 0}};
static const struct schema_choice sid_choice[] = {{"require", TMPL_SID_REQUIRE},
    {"if-present", TMPL_SID_IF_PRESENT}, {"never", TMPL_SID_NEVER}, {NULL, 0}};

static const uint32_t pend_all = TMPL_ENROLL_PEND_ALL,
		      basic_constraints = TMPL_ENROLL_BASIC_CONSTRAINTS;

static const char *
accept_name(const char *text)
{
	/* MS-WCCE: these names mean CA certificates, which no template of ours makes */
	if (strcasecmp(text, "SubCA") == 0 || strcasecmp(text, "CA") == 0 ||
	    strcasecmp(text, "CrossCA") == 0)
		return NULL;
	return strpbrk(text, "/\\\"") == NULL && text[0] != ' ' && text[strlen(text) - 1] != ' '
	    ? text
	    : NULL;
}

static const struct schema_check name_check = {accept_name,
    "must have no / \\ \" and not be SubCA, CA or CrossCA"};

static const char *
accept_netbios(const char *text)
{
	return strlen(text) <= 15 && strchr(text, '.') == NULL && tmpl_text_is_dns(text, false)
	    ? text
	    : NULL;
}

static const struct schema_check netbios_check = {accept_netbios, "must be a NetBIOS name"};

#define FIELD(f) offsetof(struct tmpl, f)

static const struct schema_member template_member[] = {{"name", GH_JSON_STRING, true, FIELD(name),
							   schema_string, 1, TMPL_NAME_MAX,
							   &name_check},
    {"displayName", GH_JSON_STRING, false, FIELD(display_name), schema_string, 1, 256, NULL},
    {"description", GH_JSON_STRING, false, FIELD(description), schema_string, 0, TMPL_TEXT_MAX,
	NULL},
    {"oid", GH_JSON_STRING, false, FIELD(oid), schema_string, 3, TMPL_OID_MAX,
	&tmpl_load_oid_check},
    {"majorVersion", GH_JSON_INT, false, FIELD(major), schema_int, 0, INT32_MAX, NULL},
    {"minorVersion", GH_JSON_INT, false, FIELD(minor), schema_int, 0, INT32_MAX, NULL},
    {"schemaVersion", GH_JSON_INT, false, FIELD(schema), schema_int, 1, 4, NULL},
    {"machine", GH_JSON_BOOL, false, FIELD(machine), schema_bool, 0, 0, NULL},
    {"requester", GH_JSON_STRING, false, FIELD(requester), schema_choice, 0, 0, requester_choice},
    {"purpose", GH_JSON_STRING, false, FIELD(purpose), schema_choice, 0, 0, purpose_choice},
    {"nameFlags", GH_JSON_ARRAY, true, FIELD(name_flags), tmpl_load_name_flags, 1, TMPL_LIST_MAX,
	NULL},
    {"enrollmentFlags", GH_JSON_ARRAY, false, FIELD(enrollment_flags), schema_flags, 0,
	TMPL_LIST_MAX, tmpl_enrollment_flag},
    {"privateKeyFlags", GH_JSON_ARRAY, false, FIELD(private_key_flags), schema_flags, 0,
	TMPL_LIST_MAX, tmpl_private_key_flag},
    {"approval", GH_JSON_BOOL, false, FIELD(enrollment_flags), load_bit, 0, 0, &pend_all},
    {"approvals", GH_JSON_INT, false, FIELD(approvals), schema_int, 1, TMPL_APPROVALS_MAX, NULL},
    {"basicConstraintsForEndEntity", GH_JSON_BOOL, false, FIELD(enrollment_flags), load_bit, 0, 0,
	&basic_constraints},
    {"raSignatures", GH_JSON_INT, false, FIELD(ra_signatures), schema_int, 0, INT32_MAX, NULL},
    {"keyTypes", GH_JSON_ARRAY, true, 0, tmpl_load_keys, 1, TMPL_KEY_RULES_MAX, NULL},
    {"validity", GH_JSON_STRING, false, FIELD(validity), load_duration, 0, 0, NULL},
    {"validityDays", GH_JSON_INT, false, FIELD(validity), load_days, 1, 36600, NULL},
    {"renewalOverlap", GH_JSON_STRING, false, FIELD(overlap), load_duration, 0, 0, NULL},
    {"renewalOverlapDays", GH_JSON_INT, false, FIELD(overlap), load_days, 1, 36600, NULL},
    {"keyUsage", GH_JSON_ARRAY, false, FIELD(key_usage), schema_flags, 0, TMPL_LIST_MAX,
	tmpl_key_usage_name},
    {"keyUsageCritical", GH_JSON_BOOL, false, FIELD(key_usage_critical), schema_bool, 0, 0, NULL},
    {"extendedKeyUsage", GH_JSON_ARRAY, false, FIELD(eku), schema_list, 0, TMPL_LIST_MAX,
	&tmpl_load_oid_check},
    {"applicationPolicies", GH_JSON_ARRAY, false, 0, tmpl_load_app_policies, 0, TMPL_LIST_MAX,
	&tmpl_load_oid_check},
    {"certificatePolicies", GH_JSON_ARRAY, false, 0, tmpl_load_policies, 0, TMPL_LIST_MAX, NULL},
    {"criticalExtensions", GH_JSON_ARRAY, false, FIELD(critical), schema_list, 0, TMPL_LIST_MAX,
	&tmpl_load_critical_check},
    {"extensions", GH_JSON_ARRAY, false, 0, tmpl_load_extensions, 0, TMPL_EXTENSIONS_MAX, NULL},
    {"subject", GH_JSON_OBJECT, false, FIELD(subject), tmpl_load_subject, 0, 0, NULL},
    {"san", GH_JSON_OBJECT, false, FIELD(san), tmpl_load_san, 0, 0, NULL},
    {"naming", GH_JSON_OBJECT, false, FIELD(naming), tmpl_load_naming, 0, 0, NULL},
    {"sid", GH_JSON_STRING, false, FIELD(sid), schema_choice, 0, 0, sid_choice},
    {"caLocked", GH_JSON_STRING, false, FIELD(ca_locked), schema_choice, 0, 0, ca_locked_choice},
    {"archival", GH_JSON_STRING, false, FIELD(archival), schema_choice, 0, 0, archival_choice},
    {"recovery_policy", GH_JSON_STRING, false, FIELD(recovery_policy), schema_string, 1,
	TMPL_RECOVERY_POLICY_MAX, NULL},
    {"netbiosDomain", GH_JSON_STRING, false, FIELD(netbios_domain), schema_string, 1, 15,
	&netbios_check},
    {"enrollGroups", GH_JSON_ARRAY, true, FIELD(enroll_groups), schema_list, 0, TMPL_LIST_MAX,
	NULL},
    {"metadataRequired", GH_JSON_ARRAY, false, FIELD(metadata), schema_list, 0, TMPL_LIST_MAX,
	NULL},
    {"notify", GH_JSON_OBJECT, false, FIELD(notify), tmpl_load_notify, 0, 0, NULL},
    {"acknowledge", GH_JSON_ARRAY, false, FIELD(acknowledged), load_acknowledge, 0, TMPL_LIST_MAX,
	NULL},
    {"acknowledgeReason", GH_JSON_STRING, false, FIELD(acknowledge_reason), schema_string, 8,
	TMPL_TEXT_MAX, NULL},
    {NULL, 0, false, 0, NULL, 0, 0, NULL}};

const char *
tmpl_load_member(size_t i)
{
	return i < sizeof(template_member) / sizeof(template_member[0]) ? template_member[i].name
									: NULL;
}

/* --- what follows from the members --- */

static int
copy_list(const struct tmpl_list *from, struct tmpl_list *to, struct gh_error *err)
{
	size_t i;

	free(to->v);
	to->n = 0;
	if ((to->v = calloc(from->n + 1, sizeof(*to->v))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "template list");
	for (i = 0; i < from->n; i++) {
		if ((to->v[i] = strdup(from->v[i])) == NULL)
			return gh_fail(err, GH_E_NOMEM, "template list");
		to->n++;
	}
	return 0;
}

static int
make_metadata(struct tmpl *t, struct gh_error *err)
{
	size_t i;

	if ((t->metadata_json = gh_json_new_array()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "template metadata");
	for (i = 0; i < t->metadata.n; i++) {
		if (gh_json_append(t->metadata_json, gh_json_new_string(t->metadata.v[i])) != 0)
			return gh_fail(err, GH_E_NOMEM, "template metadata");
	}
	return 0;
}

static int
complete(struct tmpl *t, struct gh_error *err)
{
	int rc;

	if (t->requester == TMPL_BY_TYPE)
		t->requester = t->machine ? TMPL_REQUESTER_MACHINE : TMPL_REQUESTER_USER;
	/* Active Directory gives every account a SID, other directories need not */
	if (t->sid == TMPL_SID_DEFAULT)
		t->sid = (t->enrollment_flags & TMPL_ENROLL_NO_SECURITY_EXTENSION) != 0
		    ? TMPL_SID_NEVER
		    : TMPL_SID_IF_PRESENT;
	/* As Microsoft's console keeps the two: the same purposes in both extensions */
	if (t->schema >= 2 && !t->has_app_policies &&
	    (rc = copy_list(&t->eku, &t->app_policies, err)) != 0)
		return rc;
	t->has_auth_eku = tmpl_is_auth_eku(&t->eku) ||
	    (t->app_policies.n > 0 && tmpl_is_auth_eku(&t->app_policies));
	return make_metadata(t, err);
}

static int
load(const gh_json *json, struct tmpl *t, struct gh_error *err)
{
	int rc;

	t->schema = 1;
	t->key_usage_critical = true;
	if ((rc = schema_load(template_member, json, NULL, t, err)) != 0)
		return rc;
	if ((rc = tmpl_load_check(t, err)) != 0)
		return rc;
	if ((rc = complete(t, err)) != 0)
		return rc;
	if ((rc = tmpl_extensions_prepare(t, err)) != 0)
		return rc;
	return tmpl_lint(t, err);
}

int
tmpl_load(const char *text, size_t len, struct tmpl **out, struct gh_error *err)
{
	struct gh_error why;
	struct tmpl *t;
	gh_json *json;
	int rc;

	*out = NULL;
	if (len > TMPL_FILE_MAX)
		return gh_refuse(err, GH_E_TEMPLATE_INVALID, "longer than %d bytes", TMPL_FILE_MAX);
	gh_error_clear(&why);
	if ((rc = gh_json_parse(text, len, GH_JSON_STRICT, &json, &why)) == GH_E_NOMEM)
		return gh_fail(err, GH_E_NOMEM, "template file");
	if (rc != 0)
		return gh_refuse(err, GH_E_TEMPLATE_INVALID, "%s", why.message);
	if ((t = calloc(1, sizeof(*t))) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "template");
	else
		rc = load(json, t, err);
	gh_json_free(json);
	if (rc != 0) {
		ERR_clear_error();
		tmpl_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

static void
free_list(struct tmpl_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static void
free_built(struct tmpl *t)
{
	size_t i;

	sk_X509_EXTENSION_pop_free(t->fixed, X509_EXTENSION_free);
	for (i = 0; i < CA_KEY_OTHER; i++)
		X509_EXTENSION_free(t->key_usage_ext[i]);
	ASN1_OBJECT_free(t->sid_ext_oid);
	ASN1_OBJECT_free(t->sid_oid);
	ASN1_OBJECT_free(t->guid_oid);
	ASN1_OBJECT_free(t->upn_oid);
	gh_json_free(t->metadata_json);
}

static void
free_members(struct tmpl *t)
{
	struct tmpl_list *const list[] = {
	    &t->eku,
	    &t->app_policies,
	    &t->critical,
	    &t->san.other_names,
	    &t->san.dns,
	    &t->san.email,
	    &t->san.ip,
	    &t->enroll_groups,
	    &t->metadata,
	    &t->notify.groups,
	    &t->notify.events,
	};
	char *const text[] = {t->name, t->display_name, t->description, t->oid, t->netbios_domain,
	    t->recovery_policy, t->acknowledge_reason};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		free_list(list[i]);
	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		free(text[i]);
	tmpl_free_naming(&t->naming);
	for (i = 0; i < t->policies; i++) {
		free(t->policy[i].oid);
		free(t->policy[i].cps);
	}
	for (i = 0; i < t->extensions; i++) {
		free(t->extension[i].oid);
		free(t->extension[i].der);
	}
}

void
tmpl_free(struct tmpl *t)
{
	if (t == NULL)
		return;
	free_built(t);
	free_members(t);
	free(t);
}
