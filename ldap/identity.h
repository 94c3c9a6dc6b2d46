/* By what an entry is known for good, and whether the names by which others know it are its own
 * alone. */
#ifndef DIR_IDENTITY_H
#define DIR_IDENTITY_H

#include "dir.h"
#include "dir_shared.h"

/* Fill e->id from the entry's objectGUID (Active Directory) or entryUUID (RFC 4530); "" when it has
 * none. */
void dir_identity_read(const struct dir_profile *p, LDAP *ld, LDAPMessage *m, struct dir_entry *e);

/*
 * GH_E_NOT_IN_DIRECTORY: another entry has one of its principal, host or account names: an account
 * that takes over the dNSHostName of a domain controller would get a certificate for it
 * (CVE-2022-26923). A mail address may be shared, as by a user and his administrative account:
 * e->mail_is_shared says so.
 */
int dir_identity_check(struct dir *d, struct dir_entry *e, struct gh_error *err) GH_MUSTCHECK;

#endif
