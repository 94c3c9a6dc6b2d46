/*
 * Addresses of e-mail, as SMTP takes them (RFC 5321, 4.1.2): Local-part "@" Domain. The local part
 * is ASCII, a Dot-string or a Quoted-string; the domain may be internationalized (UTF-8). Address
 * literals, comments and names in front are refused.
 */
#ifndef GH_MAIL_ADDRESS_H
#define GH_MAIL_ADDRESS_H

#include <stdbool.h>

#define GH_MAIL_ADDRESS_MAX 254 /* bytes: a path of 256 less its brackets (RFC 5321, 4.5.3.1.3) */
#define GH_MAIL_LOCAL_MAX 64

bool gh_mail_address_is_valid(const char *text);
/* The part behind the last "@" of a valid one. Borrowed. */
const char *gh_mail_address_domain(const char *text);

#endif
