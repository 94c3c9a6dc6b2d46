/* What the inventory knows of targets before they are asked. */
#ifndef SCAN_RECALL_H
#define SCAN_RECALL_H

#include "store/store.h"

#include "scan_target.h"

/* is_known[i]: when it was asked last, a process was lost with target i. The first 10000 of these
 * that there are; others stay as they are. */
int scan_recall(struct store *s, const struct scan_targets *t, bool *is_known,
    struct gh_error *err) GH_MUSTCHECK;

#endif
