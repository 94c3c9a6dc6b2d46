/*
 * Which names can a request give itself? One row for each form in which a certificate may name a
 * host or a person, with the purposes whose relying parties go by it: RFC 9525 (TLS), RFC 8550
 * (mail), X.520. directoryName, registeredID, x400Address and ediPartyName are in no row: no
 * request may bring them (supplied.c). Nor may it bring a SID. Attribute types that are not in the
 * table of rdn.c, as unstructuredName, are refused, too.
 */
#include <string.h>

#include "model.h"

#define HOST (TMPL_FOR_LOGON | TMPL_FOR_SERVER | TMPL_FOR_OTHER)
#define PERSON (TMPL_FOR_LOGON | TMPL_FOR_MAIL | TMPL_FOR_SIGNING | TMPL_FOR_OTHER)

/* --- is the rule of a form tight? --- */

/* What about everybody may name of this kind names strangers. A pattern for a host may be tight;
 * one for persons lets each name all others. */
static bool
is_rule_loose(const struct tmpl_name_rule *r, enum name_kind kind)
{
	const struct tmpl_list *l = &r->pattern[kind];

	if (l->n == 0 || !tmpl_is_low_group(r->group))
		return false;
	if (kind != NAME_DNS && kind != NAME_IP)
		return true;
	for (size_t i = 0; i < l->n; i++)
		if (name_form_is_loose(kind, l->v[i]))
			return true;
	return false;
}

/* Does `naming` let each requester have his own names of this kind only? The list of owners gives
 * names to the few, and what waits for an officer is not free. */
static bool
is_ruled(const struct tmpl *t, enum name_kind kind)
{
	for (size_t i = 0; i < t->naming.rules; i++)
		if (is_rule_loose(&t->naming.rule[i], kind))
			return false;
	return t->naming.is_set;
}

static bool
is_dns_loose(const struct tmpl *t)
{
	if (is_ruled(t, NAME_DNS))
		return false;
	for (size_t i = 0; i < t->san.dns.n; i++)
		if (name_form_is_loose(NAME_DNS, t->san.dns.v[i]))
			return true;
	return t->san.dns.n == 0;
}

static bool
is_dns_free(const struct tmpl *t, const char *type)
{
	(void)type;
	return (t->san.types & TMPL_SAN_DNS) != 0 && is_dns_loose(t);
}

static bool
is_ip_free(const struct tmpl *t, const char *type)
{
	size_t i;

	(void)type;
	if ((t->san.types & TMPL_SAN_IP) == 0 || is_ruled(t, NAME_IP))
		return false;
	for (i = 0; i < t->san.ip.n; i++) {
		if (tmpl_network_is_wide(t->san.ip.v[i]))
			return true;
	}
	return t->san.ip.n == 0;
}

static bool
is_uri_free(const struct tmpl *t, const char *type)
{
	(void)type;
	return (t->san.types & TMPL_SAN_URI) != 0 && !is_ruled(t, NAME_URI);
}

static bool
is_other_name_free(const struct tmpl *t, const char *type)
{
	(void)type;
	return t->san.other_names.n > 0;
}

/* san.email bounds the domain, not the person. */
static bool
is_email_free(const struct tmpl *t, const char *type)
{
	(void)type;
	return (t->san.types & TMPL_SAN_EMAIL) != 0 && !is_ruled(t, NAME_EMAIL);
}

static bool
is_upn_free(const struct tmpl *t, const char *type)
{
	(void)type;
	return (t->san.types & TMPL_SAN_UPN) != 0 && !is_ruled(t, NAME_UPN);
}

static bool
is_attribute_free(const struct tmpl *t, const char *type)
{
	return t->subject.allow == 0 ||
	    (t->subject.allow & 1u << tmpl_rdn_type(type, strlen(type))) != 0;
}

static bool
is_mail_attribute_free(const struct tmpl *t, const char *type)
{
	return is_attribute_free(t, type) && !is_ruled(t, NAME_EMAIL);
}

/* Some clients still look for the host in the CN. naming_request.c takes whatever looks like
 * one for one. */
static bool
is_cn_host_free(const struct tmpl *t, const char *type)
{
	if (!is_attribute_free(t, type) || (is_ruled(t, NAME_DNS) && is_ruled(t, NAME_IP)))
		return false;
	return t->subject.common_name != TMPL_CN_DNS || is_dns_loose(t);
}

static bool
is_cn_person_free(const struct tmpl *t, const char *type)
{
	return is_attribute_free(t, type) && t->subject.common_name != TMPL_CN_DNS;
}

/* --- the forms --- */

static const struct {
	const char *form;
	const char *attribute; /* of the subject, or NULL */
	uint32_t purposes;
	bool (*is_free)(const struct tmpl *t, const char *type);
	const char *remedy;
} forms[] = {
    {"dns names", NULL, HOST, is_dns_free, "list san.dns, below a domain of yours, or add naming"},
    {"ip names", NULL, HOST, is_ip_free,
	"list san.ip, networks of /8 or smaller (IPv6: /16), or add naming"},
    {"uri names", NULL, HOST, is_uri_free, "take uri out of san.types"},
    {"otherNames", NULL, HOST | PERSON, is_other_name_free, "take san.otherNames out"},
    {"the CN", "CN", HOST, is_cn_host_free,
	"set subject.commonName to dns with san.dns, or leave CN out of subject.allow"},
    {"email names", NULL, PERSON, is_email_free, "take email out of san.types, or add naming"},
    {"upn names", NULL, PERSON, is_upn_free, "take upn out of san.types"},
    {"the CN", "CN", PERSON, is_cn_person_free, "leave CN out of subject.allow"},
    {"E", "E", PERSON, is_mail_attribute_free, "leave E out of subject.allow, or add naming"},
    {"UID", "UID", PERSON, is_attribute_free, "leave UID out of subject.allow"},
    {"serialNumber", "serialNumber", PERSON, is_attribute_free,
	"leave serialNumber out of subject.allow"},
    {"SN", "SN", PERSON, is_attribute_free, "leave SN out of subject.allow"},
    {"givenName", "givenName", PERSON, is_attribute_free, "leave givenName out of subject.allow"},
    {"pseudonym", "pseudonym", PERSON, is_attribute_free, "leave pseudonym out of subject.allow"},
    {"O", "O", PERSON, is_attribute_free, "leave O out of subject.allow"},
    {"OU", "OU", PERSON, is_attribute_free, "leave OU out of subject.allow"},
    {"organizationIdentifier", "organizationIdentifier", PERSON, is_attribute_free,
	"leave organizationIdentifier out of subject.allow"},
    {"DC", "DC", PERSON, is_attribute_free, "leave DC out of subject.allow"},
};

bool
tmpl_free_name(const struct tmpl *t, uint32_t purposes, const char **form, const char **remedy)
{
	size_t i;

	if (tmpl_names_are_listed(t))
		return false;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((forms[i].purposes & purposes) != 0 &&
		    forms[i].is_free(t, forms[i].attribute)) {
			*form = forms[i].form;
			*remedy = forms[i].remedy;
			return true;
		}
	}
	return false;
}
