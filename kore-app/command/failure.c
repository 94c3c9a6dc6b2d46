/* See failure.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "failure.h"
#include "output.h"

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

/* A message can hold a name from the database, and what a server said. */
static void
print_line(const char *before, const char *separator, const char *text)
{
	fprintf(stderr, "%s%s", before, separator);
	output_safe(stderr, text);
	fputc('\n', stderr);
}

int
command_fail(const char *who, const struct gh_error *err)
{
	print_line(who, ": ", err->message);
	if (err->detail[0] != '\0' && strcmp(err->detail, err->message) != 0)
		print_line("    cause", ": ", err->detail);
	for (size_t i = 0; i < sizeof(command_hints) / sizeof(command_hints[0]); i++) {
		if (command_hints[i].code == err->code)
			fprintf(stderr, "    %s\n", command_hints[i].hint);
	}
	return err->code == GH_E_CONF ? COMMAND_USAGE : COMMAND_FAILED;
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
	return COMMAND_USAGE;
}
