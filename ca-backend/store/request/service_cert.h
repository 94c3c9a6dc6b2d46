/* Certificates that a gateway issues to itself: rows without a request, by which they can be found
 * and revoked. */
#ifndef STORE_SERVICE_CERT_H
#define STORE_SERVICE_CERT_H

#include "store/store.h"

/* Their requester: what tells these rows from those of CA certificates and OCSP signers, which have
 * no request either. No user can have this name: it has a blank. */
#define STORE_SERVICE_REQUESTER "gateway server"

/* The certificate (DER) that ca issued for the gateway on this node: one row of certificate, one of
 * audit
 * ("server.certificate-issued"), one commit. *id: CMSID. */
int store_record_service_cert(struct store *s, const struct requester *who, const struct ca *ca,
    const unsigned char *der, size_t len, int64_t *id, struct gh_error *err) GH_MUSTCHECK;

struct store_service_cert {
	int64_t ca_id;
	bool is_revoked;
};
/* GH_E_NOT_FOUND: not issued here, or issued to somebody else. */
int store_find_service_cert(struct store *s, const unsigned char *der, size_t len,
    struct store_service_cert *out, struct gh_error *err) GH_MUSTCHECK;

#endif
