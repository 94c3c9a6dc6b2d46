/* Name constraints of the certificates above a leaf (RFC 5280, 4.2.1.10), asked before it is
 * signed. */
#ifndef CA_CONSTRAINTS_H
#define CA_CONSTRAINTS_H

#include "ca.h"

/*
 * Subject and subjectAltName of spec within the constraints of every certificate of the CA's chain;
 * the signer knows those of the CA itself only. GH_E_CA_POLICY, public: outside of one's, or its
 * constraints cannot be read.
 */
int ca_constraints_check(const struct ca *ca, const struct cert_spec *spec,
    struct gh_error *err) GH_MUSTCHECK;

#endif
