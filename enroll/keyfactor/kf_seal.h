/* A password for the KRA, as a client wraps it (docs/pki-rest.md "Recover"). */
#ifndef ENROLL_KF_SEAL_H
#define ENROLL_KF_SEAL_H

#include "json.h"

/* transport: as rest_transport answers. Sets transport_key, session_key and password of body, which
 * go to the KRA: nobody between here and there reads it. GH_E_CA_UNAVAILABLE: no transport key is
 * there. */
int kf_seal_password(const gh_json *transport, const char *password, gh_json *body,
    struct gh_error *err) GH_MUSTCHECK;

#endif
