/* What came of a request that is recorded. */
#ifndef ENROLL_KF_OUTCOME_H
#define ENROLL_KF_OUTCOME_H

#include "kf_ask.h"

/* request: as rest_submit answers. *row: the certificate as rest_certificate tells it, NULL while
 * the request waits; the caller's. false: rep tells why not. */
bool kf_outcome_row(struct worker_env *env, const struct call *call, const gh_json *request,
    gh_json **row, struct gh_http_reply *rep) GH_MUSTCHECK;
/* CertificateInformation of both; id_name: what the id of the certificate is called. NULL: out of
 * memory. */
gh_json *kf_information(const struct worker_env *env, const gh_json *request, const gh_json *row,
    const char *id_name, bool with_chain);
/* The answer of Enrollment/CSR. */
void kf_outcome_tell(struct worker_env *env, const struct call *call, const gh_json *request,
    bool with_chain, struct gh_http_reply *rep);

/* Of a CertificateAuthority: "host\\name" is "name". */
const char *kf_logical_name(const char *ca);

#endif
