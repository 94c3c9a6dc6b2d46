/* The subject from the directory: rows of the table in names.c. */
#include <string.h>

#include "model.h"

int
tmpl_subject_directory_path(struct tmpl_naming *n, struct gh_error *err)
{
	struct tmpl_dn *dn;
	int rc;

	if (n->from->entry->dn == NULL || n->from->entry->dn[0] == '\0')
		return gh_refuse(err, GH_E_NOT_IN_DIRECTORY,
		    "the requester has no distinguished name");
	if ((rc = tmpl_dn_parse(n->from->entry->dn, &dn, err)) != 0)
		return rc;
	rc = tmpl_dn_to_name(dn, n->subject, err);
	tmpl_dn_free(dn);
	return rc;
}

/* SUBJECT_REQUIRE_COMMON_NAME and SUBJECT_REQUIRE_DNS_AS_CN: dNSHostName of a machine, cn of a
 * user. */
int
tmpl_subject_common_name(struct tmpl_naming *n, struct gh_error *err)
{
	const char *cn;
	int rc;

	if (n->t->machine) {
		if ((rc = tmpl_san_host(n, &cn, err)) != 0)
			return rc;
	} else if ((cn = dir_entry_text(n->from->entry, DIR_CN)) == NULL) {
		return gh_refuse(err, GH_E_SUBJECT,
		    "the requester has no common name in the directory");
	}
	return tmpl_rdn_add(n->subject, tmpl_rdn_type("CN", 2), cn, strlen(cn), false, err);
}

int
tmpl_subject_email(struct tmpl_naming *n, struct gh_error *err)
{
	const char *mail;
	int rc;

	if ((rc = tmpl_san_mail(n, &mail, err)) != 0)
		return rc;
	return tmpl_rdn_add(n->subject, tmpl_rdn_type("E", 1), mail, strlen(mail), false, err);
}
