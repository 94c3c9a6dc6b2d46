/* Who shows a client certificate to EST: docs/est-auth.md */
#ifndef AUTH_EST_CERT_H
#define AUTH_EST_CERT_H

#include "catalog/est_label.h"

#include "auth.h"

/*
 * In this order: a certificate that one of our CAs issued, by key and row; one of a manufacturer,
 * by the trust anchors of the label; one of gateway.client_ca, as everywhere. Fills out. Roles are
 * none.
 *
 * GH_E_AUTH_REQUIRED (public): the connection has none, or nobody's: another way to say who calls
 * may be tried. GH_E_FORBIDDEN (public): it is known and does not count: revoked, on hold, of an
 * account that is gone. out->requester.name is what the certificate says then.
 */
int auth_est_cert(struct worker_env *env, const struct est_label *label,
    const struct gh_http_request *http, struct auth_result *out, struct gh_error *err) GH_MUSTCHECK;

/* Is who showed the certificate, as *of_cert, the one who gave the password, as *who? The same
 * requester; or the certificate is a device's, and the common name or serial number of its subject
 * is the name of the local EST user. */
bool auth_est_is_one(const struct requester *of_cert, const struct gh_http_request *http,
    const struct requester *who);

#endif
