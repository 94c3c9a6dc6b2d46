/* Who must agree to a recovery. See recovery_policy.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "aead.h"
#include "digest.h"
#include "timestamp.h"

#include "approval.h"
#include "policy_rules.h"
#include "recovery_policy.h"
#include "signer/wrap/key_wrap.h"

#define MAGIC_SIZE 5
#define POLICY_MAX (192 * 1024) /* bytes */
#define POLICIES_MAX 256

static const unsigned char magic[MAGIC_SIZE] = {'G', 'H', 'K', 'P', 1 /* version */};

/* --- revisions -------------------------------------------------------------------------------- */

struct policy_table {
	pthread_mutex_t lock;
	size_t n;
	struct {
		unsigned char name[GH_KEY_SIZE]; /* SHA-256 */
		uint64_t revision;
	} seen[POLICIES_MAX];
};

struct policy_table *
policy_table_new(void)
{
	struct policy_table *t = calloc(1, sizeof(*t));

	if (t != NULL && pthread_mutex_init(&t->lock, NULL) != 0) {
		free(t);
		t = NULL;
	}
	return t;
}

void
policy_table_free(struct policy_table *t)
{
	if (t == NULL)
		return;
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static int
note_seen(struct policy_table *t, const unsigned char name[GH_KEY_SIZE], uint64_t revision,
    struct gh_error *err)
{
	size_t i = 0;

	while (i < t->n && memcmp(t->seen[i].name, name, GH_KEY_SIZE) != 0)
		i++;
	if (i == POLICIES_MAX)
		return gh_fail(err, GH_E_BUSY, "more than %d policies of recovery", POLICIES_MAX);
	if (i == t->n) {
		memcpy(t->seen[i].name, name, GH_KEY_SIZE);
		t->seen[i].revision = revision;
		t->n++;
	}
	if (revision < t->seen[i].revision)
		return gh_fail(err, GH_E_SIGNER, "a newer policy of this name was seen");
	t->seen[i].revision = revision;
	return 0;
}

static int
check_newest(struct policy_table *t, const struct kra_policy *p, struct gh_error *err)
{
	unsigned char name[GH_KEY_SIZE];
	int rc;

	if (!gh_digest(GH_SHA256, p->name.p, p->name.len, name))
		return gh_fail(err, GH_E_INTERNAL, "SHA-256");
	pthread_mutex_lock(&t->lock);
	rc = note_seen(t, name, p->revision, err);
	pthread_mutex_unlock(&t->lock);
	return rc;
}

/* --- sealing ---------------------------------------------------------------------------------- */

int
policy_seal(const struct sealing_key *key, const struct kra_policy *p, struct gh_buf *out,
    struct gh_error *err)
{
	struct gh_der aad = {magic, MAGIC_SIZE};
	struct gh_buf plain;
	int rc;

	if ((rc = policy_rules_check(p, gh_now(), err)) != 0)
		return rc;
	gh_buf_init(&plain, POLICY_MAX);
	kra_put_policy(&plain, p);
	if ((rc = gh_buf_check(&plain, err)) == 0) {
		gh_buf_put(out, magic, MAGIC_SIZE);
		rc = gh_aead_seal(key->bytes, &aad, &(struct gh_der){plain.data, plain.len}, out,
		    err);
	}
	gh_buf_free(&plain);
	return rc;
}

/* p points into plain. */
static int
open_policy(const struct sealing_key *key, const struct gh_der *sealed, struct gh_buf *plain,
    struct kra_policy *p, struct gh_error *err)
{
	struct gh_der aad = {magic, MAGIC_SIZE}, message;
	struct gh_reader r;
	int rc;

	if (sealed->len <= MAGIC_SIZE || memcmp(sealed->p, magic, MAGIC_SIZE) != 0)
		return gh_fail(err, GH_E_SIGNER, "not a sealed policy of a known version");
	message = (struct gh_der){sealed->p + MAGIC_SIZE, sealed->len - MAGIC_SIZE};
	if ((rc = gh_aead_open(key->bytes, &aad, &message, plain, err)) != 0)
		return gh_fail(err, GH_E_SIGNER, "sealed policy: wrong system key, or damaged");
	gh_reader_init(&r, plain->data, plain->len);
	return kra_get_policy(&r, p)
	    ? 0
	    : gh_fail(err, GH_E_SIGNER, "sealed policy: damaged before sealing");
}

/* --- checking --------------------------------------------------------------------------------- */

/* The newest one of this name. p points into plain. */
static int
open_newest(const struct sealing_key *key, struct policy_table *t, const struct kra_show_policy *f,
    struct gh_buf *plain, struct kra_policy *p, struct gh_error *err)
{
	int rc = open_policy(key, &f->sealed, plain, p, err);

	if (rc == 0 && !gh_der_equals(&p->name, f->name.p, f->name.len))
		rc = gh_fail(err, GH_E_SIGNER, "the policy is not the one that the secret names");
	return rc == 0 ? check_newest(t, p, err) : rc;
}

int
policy_show(const struct sealing_key *key, struct policy_table *t, const struct kra_show_policy *f,
    struct gh_buf *out, struct gh_error *err)
{
	struct kra_policy p;

	return open_newest(key, t, f, out, &p, err);
}

int
policy_require(const struct sealing_key *key, struct policy_table *t,
    const struct kra_show_policy *f, struct gh_error *err)
{
	struct kra_policy p;
	struct gh_buf plain;
	int rc;

	if (f->name.len == 0)
		return gh_refuse(err, GH_E_VALIDATION,
		    "Keys are archived here under a policy of recovery: name one.");
	gh_buf_init(&plain, POLICY_MAX);
	rc = open_newest(key, t, f, &plain, &p, err);
	gh_buf_free(&plain);
	return rc;
}

static int
subject_of(const struct kra_recover *f, struct approval_subject *s, struct gh_error *err)
{
	memcpy(s->key_id, f->facts.id, sizeof(s->key_id));
	s->request_id = f->request_id;
	s->requester = f->requester;
	s->until = f->until;
	return kra_release_digest(&f->release, s->wrapping)
	    ? 0
	    : gh_fail(err, GH_E_INTERNAL, "SHA-256");
}

/* agent: index of whose it is. */
static int
verify_one(const struct kra_policy *p, const struct kra_recover *f, size_t i, size_t *agent,
    struct gh_error *err)
{
	struct approval_agents agents = {.n = p->agents};
	struct approval_subject s;
	int rc = subject_of(f, &s, err);

	for (size_t k = 0; k < p->agents; k++)
		agents.cert[k] = p->agent[k].cert;
	return rc == 0 ? approval_verify(&f->approval[i], &s, &agents, gh_now(), agent, err) : rc;
}

/* Distinct agents; what one agent says twice counts once. */
static int
count(const struct kra_policy *p, const struct kra_recover *f, size_t *n, struct gh_error *err)
{
	bool has_agreed[KRA_AGENTS_MAX] = {false};
	size_t agent;
	int rc;

	*n = 0;
	for (size_t i = 0; i < f->approvals; i++) {
		if ((rc = verify_one(p, f, i, &agent, err)) != 0)
			return rc;
		if (has_agreed[agent] ||
		    (!p->requester_counts && policy_is_same_id(&p->agent[agent].id, &f->requester)))
			continue;
		has_agreed[agent] = true;
		++*n;
	}
	return 0;
}

/* A key that was wrapped as for archiving: who has it would have the KRA archive what it gave out,
 * under no policy, and give it to him. */
static int
check_wrapping(const struct kra_policy *p, const struct kra_recover *f, struct gh_error *err)
{
	enum key_wrap_alg alg;

	if (!p->is_signed ||
	    (key_wrap_find(&f->release.wrapping.key_alg, &alg) && key_wrap_is_release(alg)))
		return 0;
	return gh_refuse(err, GH_E_VALIDATION, KEY_WRAP_RELEASE_ONLY);
}

static int
check_approvals(const struct kra_policy *p, const struct kra_recover *f, struct gh_error *err)
{
	size_t n;
	int rc;

	if (f->until < gh_now())
		return gh_refuse(err, GH_E_CONFLICT, "The request for this key has expired.");
	if (!p->is_signed)
		return 0;
	if ((rc = check_wrapping(p, f, err)) != 0 || (rc = count(p, f, &n, err)) != 0)
		return rc;
	if (n < p->required)
		return gh_refuse(err, GH_E_CONFLICT, "%zu of %d agents have approved.", n,
		    p->required);
	return 0;
}

int
policy_check(const struct sealing_key *key, struct policy_table *t, const struct kra_recover *f,
    struct gh_error *err)
{
	const struct kra_show_policy named = {f->facts.policy, f->policy};
	struct kra_policy p;
	struct gh_buf plain;
	int rc;

	gh_buf_init(&plain, POLICY_MAX);
	if ((rc = open_newest(key, t, &named, &plain, &p, err)) == 0)
		rc = check_approvals(&p, f, err);
	gh_buf_free(&plain);
	return rc;
}

int
policy_check_approval(const struct sealing_key *key, struct policy_table *t,
    const struct kra_recover *f, struct gh_buf *agent, struct gh_error *err)
{
	const struct kra_show_policy named = {f->facts.policy, f->policy};
	struct kra_policy p;
	struct gh_buf plain;
	size_t i = 0;
	int rc;

	gh_buf_init(&plain, POLICY_MAX);
	if ((rc = open_newest(key, t, &named, &plain, &p, err)) == 0 && !p.is_signed)
		rc = gh_refuse(err, GH_E_VALIDATION, "Approvals of this key are not signed.");
	if (rc == 0 && (rc = check_wrapping(&p, f, err)) == 0 &&
	    (rc = verify_one(&p, f, 0, &i, err)) == 0) {
		gh_buf_put(agent, p.agent[i].id.p, p.agent[i].id.len);
		rc = gh_buf_check(agent, err);
	}
	gh_buf_free(&plain);
	return rc;
}
