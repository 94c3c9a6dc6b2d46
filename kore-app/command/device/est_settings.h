/* est.json: where a device was enrolled, so that its renewal needs no options; and what is shown of
 * its certificate. */
#ifndef EST_SETTINGS_H
#define EST_SETTINGS_H

#include "est_device.h"

#define EST_KEY_TYPE "P-256" /* of new keys, where nothing else is said */

/* URL and label of the server that is open, and what verifies its TLS: ca.pem of the folder with
 * is_bootstrapped, else the file of the options. */
int est_settings_keep(const struct est_device *d, bool is_bootstrapped,
    struct gh_error *err) GH_MUSTCHECK;

/* Opens the server that est.json and the options name (these come first), with the certificate in
 * use as log-in. */
int est_settings_open(struct est_device *d, struct gh_error *err) GH_MUSTCHECK;

/* {"state", "subject", "serial", "not_before", "not_after", "dir"}. *out owned by the caller. */
int est_settings_describe(X509 *cert, const char *state, const char *dir, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
