/*
 * Options of a command, as a table: what is parsed and what --help shows come from the same rows.
 * "--name value", "--name=value", "-c value"; "--" ends the options; operands may stand between.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTION_LIST_MAX 64 /* values of one repeated option */

enum option_kind {
	OPTION_FLAG,     /* bool: set */
	OPTION_UNFLAG,   /* bool: cleared */
	OPTION_TEXT,     /* const char * */
	OPTION_NUMBER,   /* int, 0 or more */
	OPTION_LIST,     /* struct option_list: may be repeated */
	OPTION_OPTIONAL, /* int; a number may follow, else 0 is stored */
};

struct option_list {
	const char *v[OPTION_LIST_MAX + 1]; /* NULL-ended */
	size_t n;
};

struct option_row {
	const char *name; /* long name without dashes; NULL ends the table */
	char letter;      /* 0: none */
	enum option_kind kind;
	void *target;
	const char *arg; /* "FILE"; NULL for flags */
	const char *help;
};

struct usage {
	const char *operands; /* "NAME..."; NULL: none */
	int min, max;         /* operands; max -1: any number */
	const char *about;
	const char *examples; /* lines, or NULL */
};

#define OPTIONS_GO (-1)
#define OPTIONS_LIST \
	"--list-options" /* alone: print the table, for the completion of shells (help.c) */

#define OPTION_CONFIG(p) \
	{ \
		"config", 'c', OPTION_TEXT, p, "FILE", \
		    "configuration file (default: $GATEHOUSE_CONF or /etc/gatehouse/gatehouse.conf)" \
	}
#define OPTION_JSON(p) \
	{ \
		"json", 0, OPTION_FLAG, p, NULL, "print JSON, for scripts" \
	}
#define OPTION_END \
	{ \
		NULL, 0, OPTION_FLAG, NULL, NULL, NULL \
	}

/* Parse argv[1..]. OPTIONS_GO: the operands are argv[1] to argv[*operands]. Else an exit code:
 * --help was shown (COMMAND_OK), or the message was printed (COMMAND_USAGE). Texts point into argv.
 */
int options_parse(const struct usage *usage, const struct option_row *rows, int argc, char **argv,
    int *operands);

/* The number of a row: 1 or more. *out is 0 when the text is none. */
bool options_parse_id(const char *text, int64_t *out);

#endif
