/* A key is given out. See key_recovery.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "log.h"
#include "timestamp.h"

#include "key_certificate.h"
#include "key_people.h"
#include "key_question.h"
#include "key_recovery.h"
#include "kra_keys.h"

/* All that the KRA is asked with, and what it points to. */
struct question {
	struct store_key_request request;
	struct store_kra_policy policy;
	struct key_certificate cert;
	struct store_key_approvals approvals;
	struct kra_recover ask;
};

static void
question_clear(struct question *q)
{
	store_key_request_clear(&q->request);
	store_kra_policy_clear(&q->policy);
	key_certificate_clear(&q->cert);
	store_key_approvals_clear(&q->approvals);
}

void
key_retrieved_clear(struct key_retrieved *r)
{
	free(r->iv.p);
	if (r->secret.p != NULL)
		OPENSSL_cleanse(r->secret.p, r->secret.len);
	free(r->secret.p);
	memset(r, 0, sizeof(*r));
}

/* --- may he ----------------------------------------------------------------------------------- */

static int
check_requester(const struct requester *who, const struct key_retrieval *f,
    const struct store_key_request *r, struct gh_error *err)
{
	if (requester_is_same(who, &r->requester) &&
	    (f->key_id == NULL || strcmp(f->key_id, r->key.id) == 0))
		return key_people_is_agent(who) || key_people_owns(who, &r->key)
		    ? 0
		    : gh_refuse(err, GH_E_FORBIDDEN,
			  "You are no key recovery agent any more, and the key is not yours.");
	if (key_people_sees_all(who))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Only who made the key request gets the key, and only this request's.");
	return gh_refuse(err, GH_E_NOT_FOUND, "There is no such key request.");
}

/* As far as it is known now; store_release_key makes sure. The secret is not touched before. */
static int
check_state(const struct kra_means *m, const struct store_key_request *r, struct gh_error *err)
{
	if (!r->key.is_active)
		return gh_refuse(err, GH_E_CONFLICT, "The key is not active.");
	if (r->state == KEY_APPROVED && r->approvals >= r->required)
		return 0;
	if (r->state == KEY_COMPLETE && r->released_at != 0) {
		if (r->released_at + m->rules.repeat > gh_now())
			return 0;
		return gh_refuse(err, GH_E_CONFLICT,
		    "The key was given out, and this request gives it out no more.");
	}
	if (r->state == KEY_PENDING)
		return gh_refuse(err, GH_E_CONFLICT,
		    "The key request is not approved: %d of %d agents have agreed.", r->approvals,
		    r->required);
	return gh_refuse(err, GH_E_CONFLICT, "The key request is %s.", key_state_name(r->state));
}

/* --- what the KRA is asked -------------------------------------------------------------------- */

static int
same_release(const struct kra_release *a, const struct kra_release *b, bool *is,
    struct gh_error *err)
{
	unsigned char of_a[KRA_RELEASE_DIGEST_SIZE], of_b[KRA_RELEASE_DIGEST_SIZE];

	if (!kra_release_digest(a, of_a) || !kra_release_digest(b, of_b))
		return gh_fail(err, GH_E_NOMEM, "digest of a release");
	*is = memcmp(of_a, of_b, sizeof(of_a)) == 0;
	return 0;
}

/* What the request came with stays as it is. */
static int
put_release(struct kra_means *m, const struct kra_release *given, struct question *q,
    struct gh_error *err)
{
	bool is_kept = q->request.wrapping.len > 0, is_same = true;
	int rc = 0;

	if (!is_kept && given == NULL)
		return gh_refuse(err, GH_E_VALIDATION,
		    "Say what the key is to be wrapped in: a key of yours under the transport key.");
	if (!is_kept)
		q->ask.release = *given;
	if ((rc = kra_keys_check_transport(m, q->ask.release.wrapping.transport_id, err)) == 0 &&
	    is_kept && given != NULL)
		rc = same_release(given, &q->ask.release, &is_same, err);
	if (rc == 0 && !is_same)
		rc = gh_refuse(err, GH_E_VALIDATION,
		    "The request came with another wrapping, and that one was approved.");
	return rc;
}

