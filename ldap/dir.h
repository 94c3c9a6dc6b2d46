/*
 * Active Directory and OpenLDAP, read through libldap. A struct dir is one thread's access (service
 * connection, reconnecting); struct dir_shared is what the threads of a process share:
 * configuration, attribute cache, cache of successful binds, watchdog. Blocking: pool threads only.
 *
 * Every operation ends within its deadline: a watchdog thread shuts the socket down, since
 * libldap's own timeouts do not bound a TLS handshake.
 *
 * "Directory down" (GH_E_DIR_DOWN) is never confused with "not found".
 */
#ifndef DIR_H
#define DIR_H

#include "conf.h"
#include "dir_entry.h"
#include "error.h"

struct dir_shared;
struct dir;

/*
 * conf must outlive it. Starts the watchdog thread, so call it after a fork, and before other
 * threads run: it also sets LDAPNOINIT in the environment (libldap shall not read ldap.conf) and
 * ignores SIGPIPE unless a handler is set. GH_E_CONF with a message that names the option; no
 * connection is made yet. Note for URIs: libldap checks the certificate of "localhost" against the
 * machine's own name.
 */
int dir_shared_new(const struct gh_conf *conf, struct dir_shared **out,
    struct gh_error *err) GH_MUSTCHECK;
void dir_shared_free(struct dir_shared *s); /* after all its struct dir */
int dir_new(struct dir_shared *s, struct dir **out, struct gh_error *err) GH_MUSTCHECK;
void dir_free(struct dir *d);
/* From now on, and until it is said otherwise: may a call wait for the directory? If not, the
 * caches answer; what would need the directory is GH_E_BUSY at once, and changes nothing. */
void dir_set_waiting(struct dir *d, bool may_wait);

/*
 * The one entry of a user or computer name in any usual spelling: "alice", "DOMAIN\\alice",
 * "alice@realm", "HOST$", "host/FQDN". Cached for at most directory.cache_seconds (<= 60). *out is
 * referenced for the caller. GH_E_NOT_IN_DIRECTORY: none or more than one (detail says which).
 */
int dir_find(struct dir *d, const char *name, struct dir_entry **out,
    struct gh_error *err) GH_MUSTCHECK;
/* The same, asked of the directory and not of the cache; a password that was right under this name
 * is not remembered any more either. */
int dir_find_anew(struct dir *d, const char *name, struct dir_entry **out,
    struct gh_error *err) GH_MUSTCHECK;
/* The same by DN, base scope. */
int dir_find_dn(struct dir *d, const char *dn, struct dir_entry **out,
    struct gh_error *err) GH_MUSTCHECK;

/* The same by objectGUID or entryUUID as text: whoever an entry has become, under any name. Below
 * directory.base, and not cached. */
int dir_find_id(struct dir *d, const char *id, struct dir_entry **out,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * Verify a password by a simple bind over TLS as the entry's DN. An empty password is refused
 * before any bind (RFC 4513, 5.1.2); one with a NUL inside is the caller's to refuse. Success may
 * come from the cache (salted hash, at most directory.bind_cache_seconds <= 60). *out as dir_find.
 * GH_E_AUTH_FAILED: unknown user, not unique, wrong or empty password: one answer;
 * GH_E_ACCOUNT_DISABLED: disabled, expired or locked, only told when the password was right.
 */
int dir_authenticate(struct dir *d, const char *name, const char *password, struct dir_entry **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
