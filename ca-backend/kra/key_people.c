/* Who may do what with archived keys. See key_people.h. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "store/key/key_event.h"
#include "store/key/kra_key.h"

#include "key_people.h"
#include "kra_keys.h"

bool
key_people_is_agent(const struct requester *who)
{
	return (who->roles & REQUESTER_ROLE_AGENT) != 0;
}

bool
key_people_owns(const struct requester *who, const struct store_archived_key *key)
{
	return requester_is_same(who, &key->owner) &&
	    strcmp(store_key_identity(&key->owner), key->bound_owner) == 0;
}

bool
key_people_sees_all(const struct requester *who)
{
	return (who->roles & (REQUESTER_ROLE_AGENT | REQUESTER_ROLE_AUDITOR)) != 0;
}

static bool
is_listed(const struct kra_policy *p, const char *identity)
{
	for (size_t i = 0; i < p->agents; i++)
		if (p->agent[i].id.len == strlen(identity) &&
		    strncasecmp((const char *)p->agent[i].id.p, identity, p->agent[i].id.len) == 0)
			return true;
	return false;
}

/* As it was sealed; what stands beside that in the row is for people. */
static int
read_sealed(struct kra_means *m, const char *name, const struct store_kra_policy *row,
    const struct requester *who, struct key_terms *out, struct gh_error *err)
{
	struct signer_blob text;
	struct kra_policy p;
	int rc = kra_keys_show_policy(m, name, row, &p, &text, err);

	if (rc != 0)
		return rc;
	out->required = p.required;
	out->requester_counts = p.requester_counts;
	out->is_signed = p.is_signed;
	out->is_agent = key_people_is_agent(who) && is_listed(&p, store_key_identity(who));
	free(text.p);
	return 0;
}

int
key_people_read_terms(struct kra_means *m, const char *policy, const struct requester *who,
    struct key_terms *out, struct gh_error *err)
{
	struct store_kra_policy p;
	int rc;

	memset(out, 0, sizeof(*out));
	if (*policy == '\0') {
		out->required = m->rules.required;
		out->requester_counts = m->rules.required == 1;
		out->is_agent = key_people_is_agent(who);
		return 0;
	}
	rc = store_get_kra_policy(m->store, policy, &p, err);
	if (rc == GH_E_NOT_FOUND)
		return gh_fail(err, GH_E_DB, "policy of recovery \"%s\" is gone", policy);
	if (rc == 0)
		rc = read_sealed(m, policy, &p, who, out, err);
	store_kra_policy_clear(&p);
	return rc;
}

int
key_people_find_call(struct kra_means *m, const char *type, const struct store_call *call,
    int64_t *request, char key_id[GH_UUID_TEXT_SIZE], struct gh_error *err)
{
	struct store_call_found found;
	int rc;

	if (call->mark == NULL)
		return gh_fail(err, GH_E_NOT_FOUND, "no mark");
	if ((rc = store_find_call(m->store, type, call, &found, err)) != 0)
		return rc;
	if (!found.is_same)
		return gh_refuse(err, GH_E_CONFLICT,
		    "This Idempotency-Key was used for another request. Choose a new key for each "
		    "request.");
	*request = found.request;
	memcpy(key_id, found.key_id, sizeof(found.key_id));
	return 0;
}

void
key_people_note_done(const struct requester *who, const char *event, const char *key_id,
    int64_t request)
{
	char number[24];

	snprintf(number, sizeof(number), "%lld", (long long)request);
	gh_log_event(GH_LOG_INFO, event, "requester", who->name, "key", key_id, "key_request",
	    request != 0 ? number : "", NULL);
}

void
key_people_note_refusal(struct kra_means *m, const struct requester *who, const char *event,
    const char *object, const char *request_id, const struct gh_error *err)
{
	const struct store_audit a = {.event = event,
	    .outcome = "failure",
	    .who = who,
	    .request_id = request_id,
	    .object = object,
	    .detail = err->detail};
	struct gh_error why;

	if (gh_error_info(err->code)->is_retryable && err->code != GH_E_SEAL)
		return;
	key_event_count(KEY_EVENT_REFUSED, 1);
	gh_log_event(GH_LOG_INFO, event, "requester", who->name, "object",
	    object != NULL ? object : "", NULL);
	if (store_audit(m->store, &a, &why) != 0)
		gh_log_kv(GH_LOG_ERROR, "a refusal was not recorded", "event", event, "cause",
		    why.detail, NULL);
}

int
key_people_note_repeat(struct kra_means *m, const struct requester *who,
    const struct store_archived_key *key, const char *detail, const char *request_id,
    struct gh_error *err)
{
	char object[GH_UUID_TEXT_SIZE + 8];
	const struct store_audit row = {.event = "key.generated-again",
	    .outcome = "success",
	    .who = who,
	    .request_id = request_id,
	    .object = object,
	    .detail = detail};

	snprintf(object, sizeof(object), "key %s", key->id);
	return store_audit(m->store, &row, err);
}
