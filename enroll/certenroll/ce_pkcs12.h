/* CertEnroll Pkcs12 for another door, which tells its calls in these words. */
#ifndef ENROLL_CE_PKCS12_H
#define ENROLL_CE_PKCS12_H

#include "call.h"

#define CE_PKCS12_NAME_MAX 255 /* characters of a friendlyName */

/* What the call brings beside its body; NULL: nothing of it. */
struct ce_pkcs12_more {
	const char *ca_name; /* asked for */
	int64_t follows;     /* certificate that is renewed; 0: none */
	const char *detail;  /* for the audit row */
	const char *name;    /* friendlyName, clean UTF-8 */
};
/* As ce_pkcs12, of a call with an application and a version. true: it leaves the batch, and there
 * is no answer yet; only where it may. */
bool ce_pkcs12_serve(struct worker_env *env, const struct call *call,
    const struct ce_pkcs12_more *more, bool may_leave, struct gh_http_reply *rep);

#endif
