/* What all requests for certificates over EST have in common. */
#ifndef ENROLL_EST_REQUEST_H
#define ENROLL_EST_REQUEST_H

#include "call.h"
#include "catalog/est_label.h"

#define EST_PKCS10_TYPE "application/pkcs10"

/* *req, which is empty: who asks, at which label, for its template. GH_E_NOMEM. */
int est_request_init(const struct call *call, const struct est_label *label,
    struct enroll_request *req, struct gh_error *err) GH_MUSTCHECK;
/* The PKCS#10 of the body. Errors of est_body_read; GH_E_CSR (public). */
int est_request_read(const struct call *call, struct ca_pkcs10 **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
