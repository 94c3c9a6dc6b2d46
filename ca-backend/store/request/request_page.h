/* Requests for people and programs: one as it stands, and pages of them. */
#ifndef STORE_REQUEST_PAGE_H
#define STORE_REQUEST_PAGE_H

#include "store/store.h"

struct store_request_filter {
	int64_t after_id; /* id > after_id, or < for newest_first; 0 = from the start */
	int limit;        /* 1 to 1000 */
	bool newest_first;
	/* NULL or 0 = any */
	int disposition;           /* enum db_disposition */
	const char *template_name; /* without case */
	const char *requester;     /* name, without case */
	const struct requester
	    *owner; /* only what he asked for himself, by requester_is_same; of his application
		     * when he comes by one. Found by his present name */
	int64_t submitted_from, submitted_to; /* UTC seconds, both included */
	const gh_json *metadata;              /* object, all of whose members the request has */
	int64_t follows;                      /* number of the certificate that it renews */
	const char *spki_sha256;              /* of its key, 64 hex digits */
};
/* " AND ..." of a request r: who asked for it, by requester_is_same; of his application when he
 * comes by one. Found by his present name. */
struct gh_buf;
struct store_params;
void store_put_owner(struct gh_buf *b, struct store_params *p, const struct requester *who);
/*
 * *entries: array of {"id","version","status" (enroll_state_name),"profile","message",
 * "status_code" ("0x80094014"),"requester","application","submitted_at","resolved_at",
 * "resolved_by","certificate_id","metadata","ca","ca_rule","validity" (seconds),"purpose",
 * "tenant","email","approved","replaces"}: what was asked for beside the CSR may be null. *next as
 * store_search.
 */
int store_request_page(struct store *s, const struct store_request_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err) GH_MUSTCHECK;
/* One of them, with "pkcs10" (base64 or null) besides, or with "crmf" and no "pkcs10", and with
 * "approvals":[{"name","comment","at"}], whose MACs are not looked at; *owner: who asked.
 * GH_E_NOT_FOUND. */
int store_request_view(struct store *s, int64_t id, gh_json **out, struct requester *owner,
    struct gh_error *err) GH_MUSTCHECK;

#endif