static int
put_certificate(struct kra_means *m, struct question *q, struct gh_error *err)
{
	struct kra_release *release = &q->ask.release;
	const struct ca *ca;
	int rc;

	if (release->form == KRA_WRAPPED || release->cert.len > 0)
		return 0;
	if (q->request.certificate_id == 0)
		return gh_refuse(err, GH_E_VALIDATION,
		    "No certificate is known for this key, and a PKCS#12 has one: ask for it by "
		    "its certificate.");
	if ((rc = key_certificate_get(m, q->request.certificate_id, &q->cert, err)) != 0)
		return rc;
	release->cert = (struct gh_der){q->cert.der.p, q->cert.der.len};
	ca = m->cas != NULL ? ca_set_find_id(m->cas, q->cert.ca_id) : NULL;
	for (size_t i = 0; ca != NULL && i < ca->chain.n && i < KRA_CHAIN_MAX; i++)
		release->chain[release->chain_len++] =
		    (struct gh_der){ca->chain.cert[i].der, ca->chain.cert[i].len};
	return 0;
}

static void
put_approvals(struct question *q)
{
	for (size_t i = 0; q->request.is_signed && i < q->approvals.n; i++)
		q->ask.approval[q->ask.approvals++] =
		    (struct gh_der){q->approvals.signature[i].p, q->approvals.signature[i].len};
}

static int
put_question(struct kra_means *m, const struct key_retrieval *f, struct question *q,
    struct gh_error *err)
{
	int rc = key_question_put(m, &q->request, &q->policy, &q->ask, err);

	if (rc == 0 && (rc = put_release(m, f->release, q, err)) == 0)
		rc = put_certificate(m, q, err);
	put_approvals(q);
	return rc;
}

/* --- giving it out ---------------------------------------------------------------------------- */

/* Somebody altered what is stored, or what is said about it: that is no transient fault. */
static void
end_request(struct kra_means *m, const struct requester *who, const struct key_retrieval *f,
    const struct gh_error *why)
{
	const struct store_key_step step = {.id = f->id,
	    .comment = why->detail,
	    .request_id = f->request_id};
	struct gh_error err;

	if (store_end_key_request(m->store, who, KEY_FAILED, &step, &err) != 0)
		gh_log_kv(GH_LOG_ERROR, "a key request whose key was altered is still open",
		    "cause", err.detail, NULL);
}

/* Counted are the approvals that are as they were recorded; what the row says of their number is
 * not believed. */
static int
check_approvals(struct kra_means *m, const struct requester *who, const struct key_retrieval *f,
    struct question *q, struct gh_error *err)
{
	const struct store_key_request *r = &q->request;
	int rc = store_get_key_approvals(m->store, r, &q->approvals, err);

	if (rc == GH_E_SEAL && r->state == KEY_APPROVED)
		end_request(m, who, f, err);
	if (rc == 0 && q->approvals.n < (size_t)r->required)
		rc = gh_refuse(err, GH_E_CONFLICT, "%zu of %d agents have approved.",
		    q->approvals.n, r->required);
	return rc;
}

static int
give(struct kra_means *m, const struct requester *who, const struct key_retrieval *f,
    struct question *q, struct key_retrieved *out, struct gh_error *err)
{
	const struct store_key_step step = {.id = f->id, .request_id = f->request_id};
	int rc = kra_keys_recover(m, &q->ask, &out->iv, &out->secret, err);

	if (rc == GH_E_SIGNER && q->request.state == KEY_APPROVED)
		end_request(m, who, f, err);
	if (rc == 0)
		rc = store_release_key(m->store, who, &step, m->rules.repeat, &out->is_repeated,
		    err);
	if (rc != 0) {
		key_retrieved_clear(out);
		return rc;
	}
	memcpy(out->key_id, q->request.key.id, sizeof(out->key_id));
	out->kind = q->request.key.kind;
	out->form = q->ask.release.form;
	key_people_note_done(who, out->is_repeated ? "key.recovered-again" : "key.recovered",
	    out->key_id, f->id);
	return 0;
}

int
key_recovery_retrieve(struct kra_means *m, const struct requester *who,
    const struct key_retrieval *f, struct key_retrieved *out, struct gh_error *err)
{
	struct question q = {0};
	struct gh_error local = {.code = GH_OK};
	char object[48];
	int rc;

	err = err != NULL ? err : &local;
	memset(out, 0, sizeof(*out));
	if ((rc = store_get_key_request(m->store, f->id, &q.request, err)) == 0 &&
	    (rc = check_requester(who, f, &q.request, err)) == 0 &&
	    (rc = check_state(m, &q.request, err)) == 0 &&
	    (rc = check_approvals(m, who, f, &q, err)) == 0 &&
	    (rc = put_question(m, f, &q, err)) == 0)
		rc = give(m, who, f, &q, out, err);
	if (rc != 0) {
		snprintf(object, sizeof(object), "key request %lld", (long long)f->id);
		key_people_note_refusal(m, who, "key.retrieval-refused", object, f->request_id,
		    err);
	}
	question_clear(&q);
	return rc;
}
