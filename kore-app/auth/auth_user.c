/*
 * The user of a call, from the first of: Basic credentials, TLS client certificate, service
 * identity of the application. Basic comes first since it was given for this call; wrong
 * credentials are never passed over for the next kind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/app.h"
#include "entry_name.h"
#include "timestamp.h"

#include "auth_admin.h"
#include "auth_entry.h"
#include "auth_limit.h"
#include "auth_user.h"
#include "auth_user_cert.h"

/* The claimed name, for log and audit also when the claim is false. */
static void
set_name(struct requester *r, const char *name)
{
	snprintf(r->name, sizeof(r->name), "%s", name);
}

/* With AUTH_ANEW before the password is tried: so the mark of the entry is that of this password,
 * or of an older one. */
static int
find(struct dir *d, unsigned need, const char *name, struct dir_entry **e, struct gh_error *err)
{
	return (need & AUTH_ANEW) != 0 ? dir_find_anew(d, name, e, err) : dir_find(d, name, e, err);
}

/* One account, one count, however its name was spelled: with domain, realm, or in other characters
 * that the directory takes for the same. */
static int
check_directory(struct worker_env *env, struct auth_limiter *limiter, unsigned need,
    const struct auth_basic *basic, struct auth_result *out, char account[AUTH_USER_MAX + 1],
    struct gh_error *err)
{
	struct dir_entry *e = NULL;
	bool is_named;
	int rc = find(env->dir, need, basic->user, &e, err);

	if (rc == GH_E_NOT_IN_DIRECTORY)
		return gh_fail(err, GH_E_AUTH_FAILED, "no such user, or not unique");
	if (rc != 0)
		return rc;
	is_named = entry_name(env->conf, e, account, AUTH_USER_MAX + 1);
	dir_entry_free(e);
	e = NULL;
	if (!is_named)
		return gh_fail(err, GH_E_AUTH_FAILED, "account name of the entry is too long");
	if ((rc = auth_limiter_check_user(limiter, account, out->requester.address, err)) == 0)
		rc = dir_authenticate(env->dir, basic->user, basic->password, &e, err);
	if (rc == 0)
		rc = auth_entry_accept(env, e, out, err);
	if (rc == 0 && (need & AUTH_ANEW) != 0)
		rc = credential_mark_of_entry(env->server_secret, out->entry, out->mark, err);
	return rc;
}

/* A wrong password of an administrator takes the steps of a name that none has: it is looked for in
 * the directory. */
static int
pretend_directory(struct worker_env *env, unsigned need, const struct auth_basic *basic,
    struct gh_error *err)
{
	struct dir_entry *e = NULL;
	struct gh_error own;
	int rc = find(env->dir, need, basic->user, &e, &own);

	if (rc != 0 && rc != GH_E_NOT_IN_DIRECTORY)
		return gh_fail(err, rc, "%s", own.detail);
	if (e != NULL)
		dir_entry_free(e);
	return GH_E_AUTH_FAILED;
}

/* A local administrator's name hides the same name in the directory, on routes for administrators
 * only. There, each refusal costs the same steps, so that its time does not tell who is one. */
static int
check_password(struct worker_env *env, struct auth_limiter *limiter, unsigned need,
    const struct auth_basic *basic, struct auth_result *out, char account[AUTH_USER_MAX + 1],
    struct gh_error *err)
{
	bool known = false;
	int rc;

	if ((need & AUTH_ADMIN) == 0)
		return check_directory(env, limiter, need, basic, out, account, err);
	rc = auth_admin_check(env, limiter, need, basic, &known, out, err);
	if (known) {
		snprintf(account, AUTH_USER_MAX + 1, "%s", out->requester.name);
		return rc == GH_E_AUTH_FAILED && (need & AUTH_USER) != 0
		    ? pretend_directory(env, need, basic, err)
		    : rc;
	}
	if (rc != GH_E_AUTH_FAILED)
		return rc;
	if ((need & AUTH_USER) != 0)
		rc = check_directory(env, limiter, need, basic, out, account, err);
	if (rc == GH_E_AUTH_FAILED) {
		struct gh_error own;
		int busy = auth_admin_pretend(basic, &own);

		if (busy != 0)
			return gh_fail(err, busy, "%s", own.detail);
	}
	return rc;
}

static int
user_by_basic(struct worker_env *env, struct auth_limiter *limiter, unsigned need,
    const struct auth_basic *basic, struct auth_result *out, struct auth_guess *guess,
    struct gh_error *err)
{
	const char *address = out->requester.address;
	int64_t now = gh_now_us() / 1000000;
	int rc;

	set_name(&out->requester, basic->user);
	snprintf(guess->user, sizeof(guess->user), "%s", basic->user);
	if ((rc = auth_limiter_check_user(limiter, basic->user, address, err)) != 0)
		return rc;
	rc = check_password(env, limiter, need, basic, out, guess->user, err);
	guess->is_one = rc == GH_E_AUTH_FAILED;
	if (rc == 0) {
		auth_limiter_succeed(limiter, guess->user, address, now);
		/* as he spelled himself, which is all that is known before he is looked up */
		auth_limiter_succeed(limiter, basic->user, address, now);
	}
	return rc;
}

/* The administrator named an identity that must exist: the caller can do nothing about it. */
static int
user_by_service(struct worker_env *env, struct auth_result *out, struct gh_error *err)
{
	struct dir_entry *e = NULL;
	int rc;

	set_name(&out->requester, out->app->service_identity);
	rc = dir_find(env->dir, out->app->service_identity, &e, err);
	if (rc == GH_E_NOT_IN_DIRECTORY)
		return gh_fail(err, GH_E_FORBIDDEN,
		    "service identity %s of application %s is not in the "
		    "directory",
		    out->app->service_identity, out->app->name);
	if (rc == 0 && e->is_disabled) {
		dir_entry_free(e);
		return gh_fail(err, GH_E_FORBIDDEN,
		    "service identity %s of application %s is disabled", out->app->service_identity,
		    out->app->name);
	}
	if (rc == 0)
		rc = auth_entry_accept(env, e, out, err);
	/* whoever has the application's key speaks for it */
	auth_entry_drop_groups(&out->requester);
	return rc;
}

int
auth_user_check(struct worker_env *env, struct auth_limiter *limiter, unsigned need,
    const struct gh_http_request *http, const struct auth_given *given, struct auth_result *out,
    struct auth_guess *guess, struct gh_error *err)
{
	const struct auth_basic *basic = &given->basic;
	int rc = given->parsed;

	memset(guess, 0, sizeof(*guess));
	if (rc == 0)
		return user_by_basic(env, limiter, need, basic, out, guess, err);
	*err = given->err;
	if (rc == GH_E_AUTH_FAILED && basic->user[0] != '\0')
		set_name(&out->requester, basic->user);
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
