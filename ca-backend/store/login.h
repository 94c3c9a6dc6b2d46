/* As which operating system user a connection is made. Private to the store. */
#ifndef STORE_LOGIN_H
#define STORE_LOGIN_H

#include <stdbool.h>
#include <sys/types.h>

#define STORE_LOGIN_GROUPS 256

struct store_login {
	bool is_set; /* false: as the process runs */
	uid_t uid;
	gid_t gid;
	gid_t groups[STORE_LOGIN_GROUPS];
	int groups_n;
};

/* What the process was before. */
struct store_login_saved {
	bool is_changed;
	uid_t uid;
	gid_t gid;
	gid_t groups[STORE_LOGIN_GROUPS];
	int groups_n;
};

/* Effective user and groups of the whole process. false: errno tells, nothing is changed. */
bool store_login_enter(const struct store_login *l, struct store_login_saved *saved);
/* Cannot fail for who may enter; a process that cannot go back ends. */
void store_login_leave(const struct store_login_saved *saved);

#endif
