/* Does the gateway, does the signer answer yet? One try each, bounded to half a second. */
#ifndef RUN_PROBE_H
#define RUN_PROBE_H

#include <stdbool.h>

#include "conf.h"

bool run_probe_is_gateway_up(const struct gh_conf *conf); /* HTTPS, GET /healthz says 200 */
bool run_probe_is_signer_up(const char *socket_path);     /* it accepts */

#endif
