/*
 * What a request asks for beside its CSR (enroll_request.h: ca_name to follows), and what its
 * certificate hangs on (requester.h: est_user, device): columns of their own, but one parameter of
 * the statement that records, since most requests have none of it.
 */
#ifndef STORE_REQUEST_ASKED_H
#define STORE_REQUEST_ASKED_H

#include "store/store_private.h"

/* Of table request; and their values out of one column `asked` of jsonb. */
#define REQUEST_ASKED_COLUMNS \
	"ca_name, ca_rule, purpose, tenant, email, language, label, poll_key, operation, renews, " \
	"validity, est_user, device, confirm_within, follows"
#define REQUEST_ASKED_VALUES \
	"asked->>'ca_name', asked->>'ca_rule', asked->>'purpose', asked->>'tenant', asked->>'email', " \
	"asked->>'language', asked->>'label', asked->>'poll_key', asked->>'operation', asked->>'renews', " \
	"(asked->>'validity')::bigint, " \
	"(asked->>'est_user')::bigint, (asked->>'device')::bigint, (asked->>'confirm_within')::bigint, " \
	"(asked->>'follows')::bigint"
#define REQUEST_ASKED_N 15

/* Those members that are set, by the names of their columns; *out is NULL when none is. */
int request_asked_json(const struct enroll_request *req, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
/* Fill the members of *req, which has none yet, from REQUEST_ASKED_COLUMNS, the first of them in
 * column col. What is there after a failure is enroll_request_clear's. */
int request_asked_read(const PGresult *res, int col, struct enroll_request *req,
    struct gh_error *err) GH_MUSTCHECK;

#endif
