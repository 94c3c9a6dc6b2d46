/* `gatehouse init`: what the configuration names and is not there is made. */
#include <stdio.h>

#include "bootstrap.h"
#include "command.h"
#include "options.h"
#include "output.h"

struct init_args {
	const char *conf;
	struct bootstrap_args make;
	bool json;
};

static int
init_run(const char *who, const struct init_args *a)
{
	struct command_env env;
	struct bootstrap b = {.args = &a->make, .env = &env};
	struct gh_error err;
	int rc = command_env_open(&env, a->conf, OPEN_RAW_STORE, &err), shown;

	if (rc != 0)
		return command_fail(who, &err);
	rc = report_begin(&b.report, a->json, &err);
	if (rc == 0)
		rc = bootstrap_run(&b, &err);
	/* Also after a failure: a password that was made must be told. */
	shown = a->json ? output_json(b.report.json) : output_finish();
	bootstrap_close(&b);
	command_env_close(&env);
	if (rc == 0)
		return shown;
	rc = command_fail(who, &err);
	fprintf(stderr, "    what is made stays; when the cause is removed, run init again\n");
	return rc;
}

static struct init_args given = {.make = BOOTSTRAP_ARGS_INIT};

static const struct option_row rows[] = {
    OPTION_CONFIG(&given.conf),
    BOOTSTRAP_OPTIONS(given.make),
    {"base-url", 0, OPTION_TEXT, &given.make.urls.base, "URL",
	"plain HTTP address of the gateways: makes the URLs of CRL, certificate and OCSP responder of both "
	"CAs, for the certificates they issue"},
    {"cdp-url", 0, OPTION_LIST, &given.make.urls.cdp, "URL",
	"CRL of the issuing CA, in its certificates; repeat"},
    {"aia-url", 0, OPTION_LIST, &given.make.urls.aia, "URL",
	"certificate of the issuing CA, likewise; repeat"},
    {"ocsp-url", 0, OPTION_LIST, &given.make.urls.ocsp, "URL",
	"OCSP responder of the issuing CA, likewise; repeat"},
    {"root-cdp-url", 0, OPTION_LIST, &given.make.root_urls.cdp, "URL",
	"CRL of the root, in the CAs below it; repeat"},
    {"root-aia-url", 0, OPTION_LIST, &given.make.root_urls.aia, "URL",
	"certificate of the root, likewise; repeat"},
    {"root-ocsp-url", 0, OPTION_LIST, &given.make.root_urls.ocsp, "URL",
	"OCSP responder of the root, likewise; repeat"},
    CA_NO_URLS_ROW(&given.make.urls),
    {"templates", 0, OPTION_TEXT, &given.make.templates, "DIR",
	"import the template files (*.json) of DIR"},
    {"admin", 0, OPTION_TEXT, &given.make.admin, "NAME",
	"first local administrator (default: admin)"},
    {"admin-password-file", 0, OPTION_TEXT, &given.make.admin_password_file, "FILE",
	"password of the administrator, first line of FILE (default: made and printed once)"},
    OPTION_JSON(&given.json),
    OPTION_END,
};

static const struct usage usage = {"", 0, 0,
    "Makes what a gateway needs to start: the secret files named by the configuration, the database "
    "schema, a root CA (20 years) and an issuing CA (10 years), and the first administrator. Running it "
    "again is safe: it tells what is there and makes what is missing.",
    "gatehouse init --base-url http://pki.corp.example --templates /usr/share/gatehouse/templates\n"
    "gatehouse init --ca-name corp --issuing-subject 'CN=Corp Issuing CA,O=Corp,C=DE' \\\n"
    "    --root-subject 'CN=Corp Root CA,O=Corp,C=DE' --key-alg P-384 \\\n"
    "    --base-url http://pki.corp.example\n"};

int
cmd_init(int argc, char **argv)
{
	struct gh_error err;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (authority_check_key_alg(given.make.key_alg, &ca_option_words, &err) != 0)
		return command_usage(argv[0], "%s", err.message);
	given.make.root_urls.base = given.make.urls.base;
	given.make.root_urls.none = given.make.urls.none;
	return init_run(argv[0], &given);
}
