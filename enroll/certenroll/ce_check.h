/* What each call of CertEnroll has to show beside its application and user. */
#ifndef ENROLL_CE_CHECK_H
#define ENROLL_CE_CHECK_H

#include "call.h"

enum enroll_protocol ce_protocol(const struct call *call);
/* v1, v2: tokens on, and a valid one. GH_E_TOKEN, GH_E_CLOCK. */
int ce_check_token(const struct worker_env *env, const struct call *call,
    struct gh_error *err) GH_MUSTCHECK;
/* v3: Timestamp (UTC seconds) within the window. GH_E_TIMESTAMP_WINDOW, GH_E_CLOCK. */
int ce_check_window(const struct worker_env *env, const struct call *call, int64_t timestamp,
    struct gh_error *err) GH_MUSTCHECK;

#endif
