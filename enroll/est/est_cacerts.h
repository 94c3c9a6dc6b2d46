/* GET /.well-known/est/[LABEL/]cacerts (RFC 7030, 4.1). */
#ifndef ENROLL_EST_CACERTS_H
#define ENROLL_EST_CACERTS_H

#include "call.h"

/*
 * Certificates of the CA of the label, or of all that issue where rules choose one: intermediates,
 * then roots, each once. A root that was renewed with a new key comes with its older certificate
 * and those that certify one key by the other (OldWithNew, NewWithOld; RFC 4210, 4.4).
 */
void est_cacerts(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
