/* The directory, step by step: what an enrollment needs of it, for `gatehouse directory test` and
 * `gatehouse doctor`. */
#ifndef DIRECTORY_CHECK_H
#define DIRECTORY_CHECK_H

#include "dir.h"

#include "health/findings.h"

/* Each configured server: resolve, connect, TLS, log-in, base, kind; the clock of a domain
 * controller. Ends with the first wrong step of each. false: no server works. */
bool directory_check_servers(const struct gh_conf *conf, struct dir_shared *shared,
    struct findings *f);

/* The entry of a user, its groups and SID, and with a password (else NULL) its log-in. *out:
 * referenced, or NULL. */
void directory_check_user(const struct gh_conf *conf, struct dir *dir, const char *name,
    const char *password, struct findings *f, struct dir_entry **out);

#endif
