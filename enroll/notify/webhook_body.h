/* What a webhook gets. */
#ifndef NOTIFY_WEBHOOK_BODY_H
#define NOTIFY_WEBHOOK_BODY_H

#include "store/status/notification.h"

/* One line of JSON, malloc'd: {"id","event","time","object","facts","url"}. id: of the delivery;
 * url: of the gateway, "" = none. The same for each attempt. GH_E_NOMEM. */
int webhook_body(const struct notification *n, const char *id, const char *url, char **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
