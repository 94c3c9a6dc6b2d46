/*
 * Certificate templates after Microsoft's model (MS-CRTD, MS-WCCE 3.2.2.6.2.1): loaded from JSON,
 * checked, and applied: requester's directory entry + CSR -> what to certify, or a refusal. Pure:
 * no I/O, no clock of its own, no state. docs/templates.md describes the file.
 */
#ifndef TMPL_H
#define TMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/cert_spec.h"
#include "dir_entry.h"
#include "error.h"
#include "json.h"
#include "formats/pkcs10.h"

struct tmpl;

/* text: the JSON file. GH_E_TEMPLATE_INVALID: message is "path.of[0].member: what is wrong";
 * GH_E_TEMPLATE_UNSAFE: a rule of lint.c (ESC1 ... ESC17, NAMES, ROLE) matches and the file does
 * not acknowledge it by name. Immutable once loaded. */
int tmpl_load(const char *text, size_t len, struct tmpl **out, struct gh_error *err) GH_MUSTCHECK;
void tmpl_free(struct tmpl *t);

const char *tmpl_name(const struct tmpl *t);
const char *tmpl_display_name(const struct tmpl *t);
bool tmpl_needs_approval(const struct tmpl *t); /* PEND_ALL_REQUESTS */
/* A request that meets a locked CA key is left pending; else it is to come again (503). */
bool tmpl_waits_for_locked_ca(const struct tmpl *t);
/* Answer of the Templates operation: {TemplateName, DisplayName, KeyType, KeySize, KeyTypes:[...],
 * ValidityPeriod, ...} without CA. NULL when out of memory. */
gh_json *tmpl_describe(const struct tmpl *t);
/* Metadata fields the template requires, as JSON array of names (may be empty). Borrowed. */
const gh_json *tmpl_required_metadata(const struct tmpl *t);

/* Enroll permission by nested group. extra_groups: NULL-ended list of the application (any of them
 * must match, too) or NULL. 0 or GH_E_TEMPLATE_DENIED. */
int tmpl_may_enroll(const struct tmpl *t, const struct dir_entry *e, char *const *extra_groups,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * The whole policy but permission and approval: key type and size, template named in the CSR, names
 * from the directory by name flag, extensions. The CSR proposes, the template disposes. now: UTC
 * seconds. backdate: seconds that notBefore lies before now. *out owned by the caller.
 */
int tmpl_apply(const struct tmpl *t, const struct dir_entry *e, const struct ca_pkcs10 *csr,
    int64_t now, int64_t backdate, struct cert_spec **out, struct gh_error *err) GH_MUSTCHECK;

#endif
