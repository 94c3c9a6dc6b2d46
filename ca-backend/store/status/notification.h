/* Who is to be told of what: rows that triggers write in the transaction that they tell of
 * (migration 0011). They are read by store_list (STORE_LIST_NOTIFICATIONS). docs/jobs.md */
#ifndef STORE_NOTIFICATION_H
#define STORE_NOTIFICATION_H

#include "store/store.h"

/* Remove at most 1000 that were written more than so many days ago, sent or not. *removed 0: there
 * are none left. */
int store_remove_notifications(struct store *s, int days, int *removed,
    struct gh_error *err) GH_MUSTCHECK;
/* How many all removals would remove. */
int store_count_old_notifications(struct store *s, int days, int64_t *n,
    struct gh_error *err) GH_MUSTCHECK;

#endif
