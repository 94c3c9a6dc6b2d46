/* Policies of recovery. See key_policy.h. */
#include <stdlib.h>
#include <string.h>

#include "json_row.h"
#include "store/key/archived_key.h"
#include "store/key/kra_key.h"
#include "utf8.h"

#include "key_policy.h"

/* What is sealed, and what is stored beside it. */
struct draft {
	struct kra_policy policy;
	struct store_kra_policy row;
	struct signer_blob cert[KRA_AGENTS_MAX];
};

static void
draft_clear(struct draft *d)
{
	for (size_t i = 0; i < KRA_AGENTS_MAX; i++)
		free(d->cert[i].p);
	store_kra_policy_clear(&d->row);
}

/* --- the specification ------------------------------------------------------------------------ */

/* names: NULL-ended. A misspelt member would be a rule that does not hold. */
static int
check_members(const gh_json *o, const char *const *names, struct gh_error *err)
{
	if (gh_json_type(o) != GH_JSON_OBJECT)
		return gh_refuse(err, GH_E_VALIDATION, "A policy and its agents are objects.");
	for (void *it = gh_json_iter(o); it != NULL; it = gh_json_next(o, it)) {
		const char *const *name = names;

		while (*name != NULL && strcmp(*name, gh_json_iter_name(it)) != 0)
			name++;
		if (*name == NULL)
			return gh_refuse(err, GH_E_VALIDATION, "\"%.80s\" is unknown.",
			    gh_json_iter_name(it));
	}
	return 0;
}

/* A text that must be there; borrowed. */
static int
take_text(const gh_json *o, const char *member, const char **text, struct gh_error *err)
{
	*text = gh_json_string(gh_json_get(o, member));
	if (*text == NULL || **text == '\0' || strlen(*text) >= STORE_KEY_TEXT_SIZE ||
	    !gh_utf8_is_clean(*text))
		return gh_refuse(err, GH_E_VALIDATION,
		    "\"%s\" is a text of 1 to %d bytes, without control characters.", member,
		    STORE_KEY_TEXT_SIZE - 1);
	return 0;
}

static int
take_flag(const gh_json *o, const char *member, bool *out, struct gh_error *err)
{
	const gh_json *v = gh_json_get(o, member);

	*out = gh_json_bool(v, false);
	if (v != NULL && gh_json_type(v) != GH_JSON_BOOL)
		return gh_refuse(err, GH_E_VALIDATION, "\"%s\" is true or false.", member);
	return 0;
}

static struct gh_der
der_of(const char *text)
{
	return (struct gh_der){(const unsigned char *)text, strlen(text)};
}

static int
take_agent(const gh_json *o, struct draft *d, struct gh_error *err)
{
	static const char *const members[] = {"id", "name", "certificate", NULL};
	size_t i = d->policy.agents;
	const char *id;
	int rc = check_members(o, members, err);

	if (rc != 0 || (rc = take_text(o, "id", &id, err)) != 0)
		return rc;
	d->policy.agent[i].id = der_of(id);
	d->policy.agents++;
	if (!d->policy.is_signed)
		return 0;
	if (gh_json_row_base64(gh_json_get(o, "certificate"), "certificate", &d->cert[i].p,
		&d->cert[i].len, err) != 0)
		return gh_refuse(err, GH_E_VALIDATION,
		    "Agent \"%.80s\" needs a \"certificate\": the base64 of its DER.", id);
	d->policy.agent[i].cert = (struct gh_der){d->cert[i].p, d->cert[i].len};
	return 0;
}

static int
take_agents(const gh_json *list, struct draft *d, struct gh_error *err)
{
	int rc = 0;

	if (gh_json_type(list) != GH_JSON_ARRAY || gh_json_size(list) > KRA_AGENTS_MAX)
		return gh_refuse(err, GH_E_VALIDATION, "\"agents\" is a list of at most %d.",
		    KRA_AGENTS_MAX);
	for (size_t i = 0; rc == 0 && i < gh_json_size(list); i++)
		rc = take_agent(gh_json_at(list, i), d, err);
	return rc;
}

static int
take_policy(const gh_json *spec, struct draft *d, const char **name, struct gh_error *err)
{
	static const char *const members[] = {"name", "required", "requester_counts", "signed",
	    "agents", NULL};
	struct kra_policy *p = &d->policy;
	int64_t required;
	int rc = check_members(spec, members, err);

	if (rc != 0 || (rc = take_text(spec, "name", name, err)) != 0 ||
	    (rc = take_flag(spec, "requester_counts", &p->requester_counts, err)) != 0 ||
	    (rc = take_flag(spec, "signed", &p->is_signed, err)) != 0 ||
	    (rc = take_agents(gh_json_get(spec, "agents"), d, err)) != 0)
		return rc;
	p->name = der_of(*name);
	if (!gh_json_int(gh_json_get(spec, "required"), &required) || required < 1 ||
	    required > KRA_APPROVALS_MAX)
		return gh_refuse(err, GH_E_VALIDATION, "\"required\" is a number from 1 to %d.",
		    KRA_APPROVALS_MAX);
	p->required = (uint8_t)required;
	return 0;
}

/* --- what is stored --------------------------------------------------------------------------- */

/* The next one. */
static int
find_revision(struct store *s, const char *name, uint64_t *out, struct gh_error *err)
{
	struct store_kra_policy before;
	int rc = store_get_kra_policy(s, name, &before, err);

	if (rc == GH_E_NOT_FOUND)
		rc = 0;
	*out = before.revision + 1;
	store_kra_policy_clear(&before);
	return rc;
}

static int
put_body(const gh_json *spec, struct draft *d, struct gh_error *err)
{
	gh_json *body = gh_json_new_object();
	int bad = body == NULL || gh_json_set_int(body, "required", d->policy.required) != 0 ||
	    gh_json_set_bool(body, "requester_counts", d->policy.requester_counts) != 0 ||
	    gh_json_set_bool(body, "signed", d->policy.is_signed) != 0 ||
	    gh_json_set(body, "agents", gh_json_ref(gh_json_get(spec, "agents"))) != 0;

	d->row.body = body;
	return bad ? gh_fail(err, GH_E_NOMEM, "policy of recovery") : 0;
}

int
key_policy_set(struct store *s, struct signer_client *kra, const struct requester *who,
    const gh_json *spec, uint64_t *revision, struct gh_error *err)
{
	struct draft d = {0};
	const char *name;
	int rc;

	*revision = 0;
	if ((rc = take_policy(spec, &d, &name, err)) == 0 &&
	    (rc = find_revision(s, name, &d.policy.revision, err)) == 0 &&
	    (rc = put_body(spec, &d, err)) == 0 &&
	    (rc = kra_client_seal_policy(kra, &d.policy, &d.row.sealed, err)) == 0) {
		d.row.revision = d.policy.revision;
		if ((rc = store_set_kra_policy(s, who, name, &d.row, err)) == 0)
			*revision = d.row.revision;
	}
	draft_clear(&d);
	return rc;
}
