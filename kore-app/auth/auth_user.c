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
find(const struct auth_attempt *a, struct dir_entry **e, struct gh_error *err)
{
	const char *name = a->given->basic.user;

	return (a->need & AUTH_ANEW) != 0 ? dir_find_anew(a->env->dir, name, e, err)
					  : dir_find(a->env->dir, name, e, err);
}

/* One account, one count, however its name was spelled: with domain, realm, or in other characters
 * that the directory takes for the same. */
static int
check_directory(const struct auth_attempt *a, struct gh_error *err)
{
	const struct auth_basic *basic = &a->given->basic;
	char *account = a->guess->user;
	struct worker_env *env = a->env;
	struct dir_entry *e = NULL;
	bool is_named;
	int rc = find(a, &e, err);

	if (rc == GH_E_NOT_IN_DIRECTORY)
		return gh_fail(err, GH_E_AUTH_FAILED, "no such user, or not unique");
	if (rc != 0)
		return rc;
	is_named = entry_name(env->conf, e, account, sizeof(a->guess->user));
	dir_entry_free(e);
	e = NULL;
	if (!is_named)
		return gh_fail(err, GH_E_AUTH_FAILED, "account name of the entry is too long");
	if ((rc = auth_limiter_check_user(a->limiter, account, a->out->requester.address, err)) ==
	    0)
		rc = dir_authenticate(env->dir, basic->user, basic->password, &e, err);
	if (rc == 0)
		rc = auth_entry_accept(env, e, a->out, err);
	if (rc == 0 && (a->need & AUTH_ANEW) != 0)
		rc = credential_mark_of_entry(env->server_secret, a->out->entry, a->out->mark, err);
	return rc;
}

/* A wrong password of an administrator takes the steps of a name that none has: it is looked for in
 * the directory. */
static int
pretend_directory(const struct auth_attempt *a, struct gh_error *err)
{
	struct dir_entry *e = NULL;
	struct gh_error own;
	int rc = find(a, &e, &own);

	if (rc != 0 && rc != GH_E_NOT_IN_DIRECTORY)
		return gh_fail(err, rc, "%s", own.detail);
	if (e != NULL)
		dir_entry_free(e);
	return GH_E_AUTH_FAILED;
}

/* A local administrator's name hides the same name in the directory, on routes for administrators
 * only. There, each refusal costs the same steps, so that its time does not tell who is one. */
static int
check_password(const struct auth_attempt *a, struct gh_error *err)
{
	bool known = false;
	int rc;

	if ((a->need & AUTH_ADMIN) == 0)
		return check_directory(a, err);
	rc = auth_admin_check(a, &known, err);
	if (known) {
		snprintf(a->guess->user, sizeof(a->guess->user), "%s", a->out->requester.name);
		return rc == GH_E_AUTH_FAILED && (a->need & AUTH_USER) != 0
		    ? pretend_directory(a, err)
		    : rc;
	}
	if (rc != GH_E_AUTH_FAILED)
		return rc;
	if ((a->need & AUTH_USER) != 0)
		rc = check_directory(a, err);
	if (rc == GH_E_AUTH_FAILED) {
		struct gh_error own;
		int busy = auth_admin_pretend(&a->given->basic, &own);

		if (busy != 0)
			return gh_fail(err, busy, "%s", own.detail);
	}
	return rc;
}

static int
user_by_basic(const struct auth_attempt *a, struct gh_error *err)
{
	const char *address = a->out->requester.address, *user = a->given->basic.user;
	int64_t now = gh_now_us() / 1000000;
	int rc;

	set_name(&a->out->requester, user);
	snprintf(a->guess->user, sizeof(a->guess->user), "%s", user);
	if ((rc = auth_limiter_check_user(a->limiter, user, address, err)) != 0)
		return rc;
	rc = check_password(a, err);
	a->guess->is_one = rc == GH_E_AUTH_FAILED;
	if (rc == 0) {
		auth_limiter_succeed(a->limiter, a->guess->user, address, now);
		/* as he spelled himself, which is all that is known before he is looked up */
		auth_limiter_succeed(a->limiter, user, address, now);
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
auth_user_check(const struct auth_attempt *a, struct gh_error *err)
{
	const struct auth_given *given = a->given;
	struct auth_result *out = a->out;
	unsigned need = a->need;
	int rc = given->parsed;

	memset(a->guess, 0, sizeof(*a->guess));
	if (rc == 0)
		return user_by_basic(a, err);
	*err = given->err;
	if (rc == GH_E_AUTH_FAILED && given->basic.user[0] != '\0')
		set_name(&out->requester, given->basic.user);
	if (rc != GH_E_AUTH_REQUIRED)
		return rc;
	/* Other kinds name directory users only. */
	if ((need & AUTH_ADMIN) != 0 && (need & AUTH_USER) == 0)
		return rc;
	if (a->http->client_cert != NULL)
		return auth_user_by_cert(a->env, a->http, out, err);
	if (out->app != NULL && out->app->service_identity != NULL)
		return user_by_service(a->env, out, err);
	return (need & (AUTH_USER | AUTH_ADMIN)) != 0 ? rc : 0;
}
