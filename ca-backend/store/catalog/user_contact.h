/* Where local administrators are told of what happens. A row has a MAC of its own: who writes one
 * past Gatehouse has nobody told at another address. */
#ifndef STORE_USER_CONTACT_H
#define STORE_USER_CONTACT_H

#include "store/store.h"

struct user_contact {
	char name[256], email[256], language[36]; /* language "": not known */
	unsigned roles;
	bool enabled;
};

/* email "": he is told no more. With an audit row "user.changed". GH_E_NOT_FOUND (public). */
int store_set_user_contact(struct store *s, const struct requester *who, const char *name,
    const char *email, const char *language, struct gh_error *err) GH_MUSTCHECK;
/* All who have one. *out: array of *n, by free. Rows that were changed past Gatehouse are logged
 * and left out; without the gateway secret there are none. */
int store_user_contacts(struct store *s, struct user_contact **out, size_t *n,
    struct gh_error *err) GH_MUSTCHECK;

#endif
