/*
 * `gatehouse setup`: from installed programs to a gateway that can start. Answers are checked
 * against the real servers before anything is written. The configuration is written last: until it
 * is there, a run asks again, and every step takes over what an interrupted run has made. Once it
 * is there, a run checks everything and makes what is missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "output.h"
#include "prompt.h"
#include "setup.h"

#define UNIT "/usr/lib/systemd/system/gatehouse.service"

static int
make_all(struct setup *s, struct gh_error *err)
{
	struct gh_conf *conf = s->conf;
	int rc;

	s->o.make.urls.base = s->o.make.root_urls.base = s->base_url;
	s->o.make.urls.none = s->o.make.root_urls.none = s->o.no_urls;
	s->conf = NULL;
	rc = command_env_of_conf(&s->env, conf, OPEN_RAW_STORE, err);
	s->made.args = &s->o.make;
	s->made.env = &s->env;
	if (rc == 0)
		rc = bootstrap_run(&s->made, err);
	if (rc == 0)
		rc = setup_server_cert(s, err);
	if (rc == 0 && s->is_new)
		rc = setup_publish(s, err);
	if (rc == 0)
		rc = setup_first_app(s, err);
	if (rc == 0)
		rc = setup_form(s, err);
	return rc == 0 ? setup_write_conf(s, err) : rc;
}

static void
show_next(const struct setup *s)
{
	bool has_units = access("/run/systemd/system", F_OK) == 0 && access(UNIT, F_OK) == 0;
	const struct gh_conf *conf = s->env.conf;

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
	command_env_close(&s->env);
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
		rc = setup_begin(s, &err);
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
	struct setup s = {.is_new = false};
	int rc = setup_options_parse(argc, argv, &s.o);

	return rc == OPTIONS_GO ? setup_run(argv[0], &s) : rc;
}
