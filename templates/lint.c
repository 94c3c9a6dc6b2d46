/*
 * Templates that hand out identities: the escalation patterns known as ESC (see docs/templates.md).
 * A template that matches a rule is refused unless its file acknowledges the rule by name, with a
 * reason.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model.h"

#define OID_ENROLLMENT_AGENT "1.3.6.1.4.1.311.20.2.1"

/* --- what the rules look at --- */

bool
tmpl_is_auth_eku(const struct tmpl_list *eku)
{
	static const char *const auth[] = {
	    "1.3.6.1.5.5.7.3.2",      /* clientAuth */
	    "1.3.6.1.4.1.311.20.2.2", /* smartcardLogon */
	    "1.3.6.1.5.2.3.4",        /* pkinitClient */
	};
	size_t i;

	for (i = 0; i < sizeof(auth) / sizeof(auth[0]); i++) {
		if (tmpl_list_has(eku, auth[i]))
			return true;
	}
	return eku->n == 0 || tmpl_is_any_purpose(eku); /* no EKU at all: good for everything */
}

static bool
is_auth(const struct tmpl *t)
{
	return tmpl_is_auth_eku(&t->eku) ||
	    (t->app_policies.n > 0 && tmpl_is_auth_eku(&t->app_policies));
}

static bool
has_purpose(const struct tmpl *t, const char *oid)
{
	return tmpl_list_has(&t->eku, oid) || tmpl_list_has(&t->app_policies, oid);
}

/* Groups that everybody, or about everybody, is in. */
static bool
is_low_name(const char *name)
{
	static const char *const low[] = {
	    "*",
	    "Everyone",
	    "Authenticated Users",
	    "Domain Users",
	    "Domain Computers",
	    "Users",
	    "Guests",
	    "Domain Guests",
	    "Anonymous Logon",
	    "Interactive",
	    "Network",
	    "Pre-Windows 2000 Compatible Access",
	};
	size_t i;

	for (i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
		if (strcasecmp(low[i], name) == 0)
			return true;
	}
	return false;
}

/* MS-DTYP 2.4.2.4: well-known SIDs and RIDs */
static bool
is_low_sid(const char *sid)
{
	static const char *const low[] = {
	    "S-1-1-0",
	    "S-1-5-2",
	    "S-1-5-4",
	    "S-1-5-7",
	    "S-1-5-11",
	    "S-1-5-32-545",
	    "S-1-5-32-546",
	    "S-1-5-32-554",
	};
	static const char *const rid[] = {"-513", "-514", "-515"};
	size_t i;

	for (i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
		if (strcasecmp(low[i], sid) == 0)
			return true;
	}
	for (i = 0; i < sizeof(rid) / sizeof(rid[0]); i++) {
		if (strncasecmp(sid, "S-1-5-21-", 9) == 0 && strlen(sid) > 13 &&
		    strcmp(sid + strlen(sid) - 4, rid[i]) == 0)
			return true;
	}
	return false;
}

bool
tmpl_is_low_group(const char *group)
{
	const char *backslash = strchr(group, '\\'), *cn;
	struct tmpl_dn *dn;
	bool is_low;

	if (is_low_name(group) || is_low_sid(group))
		return true;
	if (backslash != NULL && strchr(group, '=') == NULL)
		return is_low_name(backslash + 1);
	if (strchr(group, '=') == NULL || tmpl_dn_parse(group, &dn, NULL) != 0)
		return false;
	cn = tmpl_dn_common_name(dn);
	/* also CN=S-1-5-11,CN=ForeignSecurityPrincipals,... */
	is_low = cn != NULL && (is_low_name(cn) || is_low_sid(cn));
	tmpl_dn_free(dn);
	return is_low;
}

/* Anybody gets one, and nobody looks at it before. */
static bool
is_open(const struct tmpl *t)
{
	size_t i;

	if (tmpl_needs_approval(t))
		return false;
	for (i = 0; i < t->enroll_groups.n; i++) {
		if (tmpl_is_low_group(t->enroll_groups.v[i]))
			return true;
	}
	return false;
}

static bool
is_supplied(const struct tmpl *t)
{
	return (t->name_flags & TMPL_NAME_SUPPLIED_SUBJECT) != 0;
}

/* --- the rules --- */

/* What logs on by which name, a host's or a person's, only its server knows: with naming, all
 * forms must be bound. Without, none is. */
static bool
esc1(const struct tmpl *t)
{
	return is_supplied(t) && !t->naming.is_set && (tmpl_purposes(t) & TMPL_FOR_LOGON) != 0 &&
	    is_open(t);
}

static bool
esc2(const struct tmpl *t)
{
	return (t->eku.n == 0 || tmpl_is_any_purpose(&t->eku) ||
		   tmpl_is_any_purpose(&t->app_policies)) &&
	    is_open(t);
}

static bool
esc3(const struct tmpl *t)
{
	return has_purpose(t, OID_ENROLLMENT_AGENT) && is_open(t);
}

static bool
esc6(const struct tmpl *t)
{
	return (t->name_flags & TMPL_NAME_SUPPLIED_SAN) != 0 && is_auth(t);
}

