/* One number out of the text of /metrics. */
#ifndef METRICS_VALUE_H
#define METRICS_VALUE_H

#include <stdint.h>

/* Of a metric without labels, cut to a whole number; -1: it is not there, or is less than 0. */
int64_t metrics_value(const char *text, const char *name);

#endif
