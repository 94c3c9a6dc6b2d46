/* Clients of packages: whose dates and answers are kept, and which packages are theirs. */
#ifndef PACKAGE_CLIENT_H
#define PACKAGE_CLIENT_H

#include "dir.h"
#include "requester.h"

#define PACKAGE_CLIENT_SIZE 300

/* The same for one client at all times, and another one for each other: by id, where one is known
 * that nobody else ever gets, else by kind and name. */
void package_client_key(const struct requester *who, char out[PACKAGE_CLIENT_SIZE]);

/* Is a package with this audience (package_audience.h) for him? who NULL: for somebody of whom
 * nothing is known. entry: his; NULL: none, so that he is in no group. */
bool package_is_for(const char *audience, const struct requester *who,
    const struct dir_entry *entry);

#endif
