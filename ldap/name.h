/* The usual spellings of an account's name, taken apart. */
#ifndef DIR_NAME_H
#define DIR_NAME_H

#include "error.h"

#define DIR_NAME_MAX 256 /* bytes of a name as given */

enum dir_name_kind {
	DIR_NAME_USER,      /* "alice", "DOMAIN\alice": local is the account name */
	DIR_NAME_PRINCIPAL, /* "alice@realm": local is set only when the realm is ours */
	DIR_NAME_COMPUTER,  /* "HOST$", "DOMAIN\HOST$", "HOST$@realm": local without the $ */
	DIR_NAME_HOST,      /* "host/FQDN", "host/FQDN@realm": local is the FQDN */
};

struct dir_name {
	enum dir_name_kind kind;
	char full[DIR_NAME_MAX + 1];  /* as given */
	char local[DIR_NAME_MAX + 1]; /* "" when the name is not in our realm */
};

/*
 * netbios_domain and realm as configured ("" = none; then such names are not ours). Returns 0, or
 * GH_E_NOT_IN_DIRECTORY for a name that cannot be in this directory: empty, too long, white space
 * at an end, control characters, foreign domain.
 */
int dir_name_parse(const char *text, const char *netbios_domain, const char *realm,
    struct dir_name *out, struct gh_error *err) GH_MUSTCHECK;

#endif
