/* What a scan found, put into the inventory. */
#ifndef SCAN_RECORD_H
#define SCAN_RECORD_H

#include "inventory/cert_import.h"

#include "scan_probe.h"

struct scan_counts {
	int64_t served, failed, changed;
	int64_t ended_process; /* of those that failed */
};
/* The certificates of an endpoint, put in as those from elsewhere are, and where they were seen.
 * What the inventory does not take is the endpoint's error. */
int scan_record(const struct cert_import *in, const struct scan_target *t,
    const struct scan_result *r, struct scan_counts *counts, struct gh_error *err) GH_MUSTCHECK;

#endif
