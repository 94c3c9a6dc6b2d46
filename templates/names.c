/*
 * msPKI-Certificate-Name-Flag: which names a certificate gets (MS-CRTD 2.28,
 * MS-WCCE 3.2.2.6.2.1.4.5). One row for each flag, in the order of work: subject, E= behind it,
 * then the SAN.
 */
#include "model.h"

const struct tmpl_name_flag tmpl_name_flag[] = {
    /* Decided before this table is walked. */
    {TMPL_NAME_SUPPLIED_SUBJECT, "ENROLLEE_SUPPLIES_SUBJECT", 0, NULL, {NULL, NULL, false}},
    /* A hint to clients that renew: the server takes nothing from an old certificate. */
    {TMPL_NAME_OLD_CERT, "OLD_CERT_SUPPLIES_SUBJECT_AND_ALT_NAME", 0, NULL, {NULL, NULL, false}},
    /* MS-CRTD 2.28: the CA must ignore it. */
    {TMPL_NAME_SUPPLIED_SAN, "ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME", 0, NULL, {NULL, NULL, false}},

    {TMPL_NAME_DIRECTORY_PATH, "SUBJECT_REQUIRE_DIRECTORY_PATH", 0, tmpl_subject_directory_path,
	{"DN", "distinguishedName", false}},
    {TMPL_NAME_COMMON_NAME, "SUBJECT_REQUIRE_COMMON_NAME", TMPL_NAME_DIRECTORY_PATH,
	tmpl_subject_common_name, {"CN", "cn", false}},
    {TMPL_NAME_DNS_AS_CN, "SUBJECT_REQUIRE_DNS_AS_CN",
	TMPL_NAME_DIRECTORY_PATH | TMPL_NAME_COMMON_NAME, tmpl_subject_common_name,
	{"CN", "cn", false}},
    {TMPL_NAME_EMAIL, "SUBJECT_REQUIRE_EMAIL", 0, tmpl_subject_email, {"E", "mail", false}},

    {TMPL_NAME_ALT_EMAIL, "SUBJECT_ALT_REQUIRE_EMAIL", 0, tmpl_san_email, {"email", "mail", true}},
    {TMPL_NAME_ALT_UPN, "SUBJECT_ALT_REQUIRE_UPN", 0, tmpl_san_upn,
	{"upn", "userPrincipalName", true}},
    /* MS-WCCE reads userPrincipalName here, not servicePrincipalName: the same name as the row
       above. */
    {TMPL_NAME_ALT_SPN, "SUBJECT_ALT_REQUIRE_SPN", TMPL_NAME_ALT_UPN, tmpl_san_upn,
	{"upn", "userPrincipalName", true}},
    {TMPL_NAME_ALT_DNS, "SUBJECT_ALT_REQUIRE_DNS", 0, tmpl_san_dns, {"dns", "dNSHostName", true}},
    {TMPL_NAME_ALT_DOMAIN_DNS, "SUBJECT_ALT_REQUIRE_DOMAIN_DNS", 0, tmpl_san_domain_dns,
	{"dns", "domain", true}},
    {TMPL_NAME_ALT_GUID, "SUBJECT_ALT_REQUIRE_DIRECTORY_GUID", 0, tmpl_san_guid,
	{"guid", "objectGUID", true}},
    {0, NULL, 0, NULL, {NULL, NULL, false}}};

static int
names_from_directory(struct tmpl_naming *n, struct gh_error *err)
{
	const uint32_t host_flags = TMPL_NAME_COMMON_NAME | TMPL_NAME_DNS_AS_CN | TMPL_NAME_ALT_DNS;
	const struct tmpl_name_flag *f;
	const char *host;
	int rc;

	if (n->from->entry == NULL)
		return gh_refuse(err, GH_E_NOT_IN_DIRECTORY,
		    "template %s takes names from the directory, where the requester has no entry",
		    n->t->name);
	/* A machine must have its DNS name for any of these, also when another flag writes the
	 * subject. */
	if (n->t->machine && (n->t->name_flags & host_flags) != 0 &&
	    (rc = tmpl_san_host(n, &host, err)) != 0)
		return rc;
	for (f = tmpl_name_flag; f->name != NULL; f++) {
		if ((n->t->name_flags & f->bit) == 0 || (n->t->name_flags & f->yields_to) != 0 ||
		    f->add == NULL)
			continue;
		if ((rc = f->add(n, err)) != 0)
			return rc;
	}
	return 0;
}

int
tmpl_names(struct tmpl_naming *n, struct gh_error *err)
{
	int rc;

	if ((n->t->name_flags & TMPL_NAME_SUPPLIED_SUBJECT) != 0)
		rc = tmpl_supplied_names(n, err);
	else
		rc = names_from_directory(n, err);
	if (rc != 0)
		return rc;
	if (X509_NAME_entry_count(n->subject) == 0 && sk_GENERAL_NAME_num(n->san) == 0)
		return gh_refuse(err, GH_E_SUBJECT,
		    "the certificate would have neither subject nor SAN");
	return 0;
}
