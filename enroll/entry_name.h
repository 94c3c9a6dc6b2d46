/* What an entry of the directory is called here. */
#ifndef ENROLL_ENTRY_NAME_H
#define ENROLL_ENTRY_NAME_H

#include "conf.h"
#include "dir.h"
#include "requester.h"

/*
 * One user, one name, however it was spelled: the account name, with the domain when there is one
 * configured. Requests of a user are found again by it. *out stays as it is when the entry has no
 * account name, and when that is too long: then false.
 */
bool entry_name(const struct gh_conf *conf, const struct dir_entry *e, char *out,
    size_t size) GH_MUSTCHECK;

/* Who he is, with kind, name, DN and id and without roles; name: as he was asked for, for an entry
 * without an account name. false: name or DN is too long to be recorded. */
bool entry_requester(const struct gh_conf *conf, const struct dir_entry *e, const char *name,
    struct requester *out) GH_MUSTCHECK;

#endif
