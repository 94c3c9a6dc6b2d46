/* The audit trail, sent to a collector of syslog. docs/monitoring.md#syslog */
#ifndef SYSLOG_SEND_H
#define SYSLOG_SEND_H

#include "conf.h"
#include "progress.h"
#include "requester.h"
#include "store/store.h"

struct syslog_sent {
	int64_t rows;
	int64_t wrong; /* of them: places of rows that are not as they were sealed */
};

/* All sealed rows that were not sent yet, in pages; each at least once. who: of the row that tells
 * of the first time. *sent: also after a failure. GH_E_BUSY: the collector; GH_E_CONFLICT: what was
 * sent is not there any more. */
int syslog_send(const struct gh_conf *conf, struct store *s, const struct requester *who,
    const struct gh_progress *progress, struct syslog_sent *sent,
    struct gh_error *err) GH_MUSTCHECK;

#endif
