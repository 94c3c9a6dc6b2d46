/*
 * `gatehouse setup`: from installed programs to a gateway that can start. Answers are checked
 * against the real servers before anything is written. The configuration is written last: until it
 * is there, a run asks again, and every step takes over what an interrupted run has made. Once it
 * is there, a run checks everything and makes what is missing.
 */
#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "output.h"
#include "prompt.h"
#include "setup.h"

#define STATE_DIR "/var/lib/gatehouse"
#define TEMPLATES_DIR "/usr/share/gatehouse/templates"
#define USER "gatehouse"
#define SIGNER_USER "gatehouse-signer"
#define UNIT "/usr/lib/systemd/system/gatehouse.service"

/* ---- asking and telling ---- */

void
setup_tell(const struct setup *s, const char *fmt, ...)
{
	va_list ap;

	if (s->o.json)
		return;
	va_start(ap, fmt);
	printf("ok          ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
}

void
setup_warn(const struct setup *s, const char *fmt, ...)
{
	va_list ap;

	(void)s;
	fflush(stdout);
	va_start(ap, fmt);
	fprintf(stderr, "warning     ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
}

int
setup_answer(const struct setup *s, const char *given, const char *option, const char *question,
    const char *help, const char *fallback, char **out, struct gh_error *err)
{
	*out = NULL;
	if (given == NULL && s->may_ask) {
		if (help != NULL)
			printf("\n%s\n", help);
		fflush(stdout);
		return prompt_text(question, fallback, out, err);
	}
	if (given == NULL)
		given = fallback;
	if (given == NULL)
		return gh_refuse(err, GH_E_CONF, "%s is needed", option);
	*out = strdup(given);
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "answer");
}

int
setup_ask(struct setup *s, const struct setup_question *q, struct gh_error *err)
{
	char *answer;
	int rc =
	    setup_answer(s, q->given, q->option, q->question, q->help, q->fallback, &answer, err);

	if (rc == 0)
		rc = conf_settings_set(&s->settings, q->setting, answer, err);
	free(answer);
	return rc;
}

int
setup_repeat(struct setup *s, int (*step)(struct setup *s, bool is_again, struct gh_error *err),
    struct gh_error *err)
{
	int rc = step(s, false, err);

	while (rc != 0 && rc != GH_E_NOMEM && s->may_ask) {
		fflush(stdout);
		command_fail(s->o.json ? "gatehouse setup" : "not ok", err);
		rc = step(s, true, err);
	}
	return rc;
}

int
setup_load(struct setup *s, struct gh_error *err)
{
	gh_conf_free(s->conf);
	return conf_settings_load(&s->settings, &s->conf, err);
}

/* ---- the beginning ---- */

static int
find_paths(struct setup *s, struct gh_error *err)
{
	const char *path = session_conf_path(s->o.conf);
	char copy[SETUP_PATH_SIZE];

	if (path[0] != '/')
		return gh_refuse(err, GH_E_CONF, "-c %.100s: give the whole path, from /", path);
	if (strlen(path) > SETUP_PATH_SIZE / 2 || strlen(s->o.state_dir) > SETUP_PATH_SIZE / 2)
		return gh_refuse(err, GH_E_CONF, "name too long: %.100s", path);
	snprintf(s->conf_path, sizeof(s->conf_path), "%s", path);
	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(s->conf_dir, sizeof(s->conf_dir), "%s", dirname(copy));
	s->is_new = access(path, F_OK) != 0;
	if (s->is_new && errno != ENOENT)
		return gh_refuse(err, GH_E_CONF, "%.160s: %s", path, strerror(errno));
	return 0;
}

/* Root gives the programs users of their own; others run them themselves. */
static int
find_users(struct setup *s, struct gh_error *err)
{
	bool is_root = geteuid() == 0;

	s->user = s->o.user != NULL ? s->o.user : is_root ? USER : "";
	s->signer_user = s->o.signer_user != NULL ? s->o.signer_user : is_root ? SIGNER_USER : "";
	if (s->user[0] != '\0' && getpwnam(s->user) == NULL)
		return gh_refuse(err, GH_E_CONF,
		    "there is no user \"%.60s\" for the gateway: the package makes it (else: "
		    "systemd-sysusers); or give --user",
		    s->user);
	if (s->signer_user[0] != '\0' && getpwnam(s->signer_user) == NULL)
		return gh_refuse(err, GH_E_CONF,
		    "there is no user \"%.60s\" for the signer: the package makes it (else: "
		    "systemd-sysusers); or give --signer-user",
		    s->signer_user);
	return 0;
}

static int
set_path(struct setup *s, const char *setting, const char *folder, const char *file,
    struct gh_error *err)
{
	char path[2 * SETUP_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return conf_settings_set(&s->settings, setting, path, err);
}

static int
set_server_cert(struct setup *s, struct gh_error *err)
{
	int rc;

	if ((s->o.server_cert == NULL) != (s->o.server_key == NULL))
		return gh_refuse(err, GH_E_CONF, "--server-cert and --server-key belong together");
	if (s->o.server_cert == NULL) {
		rc = set_path(s, "gateway.certificate", s->o.state_dir, "tls/server.pem", err);
		return rc == 0 ? set_path(s, "gateway.key", s->o.state_dir, "tls/server.pem", err)
			       : rc;
	}
	rc = conf_settings_set(&s->settings, "gateway.certificate", s->o.server_cert, err);
	return rc == 0 ? conf_settings_set(&s->settings, "gateway.key", s->o.server_key, err) : rc;
}

static int
set_extra(struct setup *s, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->o.set.n; i++)
		rc = conf_settings_parse(&s->settings, s->o.set.v[i], err);
	return rc;
}

static int
begin_new(struct setup *s, struct gh_error *err)
{
	int rc = conf_settings_set(&s->settings, "gateway.user", s->user, err);

	if (rc == 0)
		rc = conf_settings_set(&s->settings, "signer.user", s->signer_user, err);
	if (rc == 0)
		rc = set_path(s, "gateway.secret_file", s->conf_dir, "gateway.secret", err);
	if (rc == 0)
		rc = set_path(s, "signer.key_file", s->conf_dir, "signer.key", err);
	if (rc == 0)
		rc = set_server_cert(s, err);
	if (rc == 0)
		rc = set_extra(s, err);
	return rc == 0 ? setup_load(s, err) : rc;
}

/* An option that says something else than the file would be forgotten without a word. */
static int
begin_again(struct setup *s, struct gh_error *err)
{
	const struct {
		const char *setting, *given;
	} given[] = {
	    {"database.conninfo", s->o.db_password_file == NULL ? s->o.db : NULL},
	    {"directory.type", s->o.directory_type},
	    {"directory.base", s->o.directory_base},
	    {"directory.bind_dn", s->o.directory_user},
	    {"gateway.listen", s->o.listen},
	    {"gateway.certificate", s->o.server_cert},
	    {"gateway.key", s->o.server_key},
	    {"gateway.user", s->o.user},
	    {"signer.user", s->o.signer_user},
	};
	int rc = gh_conf_load(s->conf_path, &s->conf, err);

	for (size_t i = 0; rc == 0 && i < sizeof(given) / sizeof(given[0]); i++)
		if (given[i].given != NULL)
			rc = conf_settings_set(&s->settings, given[i].setting, given[i].given, err);
	if (rc == 0)
		rc = set_extra(s, err);
	if (rc == 0)
		rc = conf_settings_agree(&s->settings, s->conf, s->conf_path, err);
	if (rc == 0) {
		s->user = s->conf->gateway.user;
		s->signer_user = s->conf->signer.user;
	}
	return rc;
}

/* ---- the end ---- */

static int
make_all(struct setup *s, struct gh_error *err)
{
	struct gh_conf *conf = s->conf;
	int rc;

	s->o.make.urls.base = s->o.make.root_urls.base = s->base_url;
	s->o.make.urls.none = s->o.make.root_urls.none = s->o.no_urls;
	s->conf = NULL;
	rc = session_of_conf(&s->session, conf, SESSION_RAW_STORE, err);
	s->made.args = &s->o.make;
	s->made.session = &s->session;
	if (rc == 0)
		rc = bootstrap_run(&s->made, err);
	if (rc == 0)
		rc = setup_server_cert(s, err);
	if (rc == 0 && s->is_new)
		rc = setup_publish(s, err);
	if (rc == 0)
		rc = setup_first_app(s, err);
	return rc == 0 ? setup_write_conf(s, err) : rc;
}

static void
show_next(const struct setup *s)
{
	bool has_units = access("/run/systemd/system", F_OK) == 0 && access(UNIT, F_OK) == 0;
	const struct gh_conf *conf = s->session.conf;

	if (s->o.json)
		return;
	printf("\nNext:\n");
	printf("  keep copies of %s and %s apart from the database's backups\n",
	    conf->gateway.secret_file, conf->signer.key_file);
	if (has_units && strcmp(s->conf_path, "/etc/gatehouse/gatehouse.conf") == 0)
		printf("  systemctl enable --now gatehouse-signer gatehouse\n");
	else
		printf("  gatehouse run -c %s\n", s->conf_path);
	printf("  gatehouse ca export %s -c %s > root.pem      (for clients to trust)\n",
	    s->o.make.root_name, s->conf_path);
	printf(
	    "  gatehouse enroll --url https://%s:%d --cacert root.pem --app-key KEY --app-secret-file FILE \\\n"
	    "      --user NAME --template User\n",
	    s->names.name[0], conf->gateway.port);
}

static int
confirm(const struct setup *s, struct gh_error *err)
{
	if (!s->may_ask || !s->is_new)
		return 0;
	printf("\nAll answers are checked; nothing is written yet.\n");
	fflush(stdout);
	return prompt_confirm("Set up with them? Type yes", err);
}

static int
run_steps(struct setup *s, struct gh_error *err)
{
	int rc = setup_database(s, err);

	if (rc == 0)
		rc = setup_directory(s, err);
	if (rc == 0)
		rc = setup_names(s, err);
	if (rc == 0)
		rc = confirm(s, err);
	if (rc == 0)
		rc = setup_files(s, err);
	return rc == 0 ? make_all(s, err) : rc;
}

static void
setup_free(struct setup *s)
{
	bootstrap_close(&s->made);
	session_close(&s->session);
	conf_settings_clear(&s->settings);
	gh_conf_free(s->conf);
	prompt_free(s->directory_password);
	free(s->base_url);
	server_cert_names_clear(&s->names);
}

static int
setup_run(const char *who, struct setup *s)
{
	struct gh_error err = {0};
	int rc = report_begin(&s->made.report, s->o.json, &err), shown;

	if (rc == 0)
		rc = find_paths(s, &err);
	if (rc == 0)
		rc = find_users(s, &err);
	s->may_ask = !s->o.yes && s->is_new && prompt_has_terminal();
	if (rc == 0)
		rc = s->is_new ? begin_new(s, &err) : begin_again(s, &err);
	if (rc == 0)
		rc = run_steps(s, &err);
	if (rc == 0)
		show_next(s);
	shown = s->o.json ? output_json(s->made.report.json) : output_finish();
	if (rc != 0) {
		shown = command_fail(who, &err);
		fprintf(stderr,
		    "    what is made stays; when the cause is removed, run setup again\n");
	}
	setup_free(s);
	return shown;
}

int
cmd_setup(int argc, char **argv)
{
	struct setup s = {.o = {.state_dir = STATE_DIR,
			      .port = -1,
			      .http_port = -1,
			      .make = BOOTSTRAP_ARGS_INIT}};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&s.o.conf),
	    {"yes", 'y', OPTION_FLAG, &s.o.yes, NULL,
		"ask nothing: options and defaults are the answers"},
	    {"db", 0, OPTION_TEXT, &s.o.db, "CONNINFO",
		"database (default: host=/run/postgresql dbname=gatehouse user=gatehouse)"},
	    {"db-admin", 0, OPTION_TEXT, &s.o.db_admin, "CONNINFO",
		"log-in that may make role and database (default: as root, the local user postgres)"},
	    {"db-password-file", 0, OPTION_TEXT, &s.o.db_password_file, "FILE",
		"password of the role, first line of FILE (\"-\": standard input); for databases of other machines"},
	    {"directory-uri", 0, OPTION_LIST, &s.o.directory_uris, "URI",
		"directory server: ldaps://...; repeat"},
	    {"starttls", 0, OPTION_FLAG, &s.o.starttls, NULL, "StartTLS on ldap:// URIs"},
	    {"directory-ca", 0, OPTION_TEXT, &s.o.directory_ca, "FILE",
		"CAs of the directory's certificate (default: the system's); a copy is kept"},
	    {"directory-user", 0, OPTION_TEXT, &s.o.directory_user, "DN",
		"service account; \"\": anonymous"},
	    {"directory-password-file", 0, OPTION_TEXT, &s.o.directory_password_file, "FILE",
		"its password, first line of FILE (\"-\": standard input; default: asked for)"},
	    {"directory-base", 0, OPTION_TEXT, &s.o.directory_base, "DN",
		"where people are (default: asked of the server)"},
	    {"directory-type", 0, OPTION_TEXT, &s.o.directory_type, "TYPE",
		"ad or openldap (default: what the server says of itself)"},
	    {"hostname", 0, OPTION_TEXT, &s.o.hostname, "NAME",
		"DNS name of this gateway (default: the host's)"},
	    {"name", 0, OPTION_LIST, &s.o.names, "NAME",
		"further DNS name or address of the server certificate; repeat"},
	    {"listen", 0, OPTION_TEXT, &s.o.listen, "ADDRESS",
		"numeric address (default: 0.0.0.0)"},
	    {"port", 0, OPTION_NUMBER, &s.o.port, "PORT", "of HTTPS (default: 8443)"},
	    {"http-port", 0, OPTION_NUMBER, &s.o.http_port, "PORT",
		"of CRLs, OCSP and CA certificates (default: 80)"},
	    {"server-cert", 0, OPTION_TEXT, &s.o.server_cert, "FILE",
		"server certificate of another CA, with its issuers (default: issued here and renewed by a job)"},
	    {"server-key", 0, OPTION_TEXT, &s.o.server_key, "FILE", "its key"},
	    {"base-url", 0, OPTION_TEXT, &s.o.base_url, "URL",
		"plain HTTP address in all certificates, of CRL, CA certificate and OCSP (default: http://NAME)"},
	    {"no-urls", 0, OPTION_FLAG, &s.o.no_urls, NULL,
		"CAs without these URLs: relying parties cannot learn of revocations, and nobody can add them later"},
	    {"allow-unresolved", 0, OPTION_FLAG, &s.o.allow_unresolved, NULL,
		"the name in the URL is not in the DNS yet"},
	    {"ca-name", 0, OPTION_TEXT, &s.o.make.ca_name, "NAME",
		"name of the issuing CA (default: issuing)"},
	    {"root-name", 0, OPTION_TEXT, &s.o.make.root_name, "NAME",
		"name of the root CA (default: root)"},
	    {"root-subject", 0, OPTION_TEXT, &s.o.make.root_subject, "DN",
		"default: CN=Gatehouse Root CA"},
	    {"issuing-subject", 0, OPTION_TEXT, &s.o.make.issuing_subject, "DN",
		"default: CN=Gatehouse Issuing CA"},
	    {"key-alg", 0, OPTION_TEXT, &s.o.make.key_alg, "ALG",
		"key of both CAs: " MAKE_CA_KEY_ALGS " (default: P-256)"},
	    {"templates", 0, OPTION_TEXT, &s.o.make.templates, "DIR",
		"template files to import (default: " TEMPLATES_DIR ")"},
	    {"admin", 0, OPTION_TEXT, &s.o.make.admin, "NAME",
		"first local administrator (default: admin)"},
	    {"admin-password-file", 0, OPTION_TEXT, &s.o.make.admin_password_file, "FILE",
		"password of the administrator, first line of FILE (default: made and shown once)"},
	    {"app", 0, OPTION_TEXT, &s.o.app, "NAME", "first API application (default: clients)"},
	    {"app-template", 0, OPTION_LIST, &s.o.app_templates, "NAME",
		"template it may ask for; repeat (default: User and Computer)"},
	    {"credentials", 0, OPTION_TEXT, &s.o.credentials, "DIR",
		"write app.key and app.secret into this folder instead of showing them"},
	    {"user", 0, OPTION_TEXT, &s.o.user, "USER",
		"who runs the gateway (default, as root: gatehouse)"},
	    {"signer-user", 0, OPTION_TEXT, &s.o.signer_user, "USER",
		"who runs the signer (default, as root: gatehouse-signer)"},
	    {"state-dir", 0, OPTION_TEXT, &s.o.state_dir, "DIR",
		"for the server certificate (default: " STATE_DIR ")"},
	    {"set", 0, OPTION_LIST, &s.o.set, "OPTION=VALUE",
		"any other option of the configuration; repeat"},
	    OPTION_JSON(&s.o.json),
	    OPTION_END,
	};
	static const struct usage usage = {"", 0, 0,
	    "Sets a gateway up: asks for database, directory, names and URLs, checks each answer at once against the real "
	    "server, makes role and database where it may, writes the configuration and the secrets, makes a root and an "
	    "issuing CA, the gateway's server certificate, the first application and the first administrator. A second run "
	    "checks everything and makes what is missing.",
	    "gatehouse setup\n"
	    "gatehouse setup --yes --directory-uri ldaps://dc1.corp.example --directory-ca corp-root.pem \\\n"
	    "    --directory-user svc-gatehouse@corp.example --directory-password-file pw \\\n"
	    "    --hostname pki.corp.example --credentials /root/gatehouse\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (!make_ca_is_key_alg(s.o.make.key_alg))
		return command_usage(argv[0], "--key-alg is " MAKE_CA_KEY_ALGS);
	if (s.o.no_urls && s.o.base_url != NULL)
		return command_usage(argv[0], "give --base-url or --no-urls, not both");
	if (s.o.make.templates == NULL && access(TEMPLATES_DIR, F_OK) == 0)
		s.o.make.templates = TEMPLATES_DIR;
	return setup_run(argv[0], &s);
}
