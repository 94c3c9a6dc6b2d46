/* Who may do what with archived keys. See key_people.h. */
#include <string.h>
#include <strings.h>

#include "log.h"
#include "store/key/key_event.h"
#include "store/key/kra_key.h"

#include "key_people.h"

bool
key_people_is_agent(const struct requester *who)
{
	return (who->roles & REQUESTER_ROLE_AGENT) != 0;
}

bool
key_people_sees_all(const struct requester *who)
{
	return (who->roles & (REQUESTER_ROLE_AGENT | REQUESTER_ROLE_AUDITOR)) != 0;
}

static bool
is_listed(const gh_json *agents, const char *identity)
{
	for (size_t i = 0; i < gh_json_size(agents); i++) {
		const char *id = gh_json_string(gh_json_get(gh_json_at(agents, i), "id"));

		if (id != NULL && strcasecmp(id, identity) == 0)
			return true;
	}
	return false;
}

static int
read_body(const gh_json *body, const struct requester *who, struct key_terms *out,
    struct gh_error *err)
{
	int64_t required;

	if (!gh_json_int(gh_json_get(body, "required"), &required) || required < 1 ||
	    required > KRA_APPROVALS_MAX)
		return gh_fail(err, GH_E_DB, "policy of recovery: \"required\"");
	out->required = (int)required;
	out->requester_counts = gh_json_bool(gh_json_get(body, "requester_counts"), false);
	out->is_signed = gh_json_bool(gh_json_get(body, "signed"), false);
	out->is_agent = key_people_is_agent(who) &&
	    is_listed(gh_json_get(body, "agents"), store_key_identity(who));
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
		rc = read_body(p.body, who, out, err);
	store_kra_policy_clear(&p);
	return rc;
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

	if (gh_error_info(err->code)->is_retryable)
		return;
	key_event_count(KEY_EVENT_REFUSED, 1);
	if (store_audit(m->store, &a, &why) != 0)
		gh_log_kv(GH_LOG_ERROR, "a refusal was not recorded", "event", event, "cause",
		    why.detail, NULL);
}
