/* `gatehouse ca create`: a root, or a CA below another one. */
#include "authority/make.h"
#include "key_alg.h"

#include "ca_options.h"
#include "ca_work.h"
#include "command.h"
#include "options.h"
#include "output.h"
#include "signer_session.h"

struct creation {
	struct authority_new_ca spec;
	struct ca_url_options urls;
	struct ca_policy_options policy;
	struct ca_name_options names;
	struct ca_passwords passwords;
	bool json;
};

static int
create(struct session *s, struct own_signer *signer, void *arg, struct gh_error *err)
{
	struct creation *c = arg;
	struct authority a;
	struct ca *ca;
	int rc = ca_policy_options_read(&c->policy, &c->spec.settings.policy, err);

	if (rc != 0)
		return rc;
	c->spec.settings.urls = ca_url_options_read(&c->urls);
	c->spec.names = ca_name_options_read(&c->names);
	ca_work_init(s, signer, &c->passwords, &a);
	if ((rc = authority_make(&a, &c->spec, &ca, err)) != 0)
		return rc;
	ca_work_tell(ca, c->json);
	ca_free(ca);
	return 0;
}

static int
check(const char *who, const struct authority_new_ca *spec, bool is_root)
{
	if (spec->subject == NULL || is_root == (spec->parent != NULL))
		return command_usage(who, "--subject and one of --parent and --root are needed");
	if (!gh_key_is_name(spec->key_alg))
		return command_usage(who, "--key-alg is " AUTHORITY_KEY_ALGS);
	if (spec->days == 0 && (spec->years < 1 || spec->years > AUTHORITY_YEARS_MAX))
		return command_usage(who, "--years is from 1 to %d", AUTHORITY_YEARS_MAX);
	if (spec->days > AUTHORITY_YEARS_MAX * 366)
		return command_usage(who, "--days is from 1 to %d", AUTHORITY_YEARS_MAX * 366);
	if (spec->path_len > AUTHORITY_PATH_LEN_MAX)
		return command_usage(who, "--path-len is from 0 to %d", AUTHORITY_PATH_LEN_MAX);
	return COMMAND_OK;
}

int
cmd_ca_create(int argc, char **argv)
{
	const char *conf = NULL;
	struct creation c = {.spec = {.key_alg = "P-256", .years = 10, .days = -1, .path_len = -1},
	    .urls = CA_URL_OPTIONS_INIT,
	    .policy = CA_POLICY_OPTIONS_INIT};
	bool is_root = false;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"parent", 'p', OPTION_TEXT, &c.spec.parent, "CA", "CA that signs it"},
	    {"root", 0, OPTION_FLAG, &is_root, NULL, "no parent: it signs itself"},
	    {"subject", 's', OPTION_TEXT, &c.spec.subject, "DN", "its distinguished name"},
	    {"key-alg", 0, OPTION_TEXT, &c.spec.key_alg, "ALG",
		AUTHORITY_KEY_ALGS " (default: P-256)"},
	    {"key-uri", 0, OPTION_TEXT, &c.spec.settings.key_uri, "URI",
		"a key pair in a PKCS#11 token, in place of a new key: pkcs11:token=...;object=..."},
	    {"years", 0, OPTION_NUMBER, &c.spec.years, "N",
		"validity (default: 10), at most to the parent's end"},
	    {"days", 0, OPTION_NUMBER, &c.spec.days, "N", "validity in days, in place of --years"},
	    {"path-len", 0, OPTION_NUMBER, &c.spec.path_len, "N",
		"CAs that may stand below it in a chain; 0: it signs end entities only (default: 0, root: 1). The signer "
		"keeps to it; the certificate of a root does not say it, so that the root can change its key"},
	    {"parent-password-file", 0, OPTION_TEXT, &c.passwords.parent_file, "FILE",
		"password of the parent's key, where it has one (\"-\": standard input; default: asked for)"},
	    CA_URL_OPTION_ROWS(&c.urls),
	    CA_NO_URLS_ROW(&c.urls),
	    CA_POLICY_OPTION_ROWS(&c.policy),
	    CA_NAMES_OPTION_ROWS(&c.names),
	    OPTION_JSON(&c.json),
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Creates a root CA or a CA below another one. Its key is made by a signer of this command and "
	    "stored sealed; running gateways can use it within a second.",
	    "gatehouse ca create mobile --parent root --subject 'CN=Mobile CA,O=Corp,C=DE' \\\n"
	    "    --base-url http://pki.corp.example --max-validity 398 --permit-dns corp.example\n"
	    "gatehouse ca create lab-root --root --subject 'CN=Lab Root' --years 20 --no-urls\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (c.spec.days == 0)
		return command_usage(argv[0], "--days is from 1 to %d", AUTHORITY_YEARS_MAX * 366);
	if (c.spec.days < 0)
		c.spec.days = 0;
	if (c.spec.path_len < 0)
		c.spec.path_len = is_root;
	rc = check(argv[0], &c.spec, is_root);
	if (rc != COMMAND_OK)
		return rc;
	c.spec.settings.name = argv[1];
	rc = signer_session_run(argv[0], conf, create, &c);
	return rc == COMMAND_OK ? output_finish() : rc;
}
