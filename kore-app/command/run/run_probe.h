/* Does the gateway, does the signer answer yet? One try each, bounded to half a second. */
#ifndef RUN_PROBE_H
#define RUN_PROBE_H

#include <stdbool.h>

#include "buf.h"
#include "conf.h"

bool run_probe_is_gateway_up(const struct gh_conf *conf); /* HTTPS, GET /healthz says 200 */
/* /readyz; what it says, with the head, NUL-ended in *out, which is to be freed in any case; empty
 * where there is no answer. */
bool run_probe_is_ready(const struct gh_conf *conf, struct gh_buf *out);
/* The text of /metrics, NUL-ended, in *out, which is to be freed in any case. false: no answer, or
 * it is refused: */
bool run_probe_metrics(const struct gh_conf *conf, struct gh_buf *out);
bool run_probe_is_signer_up(const char *socket_path); /* it accepts */

#endif
