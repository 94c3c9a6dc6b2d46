/* Names of certificates as text: for the inventory, answers and logs. */
#ifndef CA_NAMES_TEXT_H
#define CA_NAMES_TEXT_H

#include <openssl/x509.h>

#include "json.h"

/* "CN=CorpCA1, DC=keyexample, DC=com": see gh_dn_print. malloc'd; NULL when out of memory. */
char *ca_dn_text(const X509_NAME *name);

/* Names of the SAN extension for the inventory: "dns:a", "email:a", "upn:a", "ip:a", "uri:a",
 * "guid:HEX", "other:OID". JSON array of strings; empty array when none. NULL when out of memory.
 */
gh_json *ca_san_json(const X509 *cert);
/* The same of GeneralNames, DER; nothing when it cannot be read. */
gh_json *ca_san_json_der(const unsigned char *der, size_t len);

#endif
