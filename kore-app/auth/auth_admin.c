/* Local administrators: rows of admin_user, passwords by bcrypt. */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "timestamp.h"

#include "auth_admin.h"
#include "auth_password.h"
#include "auth_limit.h"

static int
check_row(const struct store_user *row, const struct auth_basic *basic, struct auth_result *out,
    struct gh_error *err)
{
	bool is_right;
	int rc = auth_password_check(basic->password, row->hash, gh_now_us(), &is_right, err);

	if (rc != 0)
		return rc;
	if (!is_right)
		return gh_fail(err, GH_E_AUTH_FAILED, "wrong password of an administrator");
	if (!row->enabled)
		return gh_fail(err, GH_E_ACCOUNT_DISABLED, "administrator is disabled");
	out->requester.kind = REQUESTER_ADMIN;
	out->requester.roles = row->roles;
	return 0;
}

int
auth_admin_check(const struct auth_attempt *a, bool *known, struct gh_error *err)
{
	const struct auth_basic *basic = &a->given->basic;
	struct auth_result *out = a->out;
	struct store_user row;
	int rc = store_get_user(a->env->store, basic->user, &row, err);

	*known = rc == 0;
	if (rc == GH_E_NOT_FOUND)
		return gh_fail(err, GH_E_AUTH_FAILED, "no such administrator");
	if (rc != 0)
		return rc;
	/* one administrator, one name and one count, however he was spelled */
	snprintf(out->requester.name, sizeof(out->requester.name), "%s", row.name);
	if ((rc = auth_limiter_check_user(a->limiter, row.name, out->requester.address, err)) == 0)
		rc = check_row(&row, basic, out, err);
	if (rc == 0 && (a->need & AUTH_ANEW) != 0)
		rc = credential_mark_of_hash(a->env->server_secret, row.hash, out->mark, err);
	OPENSSL_cleanse(&row, sizeof(row));
	return rc;
}

int
auth_admin_pretend(const struct auth_basic *basic, struct gh_error *err)
{
	bool is_right;

	return auth_password_check(basic->password, NULL, gh_now_us(), &is_right, err);
}
