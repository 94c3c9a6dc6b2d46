/*
 * CRLs over HTTP at /crl/FILE: SLUG.crl (complete), SLUG-delta.crl, SLUG-sN.crl (shard N), and the
 * same with .pem. The name of a CA is accepted in place of its slug. Bodies are kept in the
 * process as DER, shared by all replies; PEM is made of them while it is sent. They are
 * compared with the database at most once a second; while it is
 * unreachable, the last known ones are served.
 */
#ifndef ENROLL_CRL_SERVE_H
#define ENROLL_CRL_SERVE_H

#include "crl/crl_cache.h"

#include "call.h"

/* "issuing.pem": "issuing", and whether it is PEM. False: neither .crl nor .pem, or too long. */
bool crl_name_split(const char *name, char stem[CRL_FILE_SIZE], bool *is_pem);
/* name: without its suffix. GH_E_NOT_FOUND: not the form of a name, or no such CA. A CA whose slug
 * or name is the whole of it comes first. */
int crl_file_parse(const struct ca_set *cas, const char *name, struct crl_file *out,
    struct gh_error *err) GH_MUSTCHECK;

/* GET and HEAD of /crl/{name}; on a pool thread. */
void crl_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* The same from what is kept and was compared within the last second; false: ask crl_get. Does not
 * block. */
bool crl_get_cached(const struct gh_http_request *http, const char *file,
    struct gh_http_reply *rep);

#endif
