/*
 * A profile as people and programs see it, over REST and by the command: a template as a form, and
 * what the application that offers it adds to that: the CA that would serve (ca_choice_show), or
 * NULL where nobody knows yet.
 */
#ifndef ENROLL_PROFILE_VIEW_H
#define ENROLL_PROFILE_VIEW_H

#include "catalog.h"

/*
 * One line of a list: {"name","display_name","description","approval"}. NULL: out of memory.
 */
gh_json *profile_summary(const struct catalog_template *t, const struct ca *ca);
/*
 * All that a client needs to make its form:
 *   {... as above, "version","ca","requester",
 *    "inputs":{"pkcs10":{"type":"pkcs10","required":true,"keys":[],"subject":{},"san":{}},
 *              "crmf":{"type":"crmf","required":false,"in_place_of":"pkcs10"},
 *              "metadata":{"type":"object","required":bool,"fields":[...]},
 *              "archival":{"type":"wrapped_key","required":bool,"recovery_policy",
 *                          "transport","algorithms"}},
 *    "outputs":{"certificate":{...}}}
 * archival: where the template archives keys. keys, subject, san and certificate are those of
 * tmpl_describe_form. NULL: out of memory.
 */
gh_json *profile_describe(const struct catalog *c, const struct catalog_template *t,
    const struct ca *ca);

/* Must a request for it have a value of this field, where that has no default? */
bool profile_requires(const struct catalog_template *t, const struct metadata_field *f);

#endif
