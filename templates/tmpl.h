/*
 * Certificate templates after Microsoft's model (MS-CRTD, MS-WCCE 3.2.2.6.2.1): loaded from JSON,
 * checked, and applied: what is known of the requester + CSR -> what to certify, or a refusal.
 * Pure: no I/O, no clock of its own, no state. docs/templates.md describes the file.
 */
#ifndef TMPL_H
#define TMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/cert_spec.h"
#include "error.h"
#include "json.h"
#include "subject_source.h"

struct tmpl;

/* text: the JSON file. GH_E_TEMPLATE_INVALID: message is "path.of[0].member: what is wrong";
 * GH_E_TEMPLATE_UNSAFE: a rule of lint.c (ESC1 ... ESC17, NAMES, ROLE) matches and the file does
 * not acknowledge it by name. Immutable once loaded. */
int tmpl_load(const char *text, size_t len, struct tmpl **out, struct gh_error *err) GH_MUSTCHECK;
void tmpl_free(struct tmpl *t);

const char *tmpl_name(const struct tmpl *t);
const char *tmpl_display_name(const struct tmpl *t);
/* What it is for, where people choose by that: "server_auth", "client_auth", "email_protection",
 * "code_signing"; NULL: it is not to be chosen so. Static. */
const char *tmpl_purpose(const struct tmpl *t);
bool tmpl_needs_approval(const struct tmpl *t); /* PEND_ALL_REQUESTS */
#define TMPL_APPROVALS_MAX 10
/* How many officers must agree where one must: 1 to TMPL_APPROVALS_MAX. */
int tmpl_approvals(const struct tmpl *t);
/* Names come from the request, not from the directory. */
bool tmpl_takes_names(const struct tmpl *t);
/* Seconds before its end from which on a certificate may be renewed; 0 = no such rule. */
int64_t tmpl_renewal_overlap(const struct tmpl *t);
/* Keys of its certificates sign; false: they are for encryption or key agreement alone. */
bool tmpl_is_for_signatures(const struct tmpl *t);
/* A request that meets a locked CA key is left pending; else it is to come again (503). */
bool tmpl_waits_for_locked_ca(const struct tmpl *t);
enum tmpl_archival { TMPL_ARCHIVAL_NONE, TMPL_ARCHIVAL_OPTIONAL, TMPL_ARCHIVAL_REQUIRED };
/* Whether the private key of a request is archived (docs/kra.md). */
enum tmpl_archival tmpl_archival(const struct tmpl *t);
/* Name of the policy of recovery of such keys; NULL: kra.approvals. Borrowed. */
const char *tmpl_recovery_policy(const struct tmpl *t);
/* Answer of the Templates operation: {TemplateName, DisplayName, KeyType, KeySize, KeyTypes:[...],
 * ValidityPeriod, ...} without CA. NULL when out of memory. */
gh_json *tmpl_describe(const struct tmpl *t);
/*
 * What a client needs to make a request, and what it gets; the REST API's words for the same model:
 *   {"name","display_name","description","purpose":name,"requester":"user|machine|any","approval":bool,
 *    "keys":[{"type":"RSA","min_bits","max_bits"},{"type":"EC","curves":[]},{"type":"Ed25519"}],
 *    "subject":{...},"san":{...},"archival":"none|optional|required","recovery_policy":name,
 *    "certificate":{"validity_seconds","renewal_seconds","key_usage":[],"extended_key_usage":[],
 *                   "policies":[],"sid":"require|if-present|never"}}
 * subject and san: {"from":"request", what it may and must hold}, or {"from":"directory",
 * "parts":[{"name":"CN","attribute":"cn"}]}. NULL when out of memory.
 */
gh_json *tmpl_describe_form(const struct tmpl *t);
/* The rules of lint.c that match: [{"rule","reason","form","remedy","acknowledged"}]; form: of
 * names that are free, and remedy how to bind it, or null. NULL when out of memory. */
gh_json *tmpl_findings(const struct tmpl *t);
/* Why the file acknowledges them; NULL: it acknowledges none. Borrowed. */
const char *tmpl_acknowledge_reason(const struct tmpl *t);
/* OID of a type of the subject, dotted, as forms name it ("CN"); NULL: there is none. Static. */
const char *tmpl_rdn_oid(const char *type);
/* Do groups hear of this event of its requests and certificates (docs/notifications.md)? */
bool tmpl_tells(const struct tmpl *t, const char *event);
/* Metadata fields the template requires, as JSON array of names (may be empty). Borrowed. */
const gh_json *tmpl_required_metadata(const struct tmpl *t);

/* Enroll permission by nested group. extra_groups: NULL-ended list (any of them must match, too) or
 * NULL. Who has no entry is in no group but everybody's ("*", S-1-1-0, S-1-5-11), and in that only
 * when he needs none: the lint rules take such a template for what it is, open. 0,
 * GH_E_TEMPLATE_DENIED, or GH_E_SUBJECT (public): names come from the device table alone, which has
 * none for him. */
int tmpl_may_enroll(const struct tmpl *t, const struct subject_source *from,
    char *const *extra_groups, struct gh_error *err) GH_MUSTCHECK;

/* Is he in one of the groups (DN, SID or name, nested; NULL-ended)? The same of a group anywhere:
 * whose members may use a CA, say. e NULL: who has no entry. */
bool tmpl_is_in_group(const struct dir_entry *e, char *const *groups);

/* A key that is made for the requester: the smallest of those that Gatehouse makes, of the first
 * of the template's kinds that has one. *name: of key_alg.h, static. GH_E_KEY_TYPE, GH_E_KEY_LENGTH
 * (public). */
struct tmpl_key_wish {
	bool has_type;
	enum ca_key_type type;
	int bits; /* 0 = whatever */
};
int tmpl_choose_key(const struct tmpl *t, const struct tmpl_key_wish *w, const char **name,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * The whole policy but permission and approval: key type and size, template named in the CSR, names
 * by name flag, extensions. The CSR proposes, the template disposes. Who has no entry
 * (GH_E_NOT_IN_DIRECTORY unless he needs none) gets nothing for which the directory would be asked:
 * only a template with ENROLLEE_SUPPLIES_SUBJECT, for requesters of any kind
 * (GH_E_REQUESTER_KIND), whose certificate needs no SID (GH_E_SID_REQUIRED). A key must be archived
 * where the template demands it, and must not be where it does not know of it
 * (GH_E_ARCHIVED_KEY_REQUIRED, GH_E_ARCHIVED_KEY_UNEXPECTED). A validity asked for that is longer
 * than the template's is refused, not cut (GH_E_VALIDATION). Names that no rule of the template's
 * naming allows are refused (GH_E_SUBJECT), or told in unruled_names. All public. now: UTC seconds.
 * backdate: seconds that notBefore lies before now. *out owned by the caller.
 */
int tmpl_apply(const struct tmpl *t, const struct subject_source *from, int64_t now,
    int64_t backdate, struct cert_spec **out, struct gh_error *err) GH_MUSTCHECK;

#endif
