/* `gatehouse ca approval-password`: the password with which a request needs no officer. */
#include <string.h>

#include "authority/approval_password.h"
#include "store/ca/approval_password_row.h"
#include "store/ca/ca_row.h"
#include "timestamp.h"

#include "command.h"
#include "prompt.h"
#include "verb.h"

static const char *file;

/* c->out of the CA's row. */
static int
put_status(struct verb_call *c, const gh_json *row, struct gh_error *err)
{
	const gh_json *policy = gh_json_get(row, "policy");
	char until[GH_TIMESTAMP_SIZE];
	int64_t id = 0, last = 0;
	int n = 0, rc;

	(void)gh_json_int(gh_json_get(row, "id"), &id);
	if ((rc = store_count_locked_out(c->env.store, id, &n, &last, err)) != 0)
		return rc;
	c->out = gh_json_new_object();
	if (gh_json_set_string(c->out, "ca", gh_json_string(gh_json_get(row, "name"))) == 0 &&
	    gh_json_set_bool(c->out, "has_password",
		gh_json_get(policy, STORE_APPROVAL_PASSWORD) != NULL) == 0 &&
	    gh_json_set_bool(c->out, "approval_required",
		gh_json_bool(gh_json_get(policy, "approval_required"), false)) == 0 &&
	    gh_json_set_int(c->out, "locked_out", n) == 0 &&
	    gh_json_set_string(c->out, "locked_until",
		n > 0 ? gh_timestamp_format(last, until) : NULL) == 0)
		return 0;
	return gh_fail(err, GH_E_NOMEM, "status");
}

static int
run_status(struct verb_call *c, struct gh_error *err)
{
	gh_json *row = NULL;
	int rc = store_ca_get(c->env.store, c->operand[1], &row, err);

	if (rc == 0)
		rc = put_status(c, row, err);
	gh_json_free(row);
	return rc;
}

static int
run_set(struct verb_call *c, struct gh_error *err)
{
	char *password;
	int rc = prompt_password(file, "approval password of the CA", true, &password, err);

	if (rc == 0)
		rc = approval_password_set(c->env.store, &c->env.who, c->operand[1], password, err);
	prompt_free(password);
	return rc == 0 ? run_status(c, err) : rc;
}

static int
run_remove(struct verb_call *c, struct gh_error *err)
{
	int rc = approval_password_set(c->env.store, &c->env.who, c->operand[1], NULL, err);

	return rc == 0 ? run_status(c, err) : rc;
}

static const struct verb_action actions[] = {
    {"set", true, run_set, NULL, NULL, NULL},
    {"remove", true, run_remove, NULL, NULL, NULL},
    {"status", true, run_status, NULL, NULL, NULL},
    {NULL, false, NULL, NULL, NULL, NULL},
};

static const struct option_row options[] = {
    VERB_CONFIG,
    {"password-file", 0, OPTION_TEXT, &file, "FILE",
	"set: the password, first line of FILE (\"-\": standard input); asked for when not given"},
    VERB_JSON,
    OPTION_END,
};

const struct verb verb_ca_approval_password = {
    .usage = {"ACTION NAME", 2, 2,
	"The approval password of a CA: whoever sends it with a request needs no officer, where one officer would be "
	"enough. ACTION is set, remove or status. It takes effect on all nodes within a second.",
	"gatehouse ca approval-password set issuing\n"
	"gatehouse ca approval-password status issuing --json\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .actions = actions,
    .named = "CA",
};
