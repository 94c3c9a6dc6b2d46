/* X.509 extensions as text for people. What a request holds may be anything: the text is UTF-8
 * without control characters but line ends, and cut to EXTENSION_TEXT_MAX bytes. */
#ifndef CA_EXTENSION_TEXT_H
#define CA_EXTENSION_TEXT_H

#include <openssl/x509.h>

#define EXTENSION_TEXT_MAX 2000

/* "X509v3 Key Usage", or the dotted OID of one that neither OpenSSL nor we know. malloc'd; NULL
 * when out of memory. */
char *ca_extension_name(X509_EXTENSION *ext);
/* Its value, "critical, " before it where it is; hexadecimal where OpenSSL cannot print it. The
 * same. */
char *ca_extension_text(X509_EXTENSION *ext);

#endif
