/* What the device table says of a request that came by a label of EST. docs/est-devices.md */
#ifndef ENROLL_DEVICE_CHECK_H
#define ENROLL_DEVICE_CHECK_H

#include "catalog/listed_device.h"
#include "env.h"
#include "formats/enroll_request.h"

/*
 * Before each certificate: is the device of req one of those that the label takes, and what is it
 * to be called? csr: what is asked; NULL: not known yet. names: from the table, empty where it has
 * none; the caller's. GH_E_FORBIDDEN (public): it is not listed, listed for other labels, or the
 * request names another one's serial number.
 */
int device_check(const struct worker_env *env, const struct enroll_request *req,
    const struct ca_pkcs10 *csr, struct csr_names *names, struct gh_error *err) GH_MUSTCHECK;

/* The listed device of an RA's request at this label, by the serial number that it asks for, since
 * an RA is trusted with whom it asks for. 0: none, or there are two. */
int64_t device_of_ra(const struct worker_env *env, const char *label, const struct ca_pkcs10 *csr);

#endif
