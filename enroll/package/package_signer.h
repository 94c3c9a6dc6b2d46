/* Who signed an answer, and which hardware he says he is. */
#ifndef PACKAGE_SIGNER_H
#define PACKAGE_SIGNER_H

#include "call.h"
#include "formats/cms_signed.h"
#include "package/package_answer.h"

/* As package_return says of signatures. message: with one signature. */
int package_signer_check(struct store *s, const struct call *call, const struct cms_signed *message,
    struct gh_error *err) GH_MUSTCHECK;

/* Where the certificate of the connection, or of the signer, names a hardware module (RFC 4108, 5),
 * an answer of another one is refused: GH_E_FORBIDDEN (public). */
int package_hardware_check(const struct call *call, const struct cms_signed *message,
    const struct package_answer *answer, struct gh_error *err) GH_MUSTCHECK;

#endif
