/* Who may do what with archived keys, and what must be recorded of those who may not. */
#ifndef KEY_PEOPLE_H
#define KEY_PEOPLE_H

#include "kra_means.h"
#include "store/key/key_request.h"

/* Has he the role? */
bool key_people_is_agent(const struct requester *who);
/* Is the key his? By what the KRA has bound it to, and by what is written beside that. */
bool key_people_owns(const struct requester *who, const struct store_archived_key *key);
/* Agents and auditors see all keys and requests, others what is theirs. */
bool key_people_sees_all(const struct requester *who);

/* What must be agreed to before a key is recovered, as it is today. */
struct key_terms {
	int required;
	bool requester_counts; /* his own approval */
	bool is_signed;        /* approvals are CMS signatures */
	bool is_agent;         /* who asks may approve recoveries of this key */
};
/* policy: that the key names, as it was sealed; "" = kra_rules. GH_E_DB: it is gone; GH_E_SEAL
 * (public): it was altered; GH_E_CA_UNAVAILABLE, GH_E_SIGNER_DOWN: the KRA, which alone reads it.
 */
int key_people_read_terms(struct kra_means *m, const char *policy, const struct requester *who,
    struct key_terms *out, struct gh_error *err) GH_MUSTCHECK;

/* Has this call come before? 0 with *request and key_id ("" = none); GH_E_NOT_FOUND: no, or it may
 * not come again; GH_E_CONFLICT (public): its mark was used for something else. */
int key_people_find_call(struct kra_means *m, const char *type, const struct store_call *call,
    int64_t *request, char key_id[GH_UUID_TEXT_SIZE], struct gh_error *err) GH_MUSTCHECK;

/* The line of the call says what was done, in the word of the audit trail. request: number of the
 * key request, 0 = none. */
void key_people_note_done(const struct requester *who, const char *event, const char *key_id,
    int64_t request);
/* An audit row, and in the line of the call, of what was refused, as err says it; none where the
 * fault is ours and passes. A failure to write it is logged. object: or NULL. */
void key_people_note_refusal(struct kra_means *m, const struct requester *who, const char *event,
    const char *object, const char *request_id, const struct gh_error *err);

/* The audit row of a key that a repeated call gets, "key.generated-again"; before it leaves.
 * detail: of which request. */
int key_people_note_repeat(struct kra_means *m, const struct requester *who,
    const struct store_archived_key *key, const char *detail, const char *request_id,
    struct gh_error *err) GH_MUSTCHECK;

#endif
