/* Identifiers of key packages, and what clients answer to them (RFC 7191). */
#ifndef PACKAGE_KEY_ANSWER_H
#define PACKAGE_KEY_ANSWER_H

#include "package_answer.h"

/* The attribute keyPkgIDAndReceiptReq (3) of signed attributes: *id is the octets of pkgID. false:
 * it is not there, or malformed. */
bool key_package_id(struct gh_der signed_attributes, struct gh_der *id,
    bool *wants_receipt) GH_MUSTCHECK;

/* KeyPackageReceipt (4), KeyPackageError (5). A package is named by its pkgID only; one that is
 * named by another attribute has no reference. false: malformed, or a version other than 2. */
bool key_receipt_read(struct gh_der in, struct package_answer *out) GH_MUSTCHECK;
bool key_error_read(struct gh_der in, struct package_answer *out) GH_MUSTCHECK;

/* EnumeratedErrorCode (5), those that we say. */
#define KEY_ERROR_DECODE 1
#define KEY_ERROR_SIGNATURE 16

/* The same, appended to out. id: octets of the pkgID; of an error, p is NULL where it is not known.
 * by: the Name of who answers, DER. code: KEY_ERROR_... */
void key_receipt_put(struct gh_buf *out, const struct gh_der *id, const struct gh_der *by);
void key_error_put(struct gh_buf *out, const struct gh_der *id, const struct gh_der *by,
    unsigned char code);

#endif
