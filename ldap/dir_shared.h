/* What the files of ldap/ share behind dir.h. */
#ifndef DIR_SHARED_H
#define DIR_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"

#include "cache.h"
#include "server_connection.h"
#include "name.h"
#include "dir_profile.h"
#include "watchdog.h"

#define DIR_URIS_MAX 8
#define DIR_CACHE_KEY 32

struct dir_shared {
	const struct gh_conf *conf; /* borrowed */
	struct dir_profile profile;
	struct dir_watchdog *dog;
	struct dir_cache *entries;        /* name or DN -> struct dir_entry */
	struct dir_cache *binds;          /* name -> successful bind, see authenticate.c */
	unsigned char key[DIR_CACHE_KEY]; /* of the hashes in binds; random, of this process only */
	char *password;                   /* of the service account; NULL = anonymous */
	char *uri[DIR_URIS_MAX];
	size_t uris;
	int64_t down_until[DIR_URIS_MAX]; /* atomic, monotonic µs: this URI failed, ask it last */
	int is_slow[DIR_URIS_MAX];        /* atomic: it failed by not answering in time */
	int is_probed[DIR_URIS_MAX];      /* atomic: a thread waits for this slow one */
};

/* One thread's access. The service connection never carries another identity than the service
 * account's; users' passwords are tried on the login connection, which is used for nothing else. */
struct dir {
	struct dir_shared *s;
	struct dir_conn service, login;
	bool never_waits; /* the caches answer, or GH_E_BUSY */
};

/* Key of a name in the caches: lower case, since directories compare names so. */
#define DIR_KEY_SIZE (DIR_NAME_MAX + 1)
bool dir_shared_key(const char *name, char key[DIR_KEY_SIZE]) GH_MUSTCHECK; /* false: no name */

#endif
