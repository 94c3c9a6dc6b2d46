/* What `gatehouse setup` is told on the command line. */
#include <unistd.h>

#include "command.h"
#include "setup.h"

#define STATE_DIR "/var/lib/gatehouse"
#define TEMPLATES_DIR "/usr/share/gatehouse/templates"

static struct setup_options given = {.state_dir = STATE_DIR,
    .port = -1,
    .http_port = -1,
    .make = BOOTSTRAP_ARGS_INIT};

static const struct option_row rows[] = {
    OPTION_CONFIG(&given.conf),
    {"yes", 'y', OPTION_FLAG, &given.yes, NULL,
	"ask nothing: options and defaults are the answers"},
    {"db", 0, OPTION_TEXT, &given.db, "CONNINFO",
	"database (default: host=/run/postgresql dbname=gatehouse user=gatehouse)"},
    {"db-admin", 0, OPTION_TEXT, &given.db_admin, "CONNINFO",
	"log-in that may make role and database (default: as root, the local user postgres)"},
    {"db-password-file", 0, OPTION_TEXT, &given.db_password_file, "FILE",
	"password of the role, first line of FILE (\"-\": standard input); for databases of other machines"},
    {"directory-uri", 0, OPTION_LIST, &given.directory_uris, "URI",
	"directory server: ldaps://...; repeat"},
    {"starttls", 0, OPTION_FLAG, &given.starttls, NULL, "StartTLS on ldap:// URIs"},
    {"directory-ca", 0, OPTION_TEXT, &given.directory_ca, "FILE",
	"CAs of the directory's certificate (default: the system's); a copy is kept"},
    {"directory-user", 0, OPTION_TEXT, &given.directory_user, "DN",
	"service account; \"\": anonymous"},
    {"directory-password-file", 0, OPTION_TEXT, &given.directory_password_file, "FILE",
	"its password, first line of FILE (\"-\": standard input; default: asked for)"},
    {"directory-base", 0, OPTION_TEXT, &given.directory_base, "DN",
	"where people are (default: asked of the server)"},
    {"directory-type", 0, OPTION_TEXT, &given.directory_type, "TYPE",
	"ad or openldap (default: what the server says of itself)"},
    {"hostname", 0, OPTION_TEXT, &given.hostname, "NAME",
	"DNS name of this gateway (default: the host's)"},
    {"name", 0, OPTION_LIST, &given.names, "NAME",
	"further DNS name or address of the server certificate; repeat"},
    {"listen", 0, OPTION_TEXT, &given.listen, "ADDRESS", "numeric address (default: 0.0.0.0)"},
    {"port", 0, OPTION_NUMBER, &given.port, "PORT", "of HTTPS (default: 8443)"},
    {"http-port", 0, OPTION_NUMBER, &given.http_port, "PORT",
	"of CRLs, OCSP and CA certificates (default: 80)"},
    {"server-cert", 0, OPTION_TEXT, &given.server_cert, "FILE",
	"server certificate of another CA, with its issuers (default: issued here and renewed by a job)"},
    {"server-key", 0, OPTION_TEXT, &given.server_key, "FILE", "its key"},
    {"base-url", 0, OPTION_TEXT, &given.base_url, "URL",
	"plain HTTP address in all certificates, of CRL, CA certificate and OCSP (default: http://NAME)"},
    {"no-urls", 0, OPTION_FLAG, &given.no_urls, NULL,
	"CAs without these URLs: relying parties cannot learn of revocations, and nobody can add them later"},
    {"allow-unresolved", 0, OPTION_FLAG, &given.allow_unresolved, NULL,
	"the name in the URL is not in the DNS yet"},
    BOOTSTRAP_OPTIONS(given.make),
    {"templates", 0, OPTION_TEXT, &given.make.templates, "DIR",
	"template files to import (default: " TEMPLATES_DIR ")"},
    {"admin", 0, OPTION_TEXT, &given.make.admin, "NAME",
	"first local administrator (default: admin)"},
    {"admin-password-file", 0, OPTION_TEXT, &given.make.admin_password_file, "FILE",
	"password of the administrator, first line of FILE (default: made and shown once)"},
    {"app", 0, OPTION_TEXT, &given.app, "NAME", "first API application (default: clients)"},
    {"app-template", 0, OPTION_LIST, &given.app_templates, "NAME",
	"template it may ask for; repeat (default: User and Computer)"},
    {"no-csr-form", 0, OPTION_FLAG, &given.no_csr_form, NULL,
	"no application for the CSR form of browsers (csr.application)"},
    {"credentials", 0, OPTION_TEXT, &given.credentials, "DIR",
	"write app.key and app.secret into this folder instead of showing them"},
    {"user", 0, OPTION_TEXT, &given.user, "USER",
	"who runs the gateway (default, as root: gatehouse)"},
    {"signer-user", 0, OPTION_TEXT, &given.signer_user, "USER",
	"who runs the signer (default, as root: gatehouse-signer)"},
    {"state-dir", 0, OPTION_TEXT, &given.state_dir, "DIR",
	"for the server certificate (default: " STATE_DIR ")"},
    {"set", 0, OPTION_LIST, &given.set, "OPTION=VALUE",
	"any other option of the configuration; repeat"},
    OPTION_JSON(&given.json),
    OPTION_END,
};

static const struct usage usage = {"", 0, 0,
    "Sets a gateway up: asks for database, directory, names and URLs, checks each answer at once against the real "
    "server, makes role and database where it may, writes the configuration and the secrets, makes a root and an "
    "issuing CA, the gateway's server certificate, the first application, the application of the CSR form and the first administrator. A second run "
    "checks everything and makes what is missing.",
    "gatehouse setup\n"
    "gatehouse setup --yes --directory-uri ldaps://dc1.corp.example --directory-ca corp-root.pem \\\n"
    "    --directory-user svc-gatehouse@corp.example --directory-password-file pw \\\n"
    "    --hostname pki.corp.example --credentials /root/gatehouse\n"};

int
setup_options_parse(int argc, char **argv, struct setup_options *out)
{
	struct gh_error err;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (authority_check_key_alg(given.make.key_alg, &ca_option_words, &err) != 0)
		return command_usage(argv[0], "%s", err.message);
	if (given.no_urls && given.base_url != NULL)
		return command_usage(argv[0], "give --base-url or --no-urls, not both");
	if (given.make.templates == NULL && access(TEMPLATES_DIR, F_OK) == 0)
		given.make.templates = TEMPLATES_DIR;
	*out = given;
	return OPTIONS_GO;
}
