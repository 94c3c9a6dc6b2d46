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

#include "store/revocation.h"
#include "timestamp.h"

#include "auth_basic.h"
#include "auth_cert.h"
#include "auth_limit.h"
#include "auth_password.h"
#include "auth_user.h"

/* The claimed name, for log and audit also when the claim is false. */
static void
set_name(struct requester *r, const char *name)
{
	snprintf(r->name, sizeof(r->name), "%s", name);
}

/*
 * One user, one name, however it was spelled at log-in: the account name, with the domain when there is one
 * configured. Requests of a user are found again by it.
 */
static void
set_canonical_name(struct requester *r, const struct gh_conf *conf, const struct dir_entry *e)
{
	const char *account = dir_entry_text(e, DIR_SAM_ACCOUNT_NAME);
	const char *domain = conf->directory.netbios_domain;
	bool has_domain = domain != NULL && *domain != '\0';
	char name[sizeof(r->name)];
	int n;

	if (account == NULL)
		return;
	n = snprintf(name, sizeof(name), "%s%s%s", has_domain ? domain : "", has_domain ? "\\" : "", account);
	if (n > 0 && (size_t)n < sizeof(name))
		memcpy(r->name, name, (size_t)n + 1);
}

/* Is the entry in one of the groups? They are separated by semicolons. */
static bool
is_in_any(const struct dir_entry *e, const char *groups)
{
	char group[1024];

	while (groups != NULL && *groups != '\0') {
		size_t n;

		groups += strspn(groups, "; ");
		n = strcspn(groups, ";");
		if (n > 0 && n < sizeof(group)) {
			memcpy(group, groups, n);
			group[n] = '\0';
			if (dir_entry_is_member(e, group))
				return true;
		}
		groups += n;
	}
	return false;
}

static unsigned
roles_of(const struct gh_conf *conf, const struct dir_entry *e)
{
	return (is_in_any(e, conf->roles.admin_groups) ? REQUESTER_ROLE_ADMIN : 0) |
	    (is_in_any(e, conf->roles.officer_groups) ? REQUESTER_ROLE_OFFICER : 0) |
	    (is_in_any(e, conf->roles.auditor_groups) ? REQUESTER_ROLE_AUDITOR : 0);
}

/* Takes over the reference of e. */
static int
accept_entry(const struct enroll_env *env, struct dir_entry *e, struct auth_result *out,
    struct gh_error *err)
{
	if (strlen(e->dn) >= sizeof(out->requester.dn)) {
		dir_entry_free(e);
		return gh_fail(err, GH_E_AUTH_FAILED, "DN of the entry is too long");
	}
	if (e->is_disabled) {
		dir_entry_free(e);
		return gh_fail(err, GH_E_ACCOUNT_DISABLED, "entry is disabled");
	}
	out->requester.kind = REQUESTER_DIRECTORY;
	strcpy(out->requester.dn, e->dn);
	out->requester.roles = roles_of(env->conf, e);
	set_canonical_name(&out->requester, env->conf, e);
	out->entry = e;
	return 0;
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
	return rc != 0 ? rc : accept_entry(env, e, out, err);
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

/* The directory finds by any name; the attribute must be the one that the certificate certifies. */
static int
check_attribute(const struct dir_entry *e, enum dir_attr a, const char *name, struct gh_error *err)
{
	for (size_t i = 0; i < e->attr[a].n; i++)
		if (e->attr[a].v[i].len == strlen(name) &&
		    strcasecmp((const char *)e->attr[a].v[i].data, name) == 0)
			return 0;
	return gh_fail(err, GH_E_AUTH_FAILED, "entry %s has not the %s of the client certificate", e->dn,
	    dir_attr_name(a));
}

/* One that we issued counts no more once it is revoked or on hold. Others are the business of their CAs, which TLS asks
 * nothing of. */
static int
check_not_revoked(struct enroll_env *env, const struct gh_http_request *http, struct gh_error *err)
{
	bool is_revoked;
	int rc = store_is_revoked(env->store, http->client_cert, http->client_cert_len, &is_revoked, err);

	if (rc != 0)
		return rc;
	return is_revoked ? gh_fail(err, GH_E_AUTH_FAILED, "client certificate is revoked or on hold") : 0;
}

static int
user_by_cert(struct enroll_env *env, const struct gh_http_request *http, struct auth_result *out,
    struct gh_error *err)
{
	bool by_mail = strcmp(env->conf->gateway.client_name, "mail") == 0;
	struct dir_entry *e = NULL;
	char *name = NULL;
	int rc;

	if ((rc = auth_cert_user(http->client_cert, http->client_cert_len,
	    by_mail ? AUTH_CERT_MAIL : AUTH_CERT_UPN, &name, err)) != 0)
		return rc;
	set_name(&out->requester, name);
	out->requester.via_client_cert = true;
	if ((rc = check_not_revoked(env, http, err)) == 0 && (rc = dir_find(env->dir, name, &e, err)) == 0 &&
	    (rc = check_attribute(e, by_mail ? DIR_MAIL : DIR_UPN, name, err)) != 0)
		dir_entry_free(e);
	free(name);
	if (rc == GH_E_NOT_IN_DIRECTORY)
		return gh_fail(err, GH_E_AUTH_FAILED, "user of the client certificate has no entry");
	return rc != 0 ? rc : accept_entry(env, e, out, err);
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
		rc = accept_entry(env, e, out, err);
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
		return user_by_cert(env, http, out, err);
	if (out->app != NULL && out->app->service_identity != NULL)
		return user_by_service(env, out, err);
	return (need & (AUTH_USER | AUTH_ADMIN)) != 0 ? rc : 0;
}
