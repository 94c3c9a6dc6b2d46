/* `gatehouse app create|list|show`: API applications, that is who may call CertEnroll and for
 * what. */
#include <string.h>

#include "command.h"
#include "list.h"
#include "make_app.h"
#include "verb.h"

/* ---- create ---- */

static struct make_app wish = MAKE_APP_INIT;
static struct app_secrets secrets;

static const struct option_row create_options[] = {
    VERB_CONFIG,
    {"template", 't', OPTION_LIST, &wish.templates, "NAME",
	"template it may ask for; repeat for more"},
    {"ca", 0, OPTION_TEXT, &wish.ca, "NAME",
	"CA that issues for it; without: rules choose one for each request (gatehouse ca rule)"},
    {"group", 'g', OPTION_LIST, &wish.groups, "GROUP",
	"the user must be in one of these groups (DN, name or SID); repeat for more"},
    {"no-signature", 0, OPTION_UNFLAG, &wish.signature, NULL,
	"do not demand X-CSS-CMS-Signature: the secret proves nothing then"},
    {"min-hash", 0, OPTION_TEXT, &wish.min_hash, "HASH",
	"weakest HMAC accepted: SHA1 (default), SHA256 or SHA512"},
    {"service-identity", 0, OPTION_TEXT, &wish.identity, "ID",
	"directory name that callers without user credentials act as"},
    {"key", 0, OPTION_TEXT, &wish.key, "KEY",
	"application key, as hex:..., base64:... or text:... (default: 128 random bits)"},
    {"key-file", 0, OPTION_TEXT, &wish.key_file, "FILE", "the same, first line of FILE"},
    {"secret", 0, OPTION_TEXT, &wish.secret, "SECRET",
	"HMAC secret, written likewise (default: 256 random bits); others on this machine may see it"},
    {"secret-file", 0, OPTION_TEXT, &wish.secret_file, "FILE", "the same, first line of FILE"},
    VERB_JSON,
    OPTION_END,
};

static int
check_create(const struct verb_call *c)
{
	if (wish.templates.n == 0)
		return command_usage(c->who, "--template is needed at least once");
	if (wish.ca != NULL && wish.ca[0] == '\0')
		return command_usage(c->who, "--ca needs a name; without --ca, rules choose");
	if (!make_app_take_hash(&wish.min_hash))
		return command_usage(c->who, "--min-hash is SHA1, SHA256 or SHA512");
	if ((wish.key != NULL && wish.key_file != NULL) ||
	    (wish.secret != NULL && wish.secret_file != NULL))
		return command_usage(c->who, "give a value or a file, not both");
	return COMMAND_OK;
}

static int
create(struct verb_call *c, struct gh_error *err)
{
	int rc = make_app(&c->env, &wish, c->operand[0], &secrets, &c->id, err);

	if (rc != 0 || !c->json)
		return rc;
	c->out = gh_json_new_object();
	if (c->out == NULL || gh_json_set_int(c->out, "id", c->id) != 0 ||
	    gh_json_set_string(c->out, "name", c->operand[0]) != 0 ||
	    gh_json_set_string(c->out, "key", secrets.key_base64) != 0 ||
	    gh_json_set_string(c->out, "secret", secrets.secret_text) != 0)
		return gh_fail(err, GH_E_NOMEM, "application");
	return 0;
}

static int
show_created(struct verb_call *c)
{
	printf("application  %s (%lld)\nkey          %s\n", c->operand[0], (long long)c->id,
	    secrets.key_base64);
	if (secrets.secret_text != NULL)
		printf(
		    "secret       %s\n\nThe secret is shown this once and cannot be read back.\n",
		    secrets.secret_text);
	return output_finish();
}

static void
wipe(void)
{
	app_secrets_clear(&secrets);
}

const struct verb verb_app_create = {
    .usage = {"NAME", 1, 1,
	"Creates an API application. Its key (base64, for the header X-CSS-CMS-AppKey) and a generated "
	"secret (text, the key of the HMAC) are printed once.",
	"gatehouse app create mdm --template User --template Computer --ca issuing\n"
	"gatehouse app create scep-bridge -t Computer --ca issuing --min-hash SHA256 \\\n"
	"    --service-identity 'bridge$'\n"},
    .options = create_options,
    .needs = NEEDS_GRANTS,
    .check = check_create,
    .work = create,
    .show = show_created,
    .clear = wipe,
};

/* ---- list, show ---- */

static struct list_query all = {.what = STORE_LIST_APPS};
static const struct output_column columns[] = {{"ID", "id"}, {"NAME", "name"}, {"CA", "ca"},
    {"TEMPLATES", "templates"}, {"SIGNATURE", "signature_required"}, {"HASH", "min_hash"},
    {"ENABLED", "enabled"}, {NULL, NULL}};

const struct verb verb_app_list = {
    .usage = {"", 0, 0, "Lists the API applications. Secrets are never shown.",
	"gatehouse app list --json\n"},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .work = list_rows,
    .columns = columns,
    .arg = &all,
};

static int
find(struct verb_call *c, struct gh_error *err)
{
	return list_find(c->env.store, STORE_LIST_APPS, c->operand[0], &c->out, err);
}

const struct verb verb_app_show = {
    .usage = {"NAME", 1, 1,
	"Shows one API application. Its secret is not shown: it is stored sealed.",
	"gatehouse app show mdm\n"},
    .options = verb_json_options,
    .needs = NEEDS_GRANTS,
    .object = "application",
    .work = find,
};
