/*
 * The user of a call, from the first of: Basic credentials, TLS client certificate, service identity of the
 * application. Basic comes first since it was given for this call; wrong credentials are never passed over
 * for the next kind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "timestamp.h"

#include "auth_basic.h"
#include "auth_entry.h"
#include "auth_limit.h"
#include "auth_password.h"
#include "auth_user.h"
#include "auth_user_cert.h"

/* The claimed name, for log and audit also when the claim is false. */
static void
set_name(struct requester *r, const char *name)
{
	snprintf(r->name, sizeof(r->name), "%s", name);
}

/* found false: no such administrator. Then the time of a check is spent all the same where nothing else follows, so
 * that the answer does not tell who is one; where the directory is asked next, that would cost every user a fifth of
 * a second of our processor. */
static int
check_admin(struct enroll_env *env, const struct auth_basic *basic, bool is_last, bool *found,
    struct auth_result *out, struct gh_error *err)
{
	unsigned roles = 0;
	bool enabled = false, is_right;
	char *hash = NULL;
	int rc = store_get_user(env->store, basic->user, &hash, &roles, &enabled, err);

	if (rc != 0 && rc != GH_E_NOT_FOUND)
		return rc;
	*found = rc == 0;
	if (!*found && !is_last)
		return gh_fail(err, GH_E_AUTH_FAILED, "no such administrator");
	is_right = auth_password_is_right(basic->password, hash);
	if (hash != NULL)
		OPENSSL_cleanse(hash, strlen(hash));
	free(hash);
	if (!is_right)
		return gh_fail(err, GH_E_AUTH_FAILED, *found ? "wrong password of an administrator"
		    : "no such administrator");
	if (!enabled)
		return gh_fail(err, GH_E_ACCOUNT_DISABLED, "administrator is disabled");
	out->requester.kind = REQUESTER_ADMIN;
	out->requester.roles = roles;
	return 0;
}

static int
check_wait(struct auth_limiter *limiter, const char *key, struct gh_error *err)
{
	int wait = auth_limiter_wait(limiter, AUTH_LIMIT_USER, key, gh_now_us() / 1000000), rc;

	if (wait == 0)
		return 0;
	rc = gh_fail(err, GH_E_RATE_LIMITED, "user is blocked for %d s", wait);
	if (err != NULL)
		err->retry_after = wait;
	return rc;
}

/* One account, one count, however its name was spelled: with domain, realm, or in other characters that the
 * directory takes for the same. */
static int
check_directory(struct enroll_env *env, struct auth_limiter *limiter, const struct auth_basic *basic,
    struct auth_result *out, struct gh_error *err)
{
	struct dir_entry *e = NULL;
	int rc = dir_find(env->dir, basic->user, &e, err);

	if (rc == GH_E_NOT_IN_DIRECTORY)
		return gh_fail(err, GH_E_AUTH_FAILED, "no such user, or not unique");
	if (rc != 0)
		return rc;
	snprintf(out->requester.dn, sizeof(out->requester.dn), "%s", e->dn);
	dir_entry_free(e);
	e = NULL;
	if ((rc = check_wait(limiter, out->requester.dn, err)) == 0)
		rc = dir_authenticate(env->dir, basic->user, basic->password, &e, err);
	return rc != 0 ? rc : auth_entry_accept(env, e, out, err);
}

/* A local administrator's name hides the same name in the directory, on routes for administrators only. */
static int
check_password(struct enroll_env *env, struct auth_limiter *limiter, unsigned need,
    const struct auth_basic *basic, struct auth_result *out, struct gh_error *err)
{
	bool found = false;
	int rc;

	if ((need & AUTH_ADMIN) != 0) {
		rc = check_admin(env, basic, (need & AUTH_USER) == 0, &found, out, err);
		if (rc != GH_E_AUTH_FAILED || found || (need & AUTH_USER) == 0)
			return rc;
	}
	return check_directory(env, limiter, basic, out, err);
}

static int
user_by_basic(struct enroll_env *env, struct auth_limiter *limiter, unsigned need,
    const struct auth_basic *basic, struct auth_result *out, bool *is_guess, struct gh_error *err)
{
	int rc;

	set_name(&out->requester, basic->user);
	if ((rc = check_wait(limiter, basic->user, err)) != 0)
		return rc;
	rc = check_password(env, limiter, need, basic, out, err);
	*is_guess = rc == GH_E_AUTH_FAILED || rc == GH_E_ACCOUNT_DISABLED;
	if (rc == 0)
		auth_limiter_forget(limiter, AUTH_LIMIT_USER, auth_user_limit_key(&out->requester, basic->user));
	return rc;
}

const char *
auth_user_limit_key(const struct requester *who, const char *claimed)
{
	return *who->dn != '\0' ? who->dn : claimed;
}

/* The administrator named an identity that must exist: the caller can do nothing about it. */
static int
user_by_service(struct enroll_env *env, struct auth_result *out, struct gh_error *err)
{
	struct dir_entry *e = NULL;
	int rc;

	set_name(&out->requester, out->app->service_identity);
	rc = dir_find(env->dir, out->app->service_identity, &e, err);
	if (rc == GH_E_NOT_IN_DIRECTORY)
		return gh_fail(err, GH_E_FORBIDDEN, "service identity %s of application %s is not in the "
		    "directory", out->app->service_identity, out->app->name);
	if (rc == 0 && e->is_disabled) {
		dir_entry_free(e);
		return gh_fail(err, GH_E_FORBIDDEN, "service identity %s of application %s is disabled",
		    out->app->service_identity, out->app->name);
	}
	if (rc == 0)
		rc = auth_entry_accept(env, e, out, err);
	out->requester.roles = 0; /* whoever has the application's key speaks for it */
	return rc;
}

int
auth_user_check(struct enroll_env *env, struct auth_limiter *limiter, unsigned need,
    const struct gh_http_request *http, struct auth_result *out, bool *is_guess, struct gh_error *err)
{
	struct auth_basic basic;
	int rc = auth_basic_parse(http->authorization, &basic, err);

	*is_guess = false;
	if (rc == 0)
		rc = user_by_basic(env, limiter, need, &basic, out, is_guess, err);
	else if (rc == GH_E_AUTH_FAILED && basic.user[0] != '\0')
		set_name(&out->requester, basic.user);
	OPENSSL_cleanse(&basic, sizeof(basic));
	if (rc != GH_E_AUTH_REQUIRED)
		return rc;
	/* Other kinds name directory users only. */
	if ((need & AUTH_ADMIN) != 0 && (need & AUTH_USER) == 0)
		return rc;
	if (http->client_cert != NULL)
		return auth_user_by_cert(env, http, out, err);
	if (out->app != NULL && out->app->service_identity != NULL)
		return user_by_service(env, out, err);
	return (need & (AUTH_USER | AUTH_ADMIN)) != 0 ? rc : 0;
}
