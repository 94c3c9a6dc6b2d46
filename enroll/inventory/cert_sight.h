/*
 * Who sees which certificate: the one place for lists, counts, files, single ones, their metadata
 * and history. docs/inventory.md, "Who sees what". Seeing is not changing: who may revoke, renew
 * and write metadata, their own places say.
 */
#ifndef ENROLL_CERT_SIGHT_H
#define ENROLL_CERT_SIGHT_H

#include "catalog/catalog.h"
#include "dir.h"
#include "store/inventory/cert_view.h"
#include "store/status/revocation.h"

/*
 * All for who has a role of revoke_sees_all; else his own, and what rules show to groups of his
 * entry (NULL: none) where his groups count (requester.has_groups). *out borrows who, and is the
 * caller's. GH_E_NOMEM.
 */
int cert_sight(const struct catalog *c, const struct requester *who, const struct dir_entry *entry,
    struct cert_view *out, struct gh_error *err) GH_MUSTCHECK;
/* Does he see what is not public of this one? By the same value. */
int cert_sight_has(struct store *store, const struct catalog *c, const struct requester *who,
    const struct dir_entry *entry, const struct store_cert_status *cert, bool *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
