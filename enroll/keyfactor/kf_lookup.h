/* Which certificate a body means. */
#ifndef ENROLL_KF_LOOKUP_H
#define ENROLL_KF_LOOKUP_H

#include "kf_ask.h"

struct kf_lookup {
	int64_t id;  /* 0: it is named otherwise */
	char *query; /* of our handler; malloc'd */
};
/* By the member id_name, or Thumbprint, or SerialNumber and IssuerDN. query begins with "format=",
 * where there is a format. GH_E_BAD_REQUEST. kf_lookup_clear, also after a failure. */
int kf_lookup_read(const gh_json *body, const char *id_name, const char *format,
    struct kf_lookup *out, struct gh_error *err) GH_MUSTCHECK;
void kf_lookup_clear(struct kf_lookup *l);

/* The certificate as our handler tells it. false: rep tells why not. */
bool kf_lookup_ask(struct worker_env *env, const struct call *call, const struct kf_lookup *l,
    gh_json **row, struct gh_http_reply *rep) GH_MUSTCHECK;

#endif
