/* `gatehouse app set`, `app rotate`, `app delete`: changes of API applications, followed by all
 * nodes within a second. */
#include <stdio.h>

#include "command.h"
#include "make_app.h"
#include "prompt.h"
#include "verb.h"

/* ---- set ---- */

static struct make_app_changes changes;

static const struct option_row set_options[] = {
    VERB_CONFIG,
    {"template", 't', OPTION_LIST, &changes.templates, "NAME",
	"templates it may ask for, in place of the old ones; repeat"},
    {"ca", 0, OPTION_TEXT, &changes.ca, "NAME", "CA that issues for it"},
    {"ca-by-rule", 0, OPTION_FLAG, &changes.ca_by_rule, NULL,
	"no CA of its own: rules choose one for each request (gatehouse ca rule)"},
    {"group", 'g', OPTION_LIST, &changes.groups, "GROUP",
	"groups that the user must be in one of, in place of the old ones; repeat; \"\": none"},
    {"signature", 0, OPTION_FLAG, &changes.signature, NULL, "demand X-CSS-CMS-Signature"},
    {"no-signature", 0, OPTION_FLAG, &changes.no_signature, NULL,
	"do not demand it: the secret proves nothing then"},
    {"min-hash", 0, OPTION_TEXT, &changes.min_hash, "HASH",
	"weakest HMAC accepted: SHA1, SHA256 or SHA512"},
    {"service-identity", 0, OPTION_TEXT, &changes.identity, "ID",
	"directory name that callers without user credentials act as; \"\": none"},
    OPTION_END,
};

static bool
is_given(const struct make_app_changes *c)
{
	return c->ca != NULL || c->ca_by_rule || c->min_hash != NULL || c->identity != NULL ||
	    c->templates.n > 0 || c->groups.n > 0 || c->signature || c->no_signature;
}

static int
check_set(const struct verb_call *c)
{
	if (!is_given(&changes))
		return command_usage(c->who, "nothing to change is given");
	if (changes.ca != NULL && changes.ca_by_rule)
		return command_usage(c->who, "--ca and --ca-by-rule exclude each other");
	if (changes.signature && changes.no_signature)
		return command_usage(c->who, "--signature and --no-signature exclude each other");
	if (changes.min_hash != NULL && !make_app_take_hash(&changes.min_hash))
		return command_usage(c->who, "--min-hash is SHA1, SHA256 or SHA512");
	for (size_t i = 0; i < changes.templates.n; i++)
		if (changes.templates.v[i][0] == '\0')
			return command_usage(c->who,
			    "--template needs a name: to end an application, `gatehouse app disable`");
	return COMMAND_OK;
}

static int
set(struct verb_call *c, struct gh_error *err)
{
	return make_app_change(&c->env, c->operand[0], &changes, err);
}

const struct verb verb_app_set = {
    .usage = {"NAME", 1, 1,
	"Changes an API application: what is not given stays. Key and secret: gatehouse app rotate.",
	"gatehouse app set mdm --template User --template Computer --min-hash SHA256\n"},
    .options = set_options,
    .needs = NEEDS_GRANTS,
    .check = check_set,
    .work = set,
};

/* ---- rotate ---- */

static bool new_key;
static struct app_secrets secrets;

static const struct option_row rotate_options[] = {
    VERB_CONFIG,
    {"new-key", 0, OPTION_FLAG, &new_key, NULL, "a new key, too"},
    VERB_JSON,
    OPTION_END,
};

static int
rotate(struct verb_call *c, struct gh_error *err)
{
	int rc = make_app_rotate(&c->env, c->operand[0], new_key, &secrets, err);

	if (rc != 0 || !c->json)
		return rc;
	c->out = gh_json_new_object();
	if (c->out == NULL || gh_json_set_string(c->out, "name", c->operand[0]) != 0 ||
	    (new_key && gh_json_set_string(c->out, "key", secrets.key_base64) != 0) ||
	    gh_json_set_string(c->out, "secret", secrets.secret_text) != 0)
		return gh_fail(err, GH_E_NOMEM, "application");
	return 0;
}

static int
show_rotated(struct verb_call *c)
{
	printf("application  %s\n", c->operand[0]);
	if (new_key)
		printf("key          %s\n", secrets.key_base64);
	printf(
	    "secret       %s\n\nThe secret is shown this once and cannot be read back. The old one is useless.\n",
	    secrets.secret_text);
	return output_finish();
}

static void
wipe(void)
{
	app_secrets_clear(&secrets);
}

const struct verb verb_app_rotate = {
    .usage = {"NAME", 1, 1,
	"Gives an API application a new secret, which is printed once. The old one ends on all nodes within a second. For a "
	"change without interruption make a second application, move the clients, and delete the first.",
	"gatehouse app rotate mdm\n"},
    .options = rotate_options,
    .needs = NEEDS_GRANTS,
    .work = rotate,
    .show = show_rotated,
    .clear = wipe,
};

/* ---- delete ---- */

static int
remove_app(struct verb_call *c, struct gh_error *err)
{
	int rc = 0;

	if (!verb_shared.is_sure)
		rc = prompt_confirm("Remove the application for good? Type yes", err);
	return rc == 0 ? store_delete_app(c->env.store, &c->env.who, c->operand[0], err) : rc;
}

static const struct option_row delete_options[] = {VERB_CONFIG, VERB_YES, OPTION_END};
const struct verb verb_app_delete = {
    .usage = {"NAME", 1, 1,
	"Removes an API application and its secret for good. Its requests, certificates and audit rows stay. Refused while "
	"it has pending requests.",
	"gatehouse app delete mdm --yes\n"},
    .options = delete_options,
    .needs = NEEDS_GRANTS,
    .work = remove_app,
};
