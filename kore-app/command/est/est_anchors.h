/* Trust anchors of a label of EST, from a file and for people. */
#ifndef EST_ANCHORS_H
#define EST_ANCHORS_H

#include "error.h"
#include "json.h"

/* PEM: a list of their DER in base64, for est_label_load; path "": null. *out is the caller's.
 * GH_E_CONF. */
int est_anchors_read(const char *path, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* The subjects of such a list, or null. NULL: out of memory. */
gh_json *est_anchors_names(const gh_json *list);

#endif
