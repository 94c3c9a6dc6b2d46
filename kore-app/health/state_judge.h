/* What the gauges of store/status/gauge.h say of a house: the rules of `gatehouse doctor` and
 * `gatehouse status`. Without I/O. docs/monitoring.md */
#ifndef STATE_JUDGE_H
#define STATE_JUDGE_H

#include "conf.h"
#include "json.h"

#include "findings.h"

/* gauges: as store_gauges gives them; now: UTC seconds. */
void state_judge(struct findings *f, const struct gh_conf *conf, const gh_json *gauges,
    int64_t now);

#endif
