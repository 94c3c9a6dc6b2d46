/* Role and database for a gateway, made by who may; and what the server says of itself. For
 * `gatehouse setup`. */
#ifndef STORE_PROVISION_H
#define STORE_PROVISION_H

#include "store/store.h"

#define STORE_NAME_SIZE 64 /* PostgreSQL's names have 63 bytes at most */

/* What a connection string says, with libpq's own defaults. */
struct store_target {
	char host[256]; /* "" or a folder: a unix socket */
	char port[16];
	char user[STORE_NAME_SIZE];     /* "" = as the process runs */
	char database[STORE_NAME_SIZE]; /* "" = as the user */
	bool has_password;
};
/* GH_E_CONF: not a connection string, or a name is too long. */
int store_target_parse(const char *conninfo, struct store_target *out,
    struct gh_error *err) GH_MUSTCHECK;
bool store_target_is_local(const struct store_target *t);

/*
 * On a connection of an administrator (its own database, "postgres" as a rule): make the role,
 * which may log in, and the database, which belongs to it, unless they are there. password: of a
 * new role; NULL = none. The password itself never reaches the server's log. GH_E_FORBIDDEN: the
 * administrator may not.
 */
struct store_provision {
	bool role_made, database_made;
};
int store_provision(struct store *admin, const char *role, const char *database,
    const char *password, struct store_provision *out, struct gh_error *err) GH_MUSTCHECK;

/* Of the server that s is connected to. */
struct store_facts {
	int version;  /* 150005 = 15.5 */
	bool is_utf8; /* encoding of the database */
	bool is_standby;
	int64_t skew_ms; /* as store_clock_skew has it */
};
int store_facts(struct store *s, struct store_facts *out, struct gh_error *err) GH_MUSTCHECK;

#endif
