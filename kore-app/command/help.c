/* `gatehouse help`, and what is said when no command fits. */
#include <stdbool.h>
#include <string.h>

#include "help.h"
#include "verb.h"

const struct command *
help_find(const char *noun, const char *verb)
{
	for (size_t i = 0; i < command_table_len; i++) {
		const struct command *c = &command_table[i];

		if (strcmp(c->noun, noun) != 0)
			continue;
		if (c->verb == NULL || (verb != NULL && strcmp(c->verb, verb) == 0))
			return c;
	}
	return NULL;
}

/* noun NULL: all. Returns how many were printed. */
static size_t
print_commands(FILE *f, const char *noun)
{
	char name[40];
	size_t n = 0;

	for (size_t i = 0; i < command_table_len; i++) {
		const struct command *c = &command_table[i];

		if (noun != NULL && strcmp(c->noun, noun) != 0)
			continue;
		snprintf(name, sizeof(name), "%s %s", c->noun, c->verb != NULL ? c->verb : "");
		fprintf(f, "  %-18s %s\n", name, c->summary);
		n++;
	}
	return n;
}

void
help_overview(FILE *f)
{
	fputs("Usage: gatehouse COMMAND [options]\n\n"
	      "Certificate enrollment gateway: administration, and the enrollment client.\n\n"
	      "Commands:\n",
	    f);
	print_commands(f, NULL);
	fputs(
	    "\n`gatehouse COMMAND --help` explains one command. Exit codes: 0 done, 1 failed or denied,\n"
	    "2 wrong options or configuration, 3 request pending. The manual is gatehouse(1).\n",
	    f);
}

int
help_noun(const char *noun, const char *verb)
{
	bool asked = verb != NULL && (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0);
	FILE *f = asked ? stdout : stderr;
	bool known = false;

	for (size_t i = 0; i < command_table_len && !known; i++)
		known = strcmp(command_table[i].noun, noun) == 0;
	if (!known) {
		fprintf(stderr,
		    "gatehouse: there is no command \"%s\"; `gatehouse help` lists them\n", noun);
		return COMMAND_USAGE;
	}
	if (!asked && verb != NULL)
		fprintf(f, "gatehouse: there is no command \"%s %s\"\n", noun, verb);
	fprintf(f, "Usage: gatehouse %s VERB [options]\n\n", noun);
	print_commands(f, noun);
	return asked ? COMMAND_OK : COMMAND_USAGE;
}

/* One line for each command: scripts (and the tests) walk it. */
static int
list_names(void)
{
	for (size_t i = 0; i < command_table_len; i++) {
		const struct command *c = &command_table[i];

		printf("%s%s%s\n", c->noun, c->verb != NULL ? " " : "",
		    c->verb != NULL ? c->verb : "");
	}
	return output_finish();
}

static void
full_name(const struct command *c, char *out, size_t size)
{
	snprintf(out, size, "gatehouse %s%s%s", c->noun, c->verb != NULL ? " " : "",
	    c->verb != NULL ? c->verb : "");
}

/* What the completion of shells is made of: a line for each command (its name and summary), then
 * its options. */
static int
list_all(void)
{
	char name[64], *list[] = {name, (char[]){OPTIONS_LIST}, NULL};

	for (size_t i = 0; i < command_table_len; i++) {
		full_name(&command_table[i], name, sizeof(name));
		printf("%s\t\t\t\t%s\n", name, command_table[i].summary);
		(void)command_run(&command_table[i], 2, list);
	}
	return output_finish();
}

int
cmd_help(int argc, char **argv)
{
	bool names = false, all = false;
	const struct option_row rows[] = {
	    {"list", 0, OPTION_FLAG, &names, NULL, "only the names of all commands, one a line"},
	    {"list-all", 0, OPTION_FLAG, &all, NULL,
		"commands and options, tab-separated: made for the completion of shells"},
	    OPTION_END,
	};
	static const struct usage usage = {"[COMMAND [VERB]]", 0, 2,
	    "Shows all commands, or explains one.", "gatehouse help app create\n"};
	const struct command *c;
	char name[64], *help[] = {name, (char[]){"--help"}, NULL};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (names)
		return list_names();
	if (all)
		return list_all();
	if (n == 0) {
		help_overview(stdout);
		return output_finish();
	}
	c = help_find(argv[1], n > 1 ? argv[2] : NULL);
	if (c == NULL)
		return help_noun(argv[1], n > 1 ? argv[2] : "--help");
	full_name(c, name, sizeof(name));
	return command_run(c, 2, help);
}

/* ---- version ---- */

static int
find_version(struct verb_call *c, struct gh_error *err)
{
	c->out = gh_json_new_object();
	return gh_json_set_string(c->out, "version", GATEHOUSE_VERSION) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "version");
}

static int
show_version(struct verb_call *c)
{
	(void)c;
	printf("gatehouse %s\n", GATEHOUSE_VERSION);
	return output_finish();
}

static const struct option_row version_options[] = {VERB_JSON, OPTION_END};
const struct verb verb_version = {
    .usage = {"", 0, 0, "Prints the version of this program.", NULL},
    .options = version_options,
    .work = find_version,
    .show = show_version,
};
