/*
 * Keys for comparing distinguished names (RFC 5280, 7.1): two names that a relying party can take
 * for the same have one key. String types, case, blanks, Unicode normalisation and the order inside
 * an RDN make no difference. The order of RDNs does.
 */
#ifndef GH_DN_KEY_H
#define GH_DN_KEY_H

#include <stdbool.h>

#include "der.h"

#define GH_DN_KEY_SIZE 32 /* SHA-256 */

/* name: a Name, DER. GH_E_SUBJECT: it is none, or holds more than a name of ours may
 * (name_prep.h). */
int gh_dn_key(const struct gh_der *name, unsigned char key[GH_DN_KEY_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

/* Subject and issuer of a certificate (DER), whole elements. false: it is not one. */
bool gh_dn_of_cert(const struct gh_der *cert, struct gh_der *subject, struct gh_der *issuer);

/* The next directoryName of the content of a GeneralNames; it moves behind that. false: there is
 * none any more, or *malformed is set. */
bool gh_dn_take_directory_name(struct gh_der *general_names, struct gh_der *name, bool *malformed);

#endif
