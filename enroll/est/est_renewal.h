/* The certificate that a client of EST presents, and wants another one for (RFC 7030, 4.2.2). */
#ifndef ENROLL_EST_RENEWAL_H
#define ENROLL_EST_RENEWAL_H

#include "call.h"
#include "catalog/est_label.h"
#include "renewal.h"

/*
 * The certificate of the connection must be one of ours, and req->csr a request for the same names:
 * subjects compare as RFC 5280, 7.1 says, SANs as the set of their DER; what is absent in one is
 * absent in both. Also with ChangeSubjectName, by which the client asks for others. Key and time by
 * the label. of, req->follows: which certificate it is. GH_E_FORBIDDEN (public), GH_E_CSR.
 */
int est_renewal_check(struct worker_env *env, const struct call *call,
    const struct est_label *label, struct enroll_request *req, char of[RENEWAL_OF_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

/* Seconds before its end from which on a certificate is renewed at this label; 0: at any time. */
int64_t est_renewal_window(const struct worker_env *env, const struct est_label *label);

/* Where the label renews each certificate once: the one of the connection, if that is who asks, is
 * not one that was renewed. GH_E_FORBIDDEN (public). */
int est_renewal_check_unspent(struct worker_env *env, const struct call *call,
    const struct est_label *label, struct gh_error *err) GH_MUSTCHECK;

/*
 * Where the label renews each certificate once: a certificate of ours says who asks, so that
 * whatever is issued to him must be its renewal, or each copy of its key could begin a line of its
 * own. Not of an RA, which asks for others.
 */
bool est_renewal_is_due(const struct call *call, const struct est_label *label);
/* The call, which is none of simplereenroll, need not be one; and est_renewal_check_unspent.
 * GH_E_FORBIDDEN (public). */
int est_renewal_check_first(struct worker_env *env, const struct call *call,
    const struct est_label *label, struct gh_error *err) GH_MUSTCHECK;

#endif
