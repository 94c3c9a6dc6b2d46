/* POST /.well-known/est/[LABEL/]simpleenroll (RFC 7030, 4.2). */
#ifndef ENROLL_EST_ENROLL_H
#define ENROLL_EST_ENROLL_H

#include "call.h"

/* A PKCS#10 goes through the pipeline with the template of the label. 200 with the certificate and
 * no other; 202 while it waits for an officer: the client sends it again (est_poll.h). */
void est_simpleenroll(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/*
 * POST /.well-known/est/[LABEL/]simplereenroll (RFC 7030, 4.2.2): the same for another certificate
 * of the names in the client certificate of the connection, or, by ChangeSubjectName, of others,
 * which the template must allow as it does those of a first one. est_renewal.h
 */
void est_simplereenroll(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
