/* `gatehouse kra policy`: who must agree to the recovery of keys that name the policy. */
#include "kra/key_policy.h"

#include "command.h"
#include "file.h"
#include "kra_work.h"

static gh_json *
result(const gh_json *spec, uint64_t revision)
{
	gh_json *o = gh_json_new_object();

	if (o == NULL ||
	    gh_json_set_string(o, "name", gh_json_string(gh_json_get(spec, "name"))) != 0 ||
	    gh_json_set_int(o, "revision", (int64_t)revision) != 0 ||
	    gh_json_set(o, "required", gh_json_ref(gh_json_get(spec, "required"))) != 0 ||
	    gh_json_set_int(o, "agents", (int64_t)gh_json_size(gh_json_get(spec, "agents"))) != 0) {
		gh_json_free(o);
		return NULL;
	}
	return o;
}

static int
set(struct verb_call *c, const gh_json *spec, struct gh_error *err)
{
	struct own_signer kra = {0};
	uint64_t revision;
	int rc = own_signer_start(c->env.conf, SIGNER_PROCESS_KRA, &kra, err);

	if (rc == 0)
		rc = key_policy_set(c->env.store, kra.client, &c->env.who, spec, &revision, err);
	own_signer_stop(&kra);
	if (rc == 0 && (c->out = result(spec, revision)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "policy of recovery");
	return rc;
}

static int
policy(struct verb_call *c, struct gh_error *err)
{
	gh_json *spec = NULL;
	int rc = kra_work_check(c->env.conf, err);

	if (rc == 0 && (rc = file_read_json(c->operand[0], &spec, err)) == 0)
		rc = set(c, spec, err);
	gh_json_free(spec);
	return rc;
}

static const struct output_column columns[] = {{"NAME", "name"}, {"REVISION", "revision"},
    {"REQUIRED", "required"}, {"AGENTS", "agents"}, {NULL, NULL}};

const struct verb verb_kra_policy = {
    .usage = {"FILE", 1, 1,
	"Sets a policy of recovery: which agents may approve, and how many must. FILE is JSON, docs/kra.md shows one. A "
	"policy of that name gets its next revision, which holds for requests made from then on. It is sealed by a KRA of "
	"this command; needs the right to read kra.key_file.",
	"gatehouse kra policy hr.json\n"},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .work = policy,
    .columns = columns,
};
