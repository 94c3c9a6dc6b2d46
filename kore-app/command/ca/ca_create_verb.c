/* `gatehouse ca create`: a root, or a CA below another one. */
#include "ca_options.h"
#include "ca_work.h"
#include "command.h"
#include "verb.h"

static struct {
	struct authority_new_ca spec;
	struct ca_new_options options;
	struct ca_passwords passwords;
	bool is_root;
} wish = {.spec = {.key_alg = "P-256",
	      .years = 10,
	      .days = AUTHORITY_NOT_GIVEN,
	      .path_len = AUTHORITY_NOT_GIVEN},
    .options = CA_NEW_OPTIONS_INIT};

static int
create(struct verb_call *c, struct gh_error *err)
{
	struct authority a;
	struct ca *ca;
	int rc = ca_new_options_read(&wish.options, &wish.spec, err);

	if (rc != 0)
		return rc;
	wish.spec.settings.name = c->operand[0];
	ca_work_init(&c->env, &c->signer, &wish.passwords, &a);
	if ((rc = authority_make(&a, &wish.spec, &ca, err)) != 0)
		return rc;
	ca_work_tell(ca, c->json);
	ca_free(ca);
	return 0;
}

static const struct option_row create_options[] = {
    VERB_CONFIG,
    {"parent", 'p', OPTION_TEXT, &wish.spec.parent, "CA", "CA that signs it"},
    {"root", 0, OPTION_FLAG, &wish.is_root, NULL, "no parent: it signs itself"},
    {"subject", 's', OPTION_TEXT, &wish.spec.subject, "DN", "its distinguished name"},
    CA_NEW_KEY_ROWS(&wish.spec),
    {"years", 0, OPTION_NUMBER, &wish.spec.years, "N",
	"validity (default: 10), at most to the parent's end"},
    {"days", 0, OPTION_NUMBER, &wish.spec.days, "N", "validity in days, in place of --years"},
    {"path-len", 0, OPTION_NUMBER, &wish.spec.path_len, "N",
	"CAs that may stand below it in a chain; 0: it signs end entities only (default: 0, root: 1). The signer "
	"keeps to it; the certificate of a root does not say it, so that the root can change its key"},
    {"parent-password-file", 0, OPTION_TEXT, &wish.passwords.parent_file, "FILE",
	"password of the parent's key, where it has one (\"-\": standard input; default: asked for)"},
    CA_NEW_OPTION_ROWS(&wish.options),
    VERB_JSON,
    OPTION_END,
};

static int
check(const struct verb_call *c)
{
	struct gh_error err;

	if (wish.spec.subject == NULL || wish.is_root == (wish.spec.parent != NULL))
		return command_usage(c->who, "--subject and one of --parent and --root are needed");
	if (authority_make_check(&wish.spec, &ca_option_words, &err) != 0)
		return command_usage(c->who, "%s", err.message);
	return COMMAND_OK;
}

const struct verb verb_ca_create = {
    .usage = {"NAME", 1, 1,
	"Creates a root CA or a CA below another one. Its key is made by a signer of this command and "
	"stored sealed; running gateways can use it within a second.",
	"gatehouse ca create mobile --parent root --subject 'CN=Mobile CA,O=Corp,C=DE' \\\n"
	"    --base-url http://pki.corp.example --max-validity 398 --permit-dns corp.example\n"
	"gatehouse ca create lab-root --root --subject 'CN=Lab Root' --years 20 --no-urls\n"},
    .options = create_options,
    .needs = NEEDS_GRANTS | NEEDS_SIGNER,
    .check = check,
    .work = create,
};
