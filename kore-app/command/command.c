/* The table of subcommands, and how a failure is told. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

const struct command command_table[] = {
	{"init", NULL, "make secrets, database schema, CAs and the first administrator", cmd_init},
	{"run", NULL, "start the signer and the gateway, and stop them together", cmd_run},
	{"enroll", NULL, "get a certificate from a gateway (client)", cmd_enroll},
	{"app", "create", "create an API application with its key and secret", cmd_app_create},
	{"app", "list", "list API applications", cmd_app_list},
	{"app", "show", "show one API application", cmd_app_show},
	{"app", "enable", "let an API application call again", cmd_app_enable},
	{"app", "disable", "refuse all calls of an API application", cmd_app_disable},
	{"audit", "list", "list the audit record", cmd_audit_list},
	{"ca", "list", "list certification authorities", cmd_ca_list},
	{"ca", "show", "show one CA", cmd_ca_show},
	{"ca", "create", "create a subordinate CA", cmd_ca_create},
	{"ca", "export", "write a CA certificate or its chain", cmd_ca_export},
	{"cert", "list", "list issued certificates", cmd_cert_list},
	{"cert", "show", "show one certificate", cmd_cert_show},
	{"cert", "export", "write a certificate as PEM or DER", cmd_cert_export},
	{"conf", "check", "check the configuration file", cmd_conf_check},
	{"conf", "print", "print all options with their defaults", cmd_conf_print},
	{"db", "migrate", "bring the database schema up to date", cmd_db_migrate},
	{"db", "status", "tell whether database and program fit", cmd_db_status},
	{"metadata", "list", "list metadata field definitions", cmd_metadata_list},
	{"metadata", "set", "define metadata fields from a file", cmd_metadata_set},
	{"request", "list", "list requests for certificates", cmd_request_list},
	{"request", "show", "show one request", cmd_request_show},
	{"request", "approve", "approve a pending request", cmd_request_approve},
	{"request", "deny", "deny a pending request", cmd_request_deny},
	{"template", "list", "list certificate templates", cmd_template_list},
	{"template", "show", "show one template", cmd_template_show},
	{"template", "check", "check template files, without database", cmd_template_check},
	{"template", "import", "import template files", cmd_template_import},
	{"user", "create", "create a local administrator", cmd_user_create},
	{"user", "list", "list local administrators", cmd_user_list},
	{"user", "passwd", "set the password of a local administrator", cmd_user_passwd},
	{"user", "enable", "let a local administrator log in again", cmd_user_enable},
	{"user", "disable", "refuse a local administrator", cmd_user_disable},
	{"help", NULL, "show what a command does", cmd_help},
	{"version", NULL, "print the version", cmd_version},
};
const size_t command_table_len = sizeof(command_table) / sizeof(command_table[0]);

/* What to do, for codes whose message does not say it. */
static const struct {
	enum gh_code code;
	const char *hint;
} command_hints[] = {
	{GH_E_DB_DOWN, "check that PostgreSQL runs and that database.conninfo names it"},
	{GH_E_DB, "if the schema is old, run `gatehouse db migrate`"},
	{GH_E_DIR_DOWN, "check directory.uris and that the directory answers"},
	{GH_E_SIGNER_DOWN, "check that gatehouse-signer runs (signer.socket, signer.program)"},
	{GH_E_TEMPLATE_UNSAFE, "change the template, or acknowledge the rule by name in the file"},
};

int
command_fail(const char *who, const struct gh_error *err)
{
	fprintf(stderr, "%s: %s\n", who, err->message);
	if (err->detail[0] != '\0' && strcmp(err->detail, err->message) != 0)
		fprintf(stderr, "    cause: %s\n", err->detail);
	for (size_t i = 0; i < sizeof(command_hints) / sizeof(command_hints[0]); i++) {
		if (command_hints[i].code == err->code)
			fprintf(stderr, "    %s\n", command_hints[i].hint);
	}
	return (err->code == GH_E_CONF ? COMMAND_USAGE : COMMAND_FAILED);
}

int
command_usage(const char *who, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", who);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n    see `%s --help`\n", who);
	return (COMMAND_USAGE);
}
