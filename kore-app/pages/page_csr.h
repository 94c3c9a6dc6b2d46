/* The CSR form for people with a browser: upload, look at it, send it. docs/csr.md */
#ifndef PAGE_CSR_H
#define PAGE_CSR_H

#include "call.h"

/* GET /csr/upload: the form. */
void page_csr_upload(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* POST /csr/upload: what the request says and what would become of it, to be confirmed. Nothing is
 * recorded. */
void page_csr_preview(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* POST /csr/process: JSON as csr_process, or for a browser the page of the request (303), or the
 * form with what is wrong. */
void page_csr_process(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
