/* Which application calls, and whether the body is the one it signed. */
#ifndef AUTH_HMAC_H
#define AUTH_HMAC_H

#include "catalog/catalog.h"
#include "http.h"

/*
 * X-CSS-CMS-AppKey -> an enabled application. *known is set also for a disabled one, for the audit;
 * both borrowed from the catalog. GH_E_APP_KEY: one answer for missing, unknown and disabled.
 */
int auth_app_find(const struct catalog *c, const char *app_key, const struct app **out,
    const struct app **known, struct gh_error *err) GH_MUSTCHECK;

/*
 * X-CSS-CMS-Signature: base64 of HMAC-SHA1, -SHA256 or -SHA512 (told by length) over the raw body.
 * Missing is an error if the application demands it; present it is always checked. GH_E_SIGNATURE.
 */
int auth_signature_check(const struct app *app, const char *signature, const void *body,
    size_t body_len, struct gh_error *err) GH_MUSTCHECK;

#endif
