/* The audit trail, sent to a collector of syslog. docs/monitoring.md#syslog */
#ifndef SYSLOG_SEND_H
#define SYSLOG_SEND_H

#include "conf.h"
#include "progress.h"
#include "store/store.h"

/* All sealed rows that were not sent yet, in pages; each at least once. *sent: how many, also after
 * a failure. */
int syslog_send(const struct gh_conf *conf, struct store *s, const struct gh_progress *progress,
    int64_t *sent, struct gh_error *err) GH_MUSTCHECK;

#endif
