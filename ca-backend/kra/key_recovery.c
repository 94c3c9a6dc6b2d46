/* Recoveries: asked for and decided. See key_recovery.h; key_retrieval.c gives the key out. */
#include <stdio.h>
#include <string.h>

#include "signer/wrap/key_wrap.h"
#include "utf8.h"

#include "key_people.h"
#include "key_question.h"
#include "key_recovery.h"
#include "kra_keys.h"

#define COMMENT_MAX 1024 /* characters */
#define RELEASE_MAX (256 * 1024)

static int
check_comment(const char *comment, struct gh_error *err)
{
	if (comment == NULL ||
	    (gh_utf8_is_clean(comment) && gh_utf8_length(comment, strlen(comment)) <= COMMENT_MAX))
		return 0;
	return gh_refuse(err, GH_E_VALIDATION,
	    "A comment has at most %d characters, and no control characters.", COMMENT_MAX);
}

/* --- asking ----------------------------------------------------------------------------------- */

static int
find_key(struct kra_means *m, const struct requester *who, const struct key_recovery_ask *a,
    struct store_archived_key *key, struct gh_error *err)
{
	int rc = a->key_id != NULL ? store_get_archived_key(m->store, a->key_id, key, err)
				   : store_find_archived_key(m->store, a->certificate_id, key, err);

	if (rc == 0 && !key_people_is_agent(who) && !key_people_owns(who, key)) {
		store_archived_key_clear(key);
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such key.");
	}
	return rc;
}

/* The release as it is kept, and its digest. */
static int
keep_release(struct kra_means *m, const struct kra_release *release, struct gh_buf *out,
    unsigned char digest[KRA_RELEASE_DIGEST_SIZE], struct gh_error *err)
{
	struct kra_release copy = *release;
	int rc = kra_keys_check_transport(m, copy.wrapping.transport_id, err);

	if (rc != 0)
		return rc;
	kra_put_release(out, &copy);
	if ((rc = gh_buf_check(out, err)) == 0 && !kra_release_digest(&copy, digest))
		rc = gh_fail(err, GH_E_NOMEM, "digest of a release");
	return rc;
}

/* As the KRA will want it. */
static int
check_signed_release(const struct kra_release *release, struct gh_error *err)
{
	enum key_wrap_alg alg;

	if (release == NULL)
		return gh_refuse(err, GH_E_VALIDATION,
		    "Approvals of this key are signed, and name what the key will be wrapped in: "
		    "send it with the request.");
	return key_wrap_find(&release->wrapping.key_alg, &alg) && key_wrap_is_release(alg)
	    ? 0
	    : gh_refuse(err, GH_E_VALIDATION, KEY_WRAP_RELEASE_ONLY);
}

static int
add_request(struct kra_means *m, const struct requester *who, const struct key_recovery_ask *a,
    const struct store_archived_key *key, int64_t *id, struct gh_error *err)
{
	unsigned char digest[KRA_RELEASE_DIGEST_SIZE];
	struct store_new_key_request n = {.key = key,
	    .comment = a->comment,
	    .certificate_id = a->certificate_id,
	    .expiry = m->rules.request_expiry,
	    .open_max = m->rules.open_requests,
	    .call = a->call,
	    .request_id = a->request_id};
	struct key_terms terms;
	struct gh_buf release;
	int rc = key_people_read_terms(m, key->policy, who, &terms, err);

	if (rc != 0)
		return rc;
	n.required = terms.required;
	n.requester_counts = terms.requester_counts;
	n.is_signed = terms.is_signed;
	n.is_approved =
	    terms.required == 1 && terms.requester_counts && terms.is_agent && !terms.is_signed;
	gh_buf_init(&release, RELEASE_MAX);
	if (terms.is_signed)
		rc = check_signed_release(a->release, err);
	if (rc == 0 && a->release != NULL &&
	    (rc = keep_release(m, a->release, &release, digest, err)) == 0) {
		n.wrapping = (struct gh_der){release.data, release.len};
		n.wrapping_sha256 = digest;
	}
	if (rc == 0)
		rc = store_add_key_request(m->store, who, &n, id, err);
	gh_buf_free(&release);
	return rc;
}

static int
ask(struct kra_means *m, const struct requester *who, const struct key_recovery_ask *a, int64_t *id,
    struct gh_error *err)
{
	struct store_archived_key key = {0};
	int rc;

	if ((rc = check_comment(a->comment, err)) == 0 &&
	    (rc = find_key(m, who, a, &key, err)) == 0 && !key.is_active)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    key.is_pending
			? "The key waits for the decision on the request for its certificate."
			: "The key is not active.");
	if (rc == 0)
		rc = add_request(m, who, a, &key, id, err);
	if (rc == 0)
		key_people_note_done(who, "key.recovery-requested", key.id, *id);
	store_archived_key_clear(&key);
	return rc;
}

