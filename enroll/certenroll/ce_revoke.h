/*
 * POST Certificates/3/Revoke of Keyfactor's Classic API:
 *   {"Lookup":{"Type":"Serial","SerialNumber":"...","IssuerDN":"..."},
 *    "Details":{"Reason":4,"EffectiveDate":"2020-5-5","Comment":""}}
 * or {"Type":"Thumbprint","Thumbprint":"..."}, {"Type":"CMSID","CMSID":17}. docs/revocation.md
 */
#ifndef ENROLL_CE_REVOKE_H
#define ENROLL_CE_REVOKE_H

#include "authority/revoke.h"
#include "call.h"

struct ce_revoke {
	gh_json *json;                 /* owns the texts of request */
	struct revoke_request request; /* key, to, reason, comment */
	int64_t effective;             /* EffectiveDate, UTC seconds; 0 = none */
};

/* Syntax only. Any case of member names, order free, unknown members ignored. GH_E_BAD_JSON,
 * GH_E_BAD_REQUEST, GH_E_TIMESTAMP. Release with ce_revoke_clear, also after a failure. */
int ce_revoke_parse(const void *text, size_t len, struct ce_revoke *out,
    struct gh_error *err) GH_MUSTCHECK;
void ce_revoke_clear(struct ce_revoke *r);

/* Handler. */
void ce_revoke(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
