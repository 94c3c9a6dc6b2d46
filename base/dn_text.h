/* Distinguished names as people type them. */
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

#endif
