/* Entry point of `gatehouse`: find the subcommand and run it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

#include "help.h"

#define COMMAND_NAME_MAX 64 /* "gatehouse NOUN VERB" */

static int
run_command(const struct command *c, int argc, char **argv)
{
	char name[COMMAND_NAME_MAX];
	int skip = c->verb != NULL ? 2 : 1;

	snprintf(name, sizeof(name), "gatehouse %s%s%s", c->noun, c->verb != NULL ? " " : "",
	    c->verb != NULL ? c->verb : "");
	argv[skip] = name;
	return command_run(c, argc - skip, argv + skip);
}

int
main(int argc, char **argv)
{
	const struct command *c;
	char version[] = "version";

	/* A closed pipe is an error of write(2), told as such. */
	signal(SIGPIPE, SIG_IGN);
	gh_log_init("gatehouse", GH_LOG_WARN, NULL);
	if (argc < 2) {
		help_overview(stderr);
		return COMMAND_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help_overview(stdout);
		return COMMAND_OK;
	}
	if (strcmp(argv[1], "--version") == 0)
		argv[1] = version;
	c = help_find(argv[1], argc > 2 ? argv[2] : NULL);
	if (c != NULL)
		return run_command(c, argc, argv);
	return help_noun(argv[1], argc > 2 ? argv[2] : NULL);
}
