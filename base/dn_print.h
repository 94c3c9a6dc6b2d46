/* Distinguished names of certificates as text: for the inventory, answers and logs. */
#ifndef GH_DN_PRINT_H
#define GH_DN_PRINT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * der: a Name (RFC 5280, 4.1.2.4). "CN=CorpCA1,DC=keyexample,DC=com", with a blank behind each
 * comma if is_spaced: RDNs in reverse of DER order, values escaped by RFC 4514, UTF-8 readable (2.4
 * does not ask to escape it), types as OpenSSL's short names. malloc'd; NULL: not readable, or
 * memory is short.
 */
char *gh_dn_print(const void *der, size_t len, bool is_spaced);

#endif
