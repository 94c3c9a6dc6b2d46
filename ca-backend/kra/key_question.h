/* What the KRA is asked about a request for recovery: the same when an approval is looked at and
 * when the key is given out. */
#ifndef KEY_QUESTION_H
#define KEY_QUESTION_H

#include "kra_means.h"
#include "store/key/key_request.h"
#include "store/key/kra_key.h"

/* Fill all that the rows say; the release where the request came with one. *policy to be cleared by
 * the caller in any case. out borrows from r and *policy. GH_E_DB: a row that cannot be read, or
 * the policy is gone. */
int key_question_put(struct kra_means *m, const struct store_key_request *r,
    struct store_kra_policy *policy, struct kra_recover *out, struct gh_error *err) GH_MUSTCHECK;

/* Is this who's own CMS signature over the recovery that r asks for? GH_E_VALIDATION (public): it
 * is not; and what kra_keys_check_approval returns. */
int key_question_check_signature(struct kra_means *m, const struct requester *who,
    const struct store_key_request *r, const struct gh_der *signature,
    struct gh_error *err) GH_MUSTCHECK;

#endif
