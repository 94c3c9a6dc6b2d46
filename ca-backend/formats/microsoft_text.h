/* Extensions of Microsoft as text for people, who would see them in hexadecimal otherwise (MS-WCCE
 * 2.2.2.7.7, MS-CRTD 4). */
#ifndef CA_MICROSOFT_TEXT_H
#define CA_MICROSOFT_TEXT_H

#include <stdbool.h>

#include <openssl/x509.h>

#include "buf.h"

/* What it is called; NULL: it is none of these. Static. */
const char *microsoft_extension_name(X509_EXTENSION *ext);
/* Its value, which is not cleaned yet. false, and nothing is put: it is none of these, or not as it
 * should be. */
bool microsoft_extension_put(struct gh_buf *b, X509_EXTENSION *ext);

#endif
