/* May the account be used? */
#ifndef DIR_ACCOUNT_H
#define DIR_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "dir_entry.h"

/* userAccountControl and accountExpires of the entry; now: UTC seconds. */
bool dir_account_is_disabled(const struct dir_entry *e, int64_t now);

#endif
