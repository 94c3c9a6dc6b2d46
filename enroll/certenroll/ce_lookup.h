/* Members of a body of the Classic API, of any case; and its Lookup, which names a certificate:
 * {"Type":"Serial","SerialNumber","IssuerDN"}, {"Type":"Thumbprint","Thumbprint"} or
 * {"Type":"CMSID","CMSID"}. */
#ifndef ENROLL_CE_LOOKUP_H
#define ENROLL_CE_LOOKUP_H

#include "json.h"
#include "store/status/revocation.h"

/* A text; NULL when it is absent or null. The second: an object that is there. Borrowed.
 * GH_E_BAD_REQUEST names the member. */
int ce_find_text(const gh_json *obj, const char *name, const char **out,
    struct gh_error *err) GH_MUSTCHECK;
int ce_find_object(const gh_json *obj, const char *name, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
/* key: zeroed; its texts are those of lookup. */
int ce_lookup_parse(const gh_json *lookup, struct store_cert_key *key,
    struct gh_error *err) GH_MUSTCHECK;

#endif