static bool
esc9(const struct tmpl *t)
{
	return (t->enrollment_flags & TMPL_ENROLL_NO_SECURITY_EXTENSION) != 0 && is_auth(t);
}

static bool
esc15(const struct tmpl *t)
{
	return t->schema == 1 && is_supplied(t);
}

/* Devices of the table are in no directory and have no SID; administrators wrote their names. */
static bool
esc16(const struct tmpl *t)
{
	return t->sid == TMPL_SID_NEVER && !tmpl_names_are_listed(t) &&
	    (t->enrollment_flags & TMPL_ENROLL_NO_SECURITY_EXTENSION) == 0 && is_auth(t);
}

/* Rules of our own: what nobody has given an ESC number. */

static bool
role(const struct tmpl *t)
{
	const struct tmpl_list *const lists[] = {&t->eku, &t->app_policies};
	size_t i;

	/* any purpose and no EKU are ESC2 */
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (tmpl_has_role(lists[i]))
			return is_open(t);
	}
	return false;
}

static const struct {
	const char *name;
	bool (*matches)(const struct tmpl *t); /* NULL: names_for alone decides */
	const char *reason;
	uint32_t names_for; /* TMPL_FOR_* bits: no name that their relying parties go by is free */
} rule[] = {
    {"ESC1", esc1, "anybody may enroll for any name, without approval, and log on with it",
	TMPL_FOR_LOGON},
    {"ESC2", esc2,
	"anybody may enroll a certificate that is good for any purpose, without approval", 0},
    {"ESC3", esc3, "anybody may become an enrollment agent, without approval", 0},
    {"ESC6", esc6, "asks for SANs from the request in certificates that log on", 0},
    {"ESC9", esc9,
	"NO_SECURITY_EXTENSION: certificates that log on would not carry the requester's SID", 0},
    {"ESC15", esc15,
	"schema 1 with names from the request: application policies could be smuggled in", 0},
    {"ESC16", esc16, "sid \"never\": certificates that log on would not carry the requester's SID",
	0},
    {"ESC17", NULL, "anybody may enroll for any host, without approval", TMPL_FOR_SERVER},
    {"NAMES", NULL, "anybody may enroll in the name of others, without approval",
	TMPL_FOR_MAIL | TMPL_FOR_SIGNING | TMPL_FOR_OTHER},
    {"ROLE", role,
	"anybody may sign OCSP answers or time stamps, or act as a KDC or a recovery agent, without "
	"approval",
	0},
};

#define RULES (sizeof(rule) / sizeof(rule[0]))
_Static_assert(RULES <= 32, "acknowledged rules are bits of a uint32_t");

int
tmpl_lint_rule(const char *name)
{
	size_t i;

	for (i = 0; i < RULES; i++) {
		if (strcmp(rule[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

/* A rule over names says which form is free, and how to bind it. */
static int
refuse(const struct tmpl *t, size_t i, const char *form, const char *remedy, struct gh_error *err)
{
	if (form == NULL)
		return gh_refuse(err, GH_E_TEMPLATE_UNSAFE, "template %s is unsafe, %s: %s",
		    t->name, rule[i].name, rule[i].reason);
	return gh_refuse(err, GH_E_TEMPLATE_UNSAFE, "template %s is unsafe, %s: %s: %s %s free; %s",
	    t->name, rule[i].name, rule[i].reason, form,
	    form[strlen(form) - 1] == 's' ? "are" : "is", remedy);
}

/* form and remedy: of a rule over names, else NULL; static. */
static bool
is_broken(const struct tmpl *t, size_t i, const char **form, const char **remedy)
{
	*form = *remedy = NULL;
	return (rule[i].matches != NULL && rule[i].matches(t)) ||
	    (is_supplied(t) && is_open(t) &&
		tmpl_free_name(t, tmpl_purposes(t) & rule[i].names_for, form, remedy));
}

static bool
is_acknowledged(const struct tmpl *t, size_t i)
{
	return (t->acknowledged & 1u << i) != 0;
}

int
tmpl_lint(const struct tmpl *t, struct gh_error *err)
{
	const char *form, *remedy;

	for (size_t i = 0; i < RULES; i++)
		if (is_broken(t, i, &form, &remedy) && !is_acknowledged(t, i))
			return refuse(t, i, form, remedy, err);
	return 0;
}

static gh_json *
finding(const struct tmpl *t, size_t i, const char *form, const char *remedy)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set_string(o, "rule", rule[i].name) == 0 &&
	    gh_json_set_string(o, "reason", rule[i].reason) == 0 &&
	    gh_json_set_string(o, "form", form) == 0 &&
	    gh_json_set_string(o, "remedy", remedy) == 0 &&
	    gh_json_set_bool(o, "acknowledged", is_acknowledged(t, i)) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

gh_json *
tmpl_findings(const struct tmpl *t)
{
	gh_json *list = gh_json_new_array();
	const char *form, *remedy;

	for (size_t i = 0; list != NULL && i < RULES; i++) {
		if (is_broken(t, i, &form, &remedy) &&
		    gh_json_append(list, finding(t, i, form, remedy)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
	}
	return list;
}

const char *
tmpl_acknowledge_reason(const struct tmpl *t)
{
	return t->acknowledge_reason;
}
