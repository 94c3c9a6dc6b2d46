/* `enable` and `disable` of applications, local administrators and CAs, and `ca retire`. All nodes
 * follow within a second. */
#include <stdio.h>

#include "store/ca/ca_row.h"

#include "command.h"
#include "prompt.h"
#include "verb.h"

/* What a row's arg points to: of which kind, and what becomes of it. */
struct state_wish {
	int (*set)(struct command_env *env, const char *name, int to, struct gh_error *err);
	int to;
};

static int
set_app(struct command_env *env, const char *name, int to, struct gh_error *err)
{
	return store_set_app_enabled(env->store, &env->who, name, to != 0, err);
}

static int
set_user(struct command_env *env, const char *name, int to, struct gh_error *err)
{
	return store_set_user(env->store, &env->who, name, NULL, to, err);
}

static int
set_ca(struct command_env *env, const char *name, int to, struct gh_error *err)
{
	return store_set_ca_state(env->store, &env->who, name, (enum ca_state)to, err);
}

static int
set_state(struct verb_call *c, struct gh_error *err)
{
	const struct state_wish *w = c->verb->arg;

	return w->set(&c->env, c->operand[0], w->to, err);
}

static struct state_wish app_on = {set_app, 1}, app_off = {set_app, 0}, user_on = {set_user, 1},
			 user_off = {set_user, 0}, ca_on = {set_ca, CA_ACTIVE},
			 ca_off = {set_ca, CA_DISABLED}, ca_end = {set_ca, CA_RETIRED};

const struct verb verb_app_enable = {
    .usage = {"NAME", 1, 1, "Lets an API application call again. All nodes follow within a second.",
	"gatehouse app enable mdm\n"},
    .options = verb_options,
    .needs = NEEDS_GRANTS,
    .work = set_state,
    .arg = &app_on,
};
const struct verb verb_app_disable = {
    .usage = {"NAME", 1, 1,
	"Refuses all calls of an API application. All nodes follow within a second.",
	"gatehouse app disable mdm\n"},
    .options = verb_options,
    .needs = NEEDS_GRANTS,
    .work = set_state,
    .arg = &app_off,
};

const struct verb verb_user_enable = {
    .usage = {"NAME", 1, 1, "Lets a local administrator log in again.",
	"gatehouse user enable olga\n"},
    .options = verb_options,
    .needs = NEEDS_GRANTS,
    .work = set_state,
    .arg = &user_on,
};
const struct verb verb_user_disable = {
    .usage = {"NAME", 1, 1, "Refuses a local administrator.", "gatehouse user disable olga\n"},
    .options = verb_options,
    .needs = NEEDS_GRANTS,
    .work = set_state,
    .arg = &user_off,
};

/* ---- CAs, which have more states and tell the new one ---- */

static int
set_ca_state(struct verb_call *c, struct gh_error *err)
{
	const struct state_wish *w = c->verb->arg;
	int rc = set_state(c, err);

	if (rc == 0 &&
	    ((c->out = gh_json_new_object()) == NULL ||
		gh_json_set_string(c->out, "state", ca_state_name((enum ca_state)w->to)) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "state");
	return rc;
}

static int
show_ca_state(struct verb_call *c)
{
	printf("CA %s is %s\n", c->operand[0], gh_json_string(gh_json_get(c->out, "state")));
	return output_finish();
}

const struct verb verb_ca_disable = {
    .usage = {"NAME", 1, 1,
	"Stops a CA from issuing; its CRLs and OCSP answers go on. Requests to it are answered with 503.",
	"gatehouse ca disable mobile\n"},
    .options = verb_json_options,
    .needs = NEEDS_GRANTS,
    .work = set_ca_state,
    .show = show_ca_state,
    .arg = &ca_off,
};
const struct verb verb_ca_enable = {
    .usage = {"NAME", 1, 1, "Lets a disabled CA issue again.", "gatehouse ca enable mobile\n"},
    .options = verb_json_options,
    .needs = NEEDS_GRANTS,
    .work = set_ca_state,
    .show = show_ca_state,
    .arg = &ca_on,
};

static int
ask_retire(const struct verb_call *c)
{
	struct gh_error err;

	if (!verb_shared.is_sure &&
	    prompt_confirm(
		"This removes the key of the CA and cannot be undone. Type \"yes\" to go on",
		&err) != 0)
		return command_fail(c->who, &err);
	return COMMAND_OK;
}

static const struct option_row retire_options[] = {VERB_CONFIG, VERB_YES, VERB_JSON, OPTION_END};
const struct verb verb_ca_retire = {
    .usage = {"NAME", 1, 1,
	"Ends a CA for ever: its key is removed from the database, and it signs no certificates, CRLs and OCSP "
	"answers any more. Its certificate and its last CRLs are served on. Backups of the database "
	"may still hold the key.",
	"gatehouse ca retire old-mobile\n"},
    .options = retire_options,
    .needs = NEEDS_GRANTS,
    .check = ask_retire,
    .work = set_ca_state,
    .show = show_ca_state,
    .arg = &ca_end,
};
