/* What the KRA is asked about a recovery. See key_question.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "key_question.h"
#include "kra_keys.h"

static int
put_kept_release(const struct store_key_request *r, struct kra_recover *out, struct gh_error *err)
{
	struct gh_reader reader;

	if (r->wrapping.len == 0)
		return 0;
	gh_reader_init(&reader, r->wrapping.p, r->wrapping.len);
	return kra_get_release(&reader, &out->release)
	    ? 0
	    : gh_fail(err, GH_E_DB, "wrapping of key request %lld", (long long)r->id);
}

static int
put_policy(struct kra_means *m, const char *name, struct store_kra_policy *policy,
    struct kra_recover *out, struct gh_error *err)
{
	int rc = *name != '\0' ? store_get_kra_policy(m->store, name, policy, err) : 0;

	if (rc == GH_E_NOT_FOUND)
		return gh_fail(err, GH_E_DB, "policy of recovery \"%s\" is gone", name);
	out->policy = (struct gh_der){policy->sealed.p, policy->sealed.len};
	return rc;
}

int
key_question_put(struct kra_means *m, const struct store_key_request *r,
    struct store_kra_policy *policy, struct kra_recover *out, struct gh_error *err)
{
	const char *requester = store_key_identity(&r->requester);
	int rc;

	memset(policy, 0, sizeof(*policy));
	memset(out, 0, sizeof(*out));
	out->stored = (struct gh_der){r->key.stored.p, r->key.stored.len};
	out->request_id = r->id;
	out->requester = (struct gh_der){(const unsigned char *)requester, strlen(requester)};
	out->until = r->expires_at;
	if ((rc = store_archived_key_facts(&r->key, &out->facts, err)) != 0 ||
	    (rc = put_kept_release(r, out, err)) != 0)
		return rc;
	return put_policy(m, r->key.policy, policy, out, err);
}

static int
check_agent(const struct requester *who, const struct signer_blob *agent, struct gh_error *err)
{
	const char *identity = store_key_identity(who);

	if (agent->len == strlen(identity) &&
	    strncasecmp((const char *)agent->p, identity, agent->len) == 0)
		return 0;
	return gh_refuse(err, GH_E_VALIDATION,
	    "The approval is signed with the certificate of another agent than you.");
}

int
key_question_check_signature(struct kra_means *m, const struct requester *who,
    const struct store_key_request *r, const struct gh_der *signature, struct gh_error *err)
{
	struct store_kra_policy policy;
	struct signer_blob agent = {NULL, 0};
	struct kra_recover q;
	int rc = key_question_put(m, r, &policy, &q, err);

	q.stored = (struct gh_der){NULL, 0};
	q.approval[0] = *signature;
	q.approvals = 1;
	if (rc == 0 && (rc = kra_keys_check_approval(m, &q, &agent, err)) == 0)
		rc = check_agent(who, &agent, err);
	free(agent.p);
	store_kra_policy_clear(&policy);
	return rc;
}
