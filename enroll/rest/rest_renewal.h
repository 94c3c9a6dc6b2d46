/*
 * ?renew=ID of POST /pki/request/{profile}: the request takes the place of a certificate that ends
 * soon. Nothing is taken from the old one and no rule is left out; it only must be one that its
 * holder may renew now, so that a script that runs each day asks for nothing before it is due.
 */
#ifndef ENROLL_REST_RENEWAL_H
#define ENROLL_REST_RENEWAL_H

#include "rest.h"

#define REST_RENEWAL_SIZE 128

/*
 * Without the parameter *detail is "", *renewed 0, and nothing is checked; else *renewed is what is
 * renewed, and *detail says so for the audit row. The certificate must be the caller's own
 * (requester_is_same, also for officers), of this profile, neither revoked nor on hold, not ended,
 * and within the renewal window of the template. GH_E_VALIDATION (in fields; also for parameters
 * that there are not), GH_E_NOT_FOUND: none of the caller's; GH_E_CONFLICT: not now.
 */
int rest_renewal_check(struct worker_env *env, const struct call *call, struct rest_fields *fields,
    int64_t *renewed, char detail[REST_RENEWAL_SIZE], struct gh_error *err) GH_MUSTCHECK;
/* The same of a certificate and a profile that are known. */
int rest_renewal_check_of(struct worker_env *env, const struct requester *who, const char *profile,
    int64_t id, char detail[REST_RENEWAL_SIZE], struct gh_error *err) GH_MUSTCHECK;

#endif
