/* Gauges of what the database knows (store/status/gauge.h), as Prometheus text for
 * metrics_state_publish. No Kore type here. */
#ifndef STATE_GAUGES_H
#define STATE_GAUGES_H

#include "conf.h"
#include "store/store.h"

/* The lines of store_gauges, as this configuration wants them. */
int state_gauges_read(const struct gh_conf *conf, struct store *s, gh_json **lines,
    struct gh_error *err) GH_MUSTCHECK;

/* Reads them anew when no worker of this node has for STATE_GAUGES_SECONDS. A failure leaves what
 * was there. */
#define STATE_GAUGES_SECONDS 15
int state_gauges_refresh(const struct gh_conf *conf, struct store *s,
    struct gh_error *err) GH_MUSTCHECK;

#endif
