/* GET /.well-known/est/[LABEL/]crls and crls/{id}: CRLs in a PKCS#7 without certificates and
 * signers (RFC 8295, 4). Also for who says not who he is. */
#ifndef ENROLL_EST_CRLS_H
#define ENROLL_EST_CRLS_H

#include "call.h"
#include "catalog/est_label.h"
#include "crl/crl_cache.h"

/* All of the label, or that of the CA with this number. 404: there is none. */
void est_crls(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* The newest complete CRLs of the CA of the label and of those above it here, or, where rules
 * choose the CA, of all that issue: at most EST_CRLS_MAX. Each has one reference of its body for
 * the caller, also after a failure: est_crls_release. */
#define EST_CRLS_MAX 64
struct est_crl_list {
	struct crl_cached crl[EST_CRLS_MAX];
	const struct ca *ca[EST_CRLS_MAX];
	size_t n;
};
int est_crls_find(const struct worker_env *env, const struct est_label *label,
    struct est_crl_list *out, struct gh_error *err) GH_MUSTCHECK;
void est_crls_release(struct est_crl_list *l);

/* What records of delivery call it. */
#define EST_CRL_OBJECT_SIZE 32
char *est_crls_object(const struct ca *ca, char out[EST_CRL_OBJECT_SIZE]);

#endif
