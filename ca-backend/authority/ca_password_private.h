/* Shared by the files of ca_password.h. */
#ifndef AUTHORITY_CA_PASSWORD_PRIVATE_H
#define AUTHORITY_CA_PASSWORD_PRIVATE_H

#include "store/ca/ca_password_row.h"

#include "ca_password.h"

/* The audit row of what was done. ca: its name; detail: or NULL. */
int ca_password_audit(const struct ca_password_call *c, enum ca_password_action action,
    const char *ca, const char *detail, struct gh_error *err) GH_MUSTCHECK;
/* The audit row of a failure, unless it has one. Returns err->code. */
int ca_password_refuse(const struct ca_password_call *c, enum ca_password_action action,
    const struct gh_error *err) GH_MUSTCHECK;

/* GH_E_CONFLICT: the key has no password. */
int ca_password_check_protected(const struct store_password *row,
    struct gh_error *err) GH_MUSTCHECK;
/* row: as store_password_lock gave it. GH_E_CONFLICT: no password; GH_E_LOCKED: not looked at;
 * GH_E_CA_PASSWORD: wrong; that is counted, audited and committed before this returns. */
int ca_password_verify(const struct ca_password_call *c, enum ca_password_action action,
    struct store_password *row, const char *password, struct gh_error *err) GH_MUSTCHECK;
/* What the caller is told of a failure rc of the signer, which got a password that the hash fits.
 */
int ca_password_signer_failed(int rc, struct gh_error *err) GH_MUSTCHECK;

/* The state as the row has it; unlocked_until is left as it is. */
void ca_password_take_row(const struct ca_password_call *c, const struct store_password *row,
    struct ca_password_status *out);

#endif
