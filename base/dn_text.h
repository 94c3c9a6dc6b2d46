/*
 * Distinguished names as people type them.
 *
 * Four readers of such text remain, since they answer different questions:
 * - this one makes the name of a CA of what an administrator typed, and knows the types of OpenSSL;
 * - templates read what a directory returned, strictly as RFC 4514 has it, and take the few types
 *   that may stand in a subject, with their bounds and string types (X.520);
 * - ldap asks libldap, which compares names as the directory would: entries and groups are found
 * so, never certificates;
 * - ca-backend/dn_match compares two texts of other vendors' clients, of which one may be reversed,
 *   quoted, or have types that nobody knows: it parses only as far as comparing needs.
 * Whether a relying party could take two names in certificates for the same is asked of dn_key.h
 * alone (RFC 5280, 7.1). What a backslash means is said here, for all that read text themselves.
 */
#ifndef GH_DN_TEXT_H
#define GH_DN_TEXT_H

#include <openssl/x509.h>

#include "error.h"

/*
 * "CN=Alice,OU=Staff,DC=example,DC=com" (RFC 4514: most specific first, escapes "\," and "\2C", "+"
 * joins values of one RDN), or "/DC=com/DC=example/CN=Alice" as openssl takes it. "" is the empty
 * name. GH_E_CONF names the part that is wrong.
 */
int gh_dn_parse(const char *text, X509_NAME **out, struct gh_error *err) GH_MUSTCHECK;
/* As DER, malloc'd. */
int gh_dn_parse_der(const char *text, unsigned char **out, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;

/* RFC 4514, 2.4: p stands behind a backslash. Two hex digits are that byte, another character is
 * itself. Returns how many characters were used; 0: there is none, or the byte is NUL. */
size_t gh_dn_unescape(const char *p, char *out);

#endif
