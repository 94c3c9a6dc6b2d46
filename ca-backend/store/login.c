/*
 * PostgreSQL's "peer" log-in asks the kernel who called connect(2). A command that root runs must
 * be the gateway's user in that moment, for root has no role in the database. Only the connection
 * is made so: files stay root's.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_private.h"

int
store_log_in_as(struct store *s, const char *user, struct gh_error *err)
{
	const struct passwd *pw;
	struct store_login *l = &s->login;

	if (geteuid() != 0 || user[0] == '\0')
		return 0;
	pw = getpwnam(user);
	if (pw == NULL)
		return gh_refuse(err, GH_E_CONF, "there is no user \"%.60s\"", user);
	l->groups_n = STORE_LOGIN_GROUPS;
	if (getgrouplist(user, pw->pw_gid, l->groups, &l->groups_n) < 0)
		return gh_refuse(err, GH_E_CONF, "user \"%.60s\" is in more than %d groups", user,
		    STORE_LOGIN_GROUPS);
	l->uid = pw->pw_uid;
	l->gid = pw->pw_gid;
	l->is_set = true;
	return 0;
}

bool
store_login_enter(const struct store_login *l, struct store_login_saved *saved)
{
	memset(saved, 0, sizeof(*saved));
	/* a process that is root no longer is that user already */
	if (!l->is_set || geteuid() != 0)
		return true;
	saved->uid = geteuid();
	saved->gid = getegid();
	saved->groups_n = getgroups(STORE_LOGIN_GROUPS, saved->groups);
	if (saved->groups_n < 0 || setgroups((size_t)l->groups_n, l->groups) != 0)
		return false;
	saved->is_changed = true;
	if (setegid(l->gid) == 0 && seteuid(l->uid) == 0)
		return true;
	store_login_leave(saved);
	return false;
}

void
store_login_leave(const struct store_login_saved *saved)
{
	if (!saved->is_changed)
		return;
	/* going on as another user than the rest of the program believes would be worse than
	 * ending */
	if (seteuid(saved->uid) != 0 || setegid(saved->gid) != 0 ||
	    setgroups((size_t)saved->groups_n, saved->groups) != 0)
		abort();
}
