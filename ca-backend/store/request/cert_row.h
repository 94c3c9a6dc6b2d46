/* Columns of a certificate's row that come from the certificate alone, whoever made it. */
#ifndef STORE_CERT_ROW_H
#define STORE_CERT_ROW_H

#include "formats/cert_parts.h"
#include "store/store_private.h"

/* Eight parameters: subject, sans, not_before, not_after, sha1, sha256, spki_sha256, der. Names are
 * cut as formats/foreign_cert.h says. */
void store_put_content(struct store_params *p, const struct cert_parts *parts,
    const struct gh_der *cert);

#endif
