/* Gauges of what the database knows (store/status/gauge.h) and what the signer can use, as
 * Prometheus text for metrics_state_publish. No Kore type here. */
#ifndef STATE_GAUGES_H
#define STATE_GAUGES_H

#include "conf.h"
#include "issuing/ca_set.h"
#include "store/store.h"

/* The lines of store_gauges, as this configuration wants them. */
int state_gauges_read(const struct gh_conf *conf, struct store *s, gh_json **lines,
    struct gh_error *err) GH_MUSTCHECK;

/* Reads them anew when no worker of this node has for STATE_GAUGES_SECONDS; without a signer, or
 * CAs, there are none of keys. A failure leaves what was there. */
#define STATE_GAUGES_SECONDS 15
int state_gauges_refresh(const struct gh_conf *conf, struct store *s, const struct ca_set *cas,
    struct signer_client *signer, struct gh_error *err) GH_MUSTCHECK;

#endif
