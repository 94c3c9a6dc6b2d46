/* What one endpoint serves: the certificates of its TLS handshake, which ends when they are there.
 */
#ifndef SCAN_PROBE_H
#define SCAN_PROBE_H

#include <openssl/x509.h>

#include "formats/enroll_request.h"

#include "scan_target.h"

/* Who may be trusted: the system's CAs, and those that are added: ours. For X509_STORE_free; read
 * by all threads. NULL: no memory. */
X509_STORE *scan_trust(void);
void scan_trust_add(X509_STORE *store, const unsigned char *der, size_t len);

struct scan_result {
	struct cert_chain chain; /* as it was sent, its own certificate first; empty: error */
	int more;                /* certificates behind these, which a chain has no room for */
	char verify[120];        /* "ok", or what a client that trusts scan_trust says of it */
	char error[160];         /* "" where there are certificates */
	bool ended_process;      /* of those that were asking it */
	bool stood_still;        /* who was asking it, until it was ended */
};
/* timeout: seconds, from the look-up of the name on. The endpoint is not trusted in anything. */
void scan_probe(const struct scan_target *t, X509_STORE *trust, int timeout,
    struct scan_result *out);
void scan_result_clear(struct scan_result *r);

#endif
