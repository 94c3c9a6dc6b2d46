/* Inside store/: what the certificate row says of a leaf besides its DER. */
#ifndef STORE_LEAF_H
#define STORE_LEAF_H

#include "store.h"

struct leaf {
	unsigned char serial[20];        /* big-endian, at least 16 bytes */
	size_t serial_len;
	char *subject, *issuer;          /* as ca_dn_text */
	char *sans;                      /* JSON array */
	int64_t not_before, not_after;
	unsigned char sha1[20], sha256[32];
};

/* Release with leaf_clear, also after a failure. GH_E_INTERNAL: no certificate. */
int leaf_read(const unsigned char *der, size_t len, struct leaf *out, struct gh_error *err) GH_MUSTCHECK;
void leaf_clear(struct leaf *l);
/* serial, thumbprint, issuer and the chain's first certificate of an outcome. Takes issuer out of l. */
int leaf_to_outcome(struct leaf *l, const unsigned char *der, size_t len, struct enroll_outcome *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
