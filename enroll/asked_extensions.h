/* Extensions that a request asks for, against those that it gets (RFC 5272, 3.1). */
#ifndef ASKED_EXTENSIONS_H
#define ASKED_EXTENSIONS_H

#include "formats/pkcs10.h"
#include "formats/cert_spec.h"

/*
 * The template gives the extensions. What it leaves out or narrows is no failure; but a certificate
 * must not be for the opposite of what was asked for. GH_E_DENIED (public): none of the key usages,
 * or of the extended key usages, that were asked for; a CA was asked for; or an extension that is
 * critical, without which the client has no use for it, is not there.
 */
int asked_extensions_check(const struct ca_pkcs10 *csr, const struct cert_spec *spec,
    struct gh_error *err) GH_MUSTCHECK;

#endif
