/* What POST /csr/process answers, as JSON. docs/csr.md */
#ifndef ENROLL_CSR_ANSWER_H
#define ENROLL_CSR_ANSWER_H

#include "csr_submit.h"

#define CSR_PROCESS "/csr/process"
#define CSR_PAGE "/requests/" /* and a number: the page of a request */

/* POST /csr/process: all of it, answered as JSON. */
void csr_process(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* The answer behind csr_finish. */
void csr_answer(struct worker_env *env, struct csr_submission *s, struct gh_http_reply *rep);

#endif
