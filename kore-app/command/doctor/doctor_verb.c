/* `gatehouse doctor`: what works, what does not, and what to do about it, seen with the eyes of the
 * gateway's user. */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "doctor.h"
#include "finding_print.h"
#include "options.h"
#include "output.h"

int
doctor_become_gateway(struct doctor *d, struct gh_error *err)
{
	const char *user = d->env.conf->gateway.user;
	const struct passwd *pw;
	int rc = command_env_become_gateway(&d->env, err);

	if (rc != 0)
		return rc;
	pw = getpwuid(geteuid());
	if (user[0] != '\0' && (pw == NULL || strcmp(pw->pw_name, user) != 0))
		finding_wrong(&d->findings, FINDING_ERROR, "user",
		    "run it as root, which becomes that user",
		    "the gateway runs as %s; what follows is what %s sees", user,
		    pw != NULL ? pw->pw_name : "this user");
	else
		finding_ok(&d->findings, "user", "seen as %s, who runs the gateway",
		    pw != NULL ? pw->pw_name : "this user");
	return 0;
}

static int
examine(struct doctor *d, struct gh_error *err)
{
	static void (*const parts[])(struct doctor *) = {
	    doctor_files,
	    doctor_database,
	    doctor_directory,
	    doctor_signer,
	    doctor_kra,
	    doctor_server_cert,
	    doctor_gateway,
	    doctor_workers,
	    doctor_clock,
	    doctor_cas,
	    doctor_urls,
	    doctor_state,
	    doctor_rules,
	    doctor_metadata,
	    doctor_archival,
	    doctor_nodes,
	    doctor_jobs,
	    doctor_notify,
	    doctor_packages,
	};
	int rc = doctor_become_gateway(d, err);

	for (size_t i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		parts[i](d);
		fflush(stdout);
	}
	if (rc == 0 && d->findings.failed)
		rc = gh_fail(err, GH_E_NOMEM, "findings");
	return rc;
}

static int
show(const struct doctor *d, bool json)
{
	const struct findings *f = &d->findings;
	int rc;

	if (json) {
		rc = output_json(f->list);
	} else {
		printf("%d ok, %d warnings, %d errors\n", f->oks, f->warnings, f->errors);
		rc = output_finish();
	}
	return rc == COMMAND_OK && f->errors > 0 ? COMMAND_FAILED : rc;
}

int
cmd_doctor(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false;
	struct doctor d = {0};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"quiet", 'q', OPTION_FLAG, &d.findings.only_wrong, NULL, "only what is wrong"},
	    OPTION_JSON(&json),
	    OPTION_END,
	};
	static const struct usage usage = {"", 0, 0,
	    "Looks at everything that a gateway needs: files and their modes, database, directory, signer, KRA, certificates, CA "
	    "keys, the URLs in certificates, clocks, jobs. Each finding has a code, what is so, and what to do. Run it as "
	    "root, which becomes the gateway's user, or as that user. Exit code 1 when something is wrong.",
	    "gatehouse doctor\ngatehouse doctor --json\n"};
	bool quiet;
	struct gh_error err = {0};
	int n, rc = options_parse(&usage, rows, argc, argv, &n), shown;

	if (rc != OPTIONS_GO)
		return rc;
	quiet = d.findings.only_wrong;
	d.conf_path = command_env_conf_path(conf);
	rc = command_env_open(&d.env, conf, 0, &err);
	if (rc != 0)
		return command_fail(argv[0], &err);
	d.gateway.conf = d.env.conf;
	rc = findings_begin(&d.findings, json ? NULL : finding_print, &err);
	d.findings.only_wrong = quiet;
	if (rc == 0)
		rc = examine(&d, &err);
	shown = rc == 0 ? show(&d, json) : command_fail(argv[0], &err);
	env_close(&d.gateway);
	findings_end(&d.findings);
	command_env_close(&d.env);
	return shown;
}
