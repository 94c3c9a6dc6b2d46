/* Log-in by TLS client certificate. */
#ifndef AUTH_USER_CERT_H
#define AUTH_USER_CERT_H

#include "auth.h"

/*
 * The user whom the verified client certificate of http names. The name alone proves nothing, since
 * names are written by their owners and given to others:
 * - of our own certificate, the entry must be the one that asked for it (requester.id), or have its
 * SID;
 * - of another CA's, the entry must have its SID; without a SID gateway.client_mapping decides:
 * "strong" refuses, "name" accepts, and gives no roles. A SID in the certificate must be the
 * entry's in any case. Fills out; out->requester.name is the certificate's name also after a
 * failure. GH_E_AUTH_FAILED, GH_E_ACCOUNT_DISABLED, GH_E_DIR_DOWN, GH_E_DB_DOWN.
 */
int auth_user_by_cert(struct worker_env *env, const struct gh_http_request *http,
    struct auth_result *out, struct gh_error *err) GH_MUSTCHECK;

#endif
