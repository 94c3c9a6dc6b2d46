/* The text format of Prometheus, version 0.0.4: what all metrics begin with. */
#ifndef METRICS_EXPOSITION_H
#define METRICS_EXPOSITION_H

#include "buf.h"

/* HELP and TYPE. type: "counter", "gauge", "histogram". */
void exposition_put_head(struct gh_buf *b, const char *name, const char *type, const char *help);
/* A whole gauge without labels. */
void exposition_put_gauge(struct gh_buf *b, const char *name, const char *help, long long value);
/* NAME="VALUE" with the escapes of the format. */
void exposition_put_label(struct gh_buf *b, const char *name, const char *value);

#endif
