/*
 * What the directory says of one requester: attributes, group membership and account state, read at
 * one moment. Immutable once built; shared by reference count between the cache and the users.
 */
#ifndef DIR_ENTRY_H
#define DIR_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The attributes a template can ask for; the attribute map of the configuration says what they are
 * called in this directory. One table in dir_entry.c gives their names. */
enum dir_attr {
	DIR_CN,
	DIR_DISPLAY_NAME,
	DIR_GIVEN_NAME,
	DIR_SURNAME,
	DIR_MAIL,
	DIR_UPN,
	DIR_DNS_HOST_NAME,
	DIR_SAM_ACCOUNT_NAME,
	DIR_SPN,
	DIR_OBJECT_GUID,
	DIR_OBJECT_SID,
	DIR_OU,
	DIR_O,
	DIR_TITLE,
	DIR_ACCOUNT_CONTROL,
	DIR_ACCOUNT_EXPIRES,
	DIR_PREFERRED_LANGUAGE,
	DIR_ATTR_COUNT
};

struct dir_value {
	unsigned char *data;
	size_t len;
}; /* data is NUL-terminated behind len */
struct dir_values {
	size_t n;
	struct dir_value *v;
};

struct dir_group {
	char *dn;   /* "" when only the SID is known */
	char *name; /* cn or sAMAccountName; "" when unknown */
	char *sid;  /* "S-1-5-..."; "" when none */
};

#define DIR_ID_SIZE 37 /* a UUID as text, and NUL */

#define DIR_MARK_SIZE 40

struct dir_entry {
	char *dn; /* as the directory returned it */
	struct dir_values attr[DIR_ATTR_COUNT];
	char id[DIR_ID_SIZE]; /* objectGUID or entryUUID: stays, and is never given again; "" = none
			       */
	/* When the password was changed, as the directory writes it (pwdLastSet, pwdChangedTime):
	 * another value after each change; "" = it does not say */
	char password_mark[DIR_MARK_SIZE];
	char *sid;               /* objectSid as text, or NULL */
	struct dir_group *group; /* all groups, nested and primary */
	size_t groups;
	bool is_computer;
	bool is_principal;   /* of Active Directory: it has a SID, whether we may read it or not */
	bool mail_is_shared; /* another entry has one of its mail addresses */
	bool is_disabled; /* userAccountControl & 2, accountExpires past, pwdAccountLockedTime... */
	int64_t fetched;  /* UTC seconds */
	int refs;         /* atomic */
};

struct dir_entry *dir_entry_new(void);
struct dir_entry *dir_entry_ref(struct dir_entry *e);
void dir_entry_free(struct dir_entry *e); /* drops one reference */

/* First value as text; NULL when the attribute is absent or empty or holds a NUL. */
const char *dir_entry_text(const struct dir_entry *e, enum dir_attr a);
/* Neutral name ("mail", "upn", ...) of an attribute; NULL: there is none. */
const char *dir_attr_name(enum dir_attr a);
/* Copy a value in. Returns 0 or -1 when out of memory. */
int dir_entry_add(struct dir_entry *e, enum dir_attr a, const void *p, size_t n);
int dir_entry_add_group(struct dir_entry *e, const char *dn, const char *name, const char *sid);

/* Is the entry in this group? name may be a DN, a SID, or a name; compared without case, DNs parsed
 * (RFC 4514, so that "\, " and "\2C " are the same). "*" is everybody. */
bool dir_entry_is_member(const struct dir_entry *e, const char *group);

/* Is it this one? By DN, SID or id: nothing that an entry's owner may be able to change, as mail,
 * cn or the name to log in with. */
bool dir_entry_is(const struct dir_entry *e, const char *who);

/* Binary SID (MS-DTYP 2.4.2) -> "S-1-5-21-..."; malloc'd, NULL when malformed or out of memory. */
char *dir_sid_text(const unsigned char *p, size_t n);

#endif
