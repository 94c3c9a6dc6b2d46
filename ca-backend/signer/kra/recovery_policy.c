/* Who must agree to a recovery. See recovery_policy.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "aead.h"
#include "digest.h"
#include "timestamp.h"

#include "approval.h"
#include "recovery_policy.h"

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

static bool
is_cert(const struct gh_der *der)
{
	const unsigned char *p = der->p;
	X509 *x = d2i_X509(NULL, &p, (long)der->len);
	bool is = x != NULL && p == der->p + der->len;

	X509_free(x);
	ERR_clear_error();
	return is;
}

static bool
is_there_twice(const struct kra_policy *p, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (gh_der_equals(&p->agent[k].id, p->agent[i].id.p, p->agent[i].id.len) ||
		    (p->is_signed &&
			gh_der_equals(&p->agent[k].cert, p->agent[i].cert.p, p->agent[i].cert.len)))
			return true;
	return false;
}

static int
check_policy(const struct kra_policy *p, struct gh_error *err)
{
	if (p->name.len == 0)
		return gh_refuse(err, GH_E_VALIDATION, "A policy of recovery needs a name.");
	if (p->required > p->agents)
		return gh_refuse(err, GH_E_VALIDATION,
		    "%d approvals are required, and there are %zu agents.", p->required, p->agents);
	for (size_t i = 0; i < p->agents; i++) {
		if (p->agent[i].id.len == 0 || is_there_twice(p, i))
			return gh_refuse(err, GH_E_VALIDATION,
			    "Agent %zu has no name, or is there twice.", i + 1);
		if (p->is_signed && !is_cert(&p->agent[i].cert))
			return gh_refuse(err, GH_E_VALIDATION,
			    "Agent %zu has no certificate (DER).", i + 1);
	}
	return 0;
}

int
policy_seal(const struct sealing_key *key, const struct kra_policy *p, struct gh_buf *out,
    struct gh_error *err)
{
	struct gh_der aad = {magic, MAGIC_SIZE};
	struct gh_buf plain;
	int rc;

	if ((rc = check_policy(p, err)) != 0)
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

/* Distinct agents; what one agent says twice counts once. */
static int
count(const struct kra_policy *p, const struct kra_recover *f, size_t *n, struct gh_error *err)
{
	struct approval_agents agents = {.n = p->agents};
	bool has_agreed[KRA_AGENTS_MAX] = {false};
	struct approval_subject s;
	size_t agent;
	int rc;

	*n = 0;
	for (size_t i = 0; i < p->agents; i++)
		agents.cert[i] = p->agent[i].cert;
	if ((rc = subject_of(f, &s, err)) != 0)
		return rc;
	for (size_t i = 0; i < f->approvals; i++) {
		rc = approval_verify(&f->approval[i], &s, &agents, gh_now(), &agent, err);
		if (rc != 0)
			return rc;
		if (has_agreed[agent] ||
		    (!p->requester_counts &&
			gh_der_equals(&p->agent[agent].id, f->requester.p, f->requester.len)))
			continue;
		has_agreed[agent] = true;
		++*n;
	}
	return 0;
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
	if ((rc = count(p, f, &n, err)) != 0)
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
	struct kra_policy p;
	struct gh_buf plain;
	int rc;

	gh_buf_init(&plain, POLICY_MAX);
	rc = open_policy(key, &f->policy, &plain, &p, err);
	if (rc == 0 && !gh_der_equals(&p.name, f->facts.policy.p, f->facts.policy.len))
		rc = gh_fail(err, GH_E_SIGNER, "the policy is not the one that the secret names");
	if (rc == 0 && (rc = check_newest(t, &p, err)) == 0)
		rc = check_approvals(&p, f, err);
	gh_buf_free(&plain);
	return rc;
}
