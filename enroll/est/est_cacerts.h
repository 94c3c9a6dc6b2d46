/* GET /.well-known/est/[LABEL/]cacerts (RFC 7030, 4.1). */
#ifndef ENROLL_EST_CACERTS_H
#define ENROLL_EST_CACERTS_H

#include "call.h"
#include "catalog/est_label.h"

/*
 * Certificates of the CA of the label, or of all that issue where rules choose one: intermediates,
 * then roots, each once. A root that was renewed with a new key comes with its older certificate
 * and those that certify one key by the other (OldWithNew, NewWithOld; RFC 4210, 4.4).
 */
void est_cacerts(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* What it answers: malloc'd DER. GH_E_CA_UNAVAILABLE: the label has no CA. */
int est_cacerts_make(const struct worker_env *env, const struct est_label *label,
    unsigned char **der, size_t *len, struct gh_error *err) GH_MUSTCHECK;

#endif
