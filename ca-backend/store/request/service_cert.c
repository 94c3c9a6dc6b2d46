/* See service_cert.h. */
#include <string.h>

#include "digest.h"

#include "service_cert.h"
#include "store/cert_columns.h"
#include "store/store_private.h"

int
store_record_service_cert(struct store *s, const struct requester *who, const struct ca *ca,
    const unsigned char *der, size_t len, int64_t *id, struct gh_error *err)
{
	const struct store_new_cert c = {
	    .ca = ca,
	    .der = der,
	    .len = len,
	    .requester = STORE_SERVICE_REQUESTER,
	    .event = "server.certificate-issued",
	};

	return store_new_cert(s, who, &c, id, err);
}

int
store_find_service_cert(struct store *s, const unsigned char *der, size_t len,
    struct store_service_cert *out, struct gh_error *err)
{
	static const struct store_statement st = {"service_cert_find",
	    "SELECT ca_id, status = 21 FROM certificate WHERE " CERT_BY_DIGEST("", "sha256",
		"$1::bytea") " AND ca_id > 0 AND request_id = 0 AND requester = '" STORE_SERVICE_REQUESTER
			     "'"};
	struct store_params p = {0};
	unsigned char sha256[32];
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	if (!gh_digest(GH_SHA256, der, len, sha256))
		return gh_fail(err, GH_E_INTERNAL, "SHA-256");
	store_put_bytes(&p, sha256, sizeof(sha256));
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 0) {
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "the server certificate was not issued by this gateway's CAs for it");
	} else {
		out->ca_id = store_int(res, 0, 0);
		out->is_revoked = store_bool(res, 0, 1);
	}
	PQclear(res);
	return rc;
}
