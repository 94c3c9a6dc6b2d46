/* What the package availability list says of certificates of the client's own (RFC 8295, 2.1.1:
 * types 0006 to 0019): one may be asked for, is ready, was denied, or is to be renewed. */
#ifndef ENROLL_EST_PAL_ENROLL_H
#define ENROLL_EST_PAL_ENROLL_H

#include "call.h"
#include "catalog/est_label.h"
#include "package/package_list.h"
#include "package/pal.h"

struct est_pal_place {
	const struct est_label *label;
	const char *base; /* URI of the label */
	const struct package_list *packages;
	struct pal *pal;
};

int est_pal_enroll(struct worker_env *env, const struct call *call,
    const struct est_pal_place *place, struct gh_error *err) GH_MUSTCHECK;

#endif
