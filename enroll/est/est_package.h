/*
 * What waits for a client: GET /.well-known/est/[LABEL/]OPERATION and OPERATION/{id} for
 * symmetrickeys, firmware, tamp (RFC 8295, 5 to 7), and eecerts (3). docs/est-packages.md
 */
#ifndef ENROLL_EST_PACKAGE_H
#define ENROLL_EST_PACKAGE_H

#include "call.h"

/* The package with that number, where it is his: what is another's is answered as what is not
 * there. Without a number the oldest that he has not fetched, else the newest. 404: there is none.
 */
void est_symmetrickeys(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void est_firmware(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void est_tamp(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* The same for certificates; all of his without a number, also for who says not who he is. */
void est_eecerts(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
