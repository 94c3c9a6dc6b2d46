/* How long something takes, counted in buckets; each update is one atomic addition. */
#ifndef METRICS_HISTOGRAM_H
#define METRICS_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#include "buf.h"

#define HISTOGRAM_BUCKETS 14 /* with an upper bound */

struct histogram {
	_Atomic uint64_t count[HISTOGRAM_BUCKETS + 1]; /* not cumulative; the last one is +Inf */
	_Atomic uint64_t sum_us;
};

void histogram_add(struct histogram *h, int64_t us);
/* Its lines, without HELP and TYPE. label: NULL = none. */
void histogram_put(struct gh_buf *b, const char *name, const char *label, const char *value,
    const struct histogram *h);

#endif