int
key_recovery_request(struct kra_means *m, const struct requester *who,
    const struct key_recovery_ask *a, struct store_key_request *out, struct gh_error *err)
{
	struct gh_error local = {.code = GH_OK};
	char key_id[GH_UUID_TEXT_SIZE];
	int64_t id;
	int rc;

	err = err != NULL ? err : &local;
	memset(out, 0, sizeof(*out));
	rc = key_people_find_call(m, "recovery", &a->call, &id, key_id, err);
	if (rc == GH_E_NOT_FOUND && (rc = ask(m, who, a, &id, err)) == GH_E_CONFLICT &&
	    key_people_find_call(m, "recovery", &a->call, &id, key_id, NULL) == 0)
		rc = 0; /* the same call was faster */
	if (rc == 0)
		rc = store_get_key_request(m->store, id, out, err);
	else
		key_people_note_refusal(m, who, "key.recovery-refused",
		    a->key_id != NULL ? a->key_id : "key of a certificate", a->request_id, err);
	return rc;
}

/* --- deciding --------------------------------------------------------------------------------- */

static int
check_agent(struct kra_means *m, const struct requester *who, const struct store_key_request *r,
    struct gh_error *err)
{
	struct key_terms terms;
	int rc = key_people_read_terms(m, r->key.policy, who, &terms, err);

	if (rc != 0)
		return rc;
	if (!terms.is_agent)
		return gh_refuse(err, GH_E_FORBIDDEN, "Only %s decides on this key request.",
		    *r->key.policy != '\0' ? "an agent of the key's policy of recovery"
					   : "a key recovery agent");
	return 0;
}

static int
check_approval(const struct requester *who, const struct store_key_request *r,
    const struct store_key_step *step, struct gh_error *err)
{
	if (!r->requester_counts && requester_may_be_same(who, &r->requester))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Nobody approves his own request: other agents must agree to it.");
	if (r->is_signed != (step->signature.len > 0))
		return gh_refuse(err, GH_E_VALIDATION,
		    r->is_signed
			? "Approvals of this key are signed: use `gatehouse key approve`."
			: "Approvals of this key are not signed: leave the signature out.");
	if (step->signature.len > KRA_APPROVAL_MAX)
		return gh_refuse(err, GH_E_VALIDATION, "A signature has at most %d bytes.",
		    KRA_APPROVAL_MAX);
	return 0;
}

/* What somebody may not know of does not exist for him. */
static int
check_right(struct kra_means *m, const struct requester *who, enum key_verdict verdict,
    const struct store_key_step *step, const struct store_key_request *r, struct gh_error *err)
{
	bool is_his = requester_is_same(who, &r->requester);
	int rc;

	if (!key_people_sees_all(who) && !is_his && !key_people_owns(who, &r->key))
		return gh_refuse(err, GH_E_NOT_FOUND, "There is no such key request.");
	if (verdict == KEY_CANCEL)
		return is_his ? 0
			      : gh_refuse(err, GH_E_FORBIDDEN,
				    "Only who made a key request cancels it; an agent rejects it.");
	if ((rc = check_agent(m, who, r, err)) != 0 || verdict == KEY_REJECT)
		return rc;
	return check_approval(who, r, step, err);
}

/* Of what is as it was asked for; and a signature that the KRA would not count is refused now,
 * while its agent is there. What is no longer pending, the statement refuses. */
static int
approve(struct kra_means *m, const struct requester *who, const struct store_key_step *step,
    const struct store_key_request *r, struct gh_error *err)
{
	int rc = 0;

	if (r->state == KEY_PENDING && r->is_sealed && r->is_signed)
		rc = key_question_check_signature(m, who, r, &step->signature, err);
	return rc == 0 ? store_approve_key_request(m->store, who, r, step, err) : rc;
}

static int
decide(struct kra_means *m, const struct requester *who, enum key_verdict verdict,
    const struct store_key_step *step, struct gh_error *err)
{
	struct store_key_request r;
	int rc = check_comment(step->comment, err);

	if (rc != 0 || (rc = store_get_key_request(m->store, step->id, &r, err)) != 0)
		return rc;
	if ((rc = check_right(m, who, verdict, step, &r, err)) == 0)
		rc = verdict == KEY_APPROVE
		    ? approve(m, who, step, &r, err)
		    : store_end_key_request(m->store, who,
			  verdict == KEY_REJECT ? KEY_REJECTED : KEY_CANCELED, step, err);
	store_key_request_clear(&r);
	return rc;
}

int
key_recovery_decide(struct kra_means *m, const struct requester *who, enum key_verdict verdict,
    const struct store_key_step *step, struct store_key_request *out, struct gh_error *err)
{
	static const char *const events[] = {
	    [KEY_APPROVE] = "key.recovery-approved",
	    [KEY_REJECT] = "key.recovery-rejected",
	    [KEY_CANCEL] = "key.recovery-canceled",
	};
	char object[48];
	struct gh_error local = {.code = GH_OK};
	int rc;

	err = err != NULL ? err : &local;
	memset(out, 0, sizeof(*out));
	if ((rc = decide(m, who, verdict, step, err)) == 0) {
		rc = store_get_key_request(m->store, step->id, out, err);
		key_people_note_done(who, events[verdict], rc == 0 ? out->key.id : "", step->id);
		return rc;
	}
	snprintf(object, sizeof(object), "key request %lld", (long long)step->id);
	key_people_note_refusal(m, who, "key.decision-refused", object, step->request_id, err);
	return rc;
}
