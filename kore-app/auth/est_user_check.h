/* Local EST users (docs/est-auth.md), by Basic and by Digest. */
#ifndef EST_USER_CHECK_H
#define EST_USER_CHECK_H

#include "catalog/est_label.h"

#include "auth_user.h"

/* Does the call say who it is by Digest? */
bool est_user_has_digest(const struct gh_http_request *http);

/*
 * Fill a->out->requester with the local EST user of a call to this label. GH_E_AUTH_REQUIRED:
 * nothing that counts, a nonce of somebody else, or Digest is not offered; GH_E_NONCE: right, but
 * its nonce is too old, or was used with this count before; GH_E_AUTH_FAILED;
 * GH_E_ACCOUNT_DISABLED: right, but disabled, or its time is over; GH_E_FORBIDDEN: right, at
 * another label; GH_E_RATE_LIMITED; GH_E_DB_DOWN. After a failure requester.name is what was
 * claimed.
 */
int est_user_by_digest(const struct auth_attempt *a, const struct est_label *label,
    struct gh_error *err) GH_MUSTCHECK;
/* The same by Basic: user is the one whom it names. */
int est_user_by_basic(const struct auth_attempt *a, const struct est_label *label,
    const struct est_user *user, struct gh_error *err) GH_MUSTCHECK;

/*
 * WWW-Authenticate for the 401 of this code (RFC 7616, 3.3; RFC 7617, 2): Basic, and a line for
 * each way that est.digest offers, the stronger first. Clients take the strongest that they know,
 * but for Bouncy Castle, which takes the first and cannot read what RFC 7616 does not quote. Where
 * the client is to come again with a password or another nonce, the body is taken away: Bouncy
 * Castle cannot go on behind one that it has not read.
 */
void est_user_challenge(const struct worker_env *env, int code, struct gh_http_reply *rep);

#endif
