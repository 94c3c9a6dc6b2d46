/*
 * Who owns which names: the list of `gatehouse name`, as an immutable value that is asked for each
 * name of a request. A look-up costs a few binary searches, whatever the length of the list.
 */
#ifndef NAME_OWNERS_H
#define NAME_OWNERS_H

#include "dir_entry.h"
#include "error.h"
#include "name_form.h"

/* The catalog takes no more (docs/naming.md says what it costs). */
#define NAME_OWNERS_MAX 100000
#define NAME_OWNER_SIZE 1024 /* bytes of an owner, with its NUL */

struct name_owner {
	enum name_kind kind; /* dns, email or ip */
	const char *pattern; /* in its form */
	const char *owner;   /* "group:NAME", "group:DN", "group:SID", "user:DN", "user:SID" or
				"user:UUID" */
};

struct name_owners;

/* May it stand in the list? Pattern in its form to out. GH_E_VALIDATION (public): a kind that
 * nobody owns, no pattern, a pattern that covers strangers' names, a group that everybody is in, a
 * user by a name that he may be able to change. */
int name_owner_check(const struct name_owner *o, char out[NAME_FORM_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

/* Copies list. Each must have passed name_owner_check, with its pattern in its form.
 * GH_E_NOMEM, GH_E_VALIDATION (more than NAME_OWNERS_MAX). */
int name_owners_new(const struct name_owner *list, size_t n, struct name_owners **out,
    struct gh_error *err) GH_MUSTCHECK;
void name_owners_free(struct name_owners *o);

/* The entry by which e has a name, in its form; NULL: none. o NULL: an empty list. Borrowed. */
const struct name_owner *name_owners_find(const struct name_owners *o, enum name_kind kind,
    const char *form, const struct dir_entry *e);

#endif
