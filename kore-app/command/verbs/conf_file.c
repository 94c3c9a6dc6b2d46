/* `gatehouse conf`: is the configuration file right, and what can be written in it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "notify/mail_template.h"
#include "scan/scan_list.h"

#include "command.h"
#include "options.h"
#include "output.h"
#include "command_env.h"

/* Files the configuration names. */
struct named_file {
	const char *option;
	const char *path;
	bool is_optional;   /* "" is allowed */
	bool is_made_later; /* `gatehouse init` makes it */
};

/* Returns 1 when something is wrong, which is told. */
static int
check_file(const char *who, const struct named_file *f)
{
	if (f->path[0] == '\0' && f->is_optional)
		return 0;
	if (f->path[0] == '\0') {
		fprintf(stderr, "%s: %s is not set\n", who, f->option);
		return 1;
	}
	if (access(f->path, R_OK) == 0)
		return 0;
	fprintf(stderr, "%s: %s: %s: %s%s\n", who, f->option, f->path, strerror(errno),
	    f->is_made_later && errno == ENOENT ? " (`gatehouse init` makes it)" : "");
	return 1;
}

static int
check_files(const char *who, const struct gh_conf *c)
{
	const struct named_file files[] = {
	    {"gateway.certificate", c->gateway.certificate, false, false},
	    {"gateway.key", c->gateway.key, false, false},
	    {"gateway.client_ca", c->gateway.client_ca, true, false},
	    {"gateway.secret_file", c->gateway.secret_file, false, true},
	    {"gateway.module", c->gateway.module, false, false},
	    {"signer.key_file", c->signer.key_file, false, true},
	    {"signer.program", c->signer.program, false, false},
	    {"signer.pkcs11_module", c->signer.pkcs11_module, true, false},
	    {"signer.pkcs11_pin_file", c->signer.pkcs11_pin_file, true, false},
	    {"directory.ca_file", c->directory.ca_file, true, false},
	    {"directory.password_file", c->directory.password_file, true, false},
	};
	int wrong = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		wrong += check_file(who, &files[i]);
	return wrong;
}

/* The list of scans: each of its lines. Returns 1 when something is wrong, which is told. */
static int
check_targets(const char *who, const struct gh_conf *c)
{
	struct scan_targets targets;
	struct gh_error err;
	char *text;
	int rc;

	if (c->scan.targets[0] == '\0')
		return 0;
	rc = scan_list_read(c->scan.targets, &text, &targets, &err);
	if (rc != 0)
		fprintf(stderr, "%s: scan.targets: %s\n", who, err.message);
	free(text);
	scan_targets_clear(&targets);
	return rc != 0;
}

/* The operator's templates of mails. Returns 1 when something is wrong, which is told. */
static int
check_templates(const char *who, const struct gh_conf *c)
{
	struct gh_error err;

	if (mail_template_check(c->notify.templates, &err) == 0)
		return 0;
	fprintf(stderr, "%s: %s\n", who, err.message);
	return 1;
}

int
cmd_conf_check(int argc, char **argv)
{
	const char *path = NULL;
	bool no_files = false;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&path),
	    {"no-files", 0, OPTION_FLAG, &no_files, NULL,
		"do not look whether the files named exist"},
	    OPTION_END,
	};
	static const struct usage usage = {"", 0, 0,
	    "Checks the configuration file: syntax, names, types and ranges, with the line that is wrong; and "
	    "whether the files it names can be read by the user who asks, and the templates of notify.templates show "
	    "what there is, and whether each line of scan.targets is an endpoint.",
	    "gatehouse conf check -c /etc/gatehouse/gatehouse.conf\n"};
	struct gh_conf *conf;
	struct gh_error err;
	int wrong = 0, n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (gh_conf_load(command_env_conf_path(path), &conf, &err) != 0)
		return command_fail(argv[0], &err);
	if (!no_files)
		wrong = check_files(argv[0], conf) + check_templates(argv[0], conf) +
		    check_targets(argv[0], conf);
	gh_conf_free(conf);
	if (wrong != 0)
		return COMMAND_USAGE;
	printf("%s: ok\n", command_env_conf_path(path));
	return output_finish();
}

int
cmd_conf_print(int argc, char **argv)
{
	bool names = false;
	struct gh_conf_option_info info;
	const struct option_row rows[] = {
	    {"names", 0, OPTION_FLAG, &names, NULL,
		"only name, type and default of each option, tab-separated"},
	    OPTION_END,
	};
	static const struct usage usage = {"", 0, 0,
	    "Prints a configuration file with every option, its meaning and its default.",
	    "gatehouse conf print > /etc/gatehouse/gatehouse.conf\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (!names) {
		gh_conf_print_defaults(stdout);
		return output_finish();
	}
	for (size_t i = 0; gh_conf_option(i, &info) && info.name != NULL; i++)
		printf("%s\t%s\t%s\n", info.name, info.type,
		    info.fallback != NULL ? info.fallback : "");
	return output_finish();
}
