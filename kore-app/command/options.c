/* Table-driven command line options. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "options.h"

#define HELP_COLUMN 26 /* where the explanation of an option starts */
#define HELP_WIDTH 100

/* One word of the command line, as an option: the row and the value given with '=' (or NULL). */
struct option_word {
	const struct option_row *row;
	const char *value;
};

/* Print text, broken between words, continuation lines indented. column: where the cursor is. */
static void
print_wrapped(const char *text, size_t column, size_t indent)
{
	bool first = true;

	for (;;) {
		size_t n;

		text += strspn(text, " \n");
		n = strcspn(text, " \n");
		if (n == 0)
			break;
		if (!first && column + 1 + n > HELP_WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)n, text);
		column += n;
		text += n;
		first = false;
	}
	putchar('\n');
}

static void
print_option(const struct option_row *r)
{
	char left[64];
	const char *eq = r->kind == OPTION_OPTIONAL ? " [" : " ";
	const char *end = r->kind == OPTION_OPTIONAL ? "]" : "";
	size_t n;

	if (r->letter != 0)
		snprintf(left, sizeof(left), "  -%c, --%s%s%s%s", r->letter, r->name,
		    r->arg != NULL ? eq : "", r->arg != NULL ? r->arg : "",
		    r->arg != NULL ? end : "");
	else
		snprintf(left, sizeof(left), "  --%s%s%s%s", r->name, r->arg != NULL ? eq : "",
		    r->arg != NULL ? r->arg : "", r->arg != NULL ? end : "");
	n = strlen(left);
	fputs(left, stdout);
	if (n + 2 > HELP_COLUMN) {
		putchar('\n');
		n = 0;
	}
	printf("%*s", (int)(HELP_COLUMN - n), "");
	print_wrapped(r->help, HELP_COLUMN, HELP_COLUMN);
}

static const char *
operands_text(const struct usage *u)
{
	return u->operands != NULL ? u->operands : "";
}

static void
print_help(const char *who, const struct usage *u, const struct option_row *rows)
{
	const char *line = u->examples, *operands = operands_text(u);

	printf("Usage: %s%s%s [options]\n\n", who, operands[0] != '\0' ? " " : "", operands);
	print_wrapped(u->about, 0, 0);
	printf("\nOptions:\n");
	for (const struct option_row *r = rows; r->name != NULL; r++)
		print_option(r);
	print_option(&(struct option_row){"help", 'h', OPTION_FLAG, NULL, NULL, "show this text"});
	if (line == NULL)
		return;
	printf("\nExamples:\n");
	while (*line != '\0') {
		size_t n = strcspn(line, "\n");

		printf("  %.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

/* For the completion of shells: long name, short one, argument, explanation, tab-separated; who in
 * front. */
static void
list_options(const char *who, const struct option_row *rows)
{
	for (const struct option_row *r = rows; r->name != NULL; r++)
		printf("%s\t--%s\t%s%.1s\t%s%s\t%s\n", who, r->name, r->letter != 0 ? "-" : "",
		    &r->letter, r->arg != NULL ? r->arg : "", r->kind == OPTION_LIST ? "..." : "",
		    r->help);
	printf("%s\t--help\t-h\t\tshow this text\n", who);
}

static bool
takes_value(const struct option_row *r)
{
	return r->kind != OPTION_FLAG && r->kind != OPTION_UNFLAG && r->kind != OPTION_OPTIONAL;
}

/* Row of "--name", "--name=value" or "-x"; row NULL when there is none. */
static struct option_word
find_row(const struct option_row *rows, const char *word)
{
	struct option_word w = {NULL, NULL};

	for (const struct option_row *r = rows; r->name != NULL; r++) {
		size_t n = strlen(r->name);

		if (word[1] != '-') {
			if (r->letter != 0 && word[1] == r->letter && word[2] == '\0')
				w.row = r;
		} else if (strncmp(word + 2, r->name, n) == 0 &&
		    (word[2 + n] == '\0' || word[2 + n] == '=')) {
			w.row = r;
			w.value = word[2 + n] == '=' ? word + 3 + n : NULL;
		}
	}
	return w;
}

static bool
is_number(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool
store_number(int *target, const char *text)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v < 0 || v > INT_MAX)
		return false;
	*target = (int)v;
	return true;
}

/* NULL, or what is wrong. */
static const char *
store_value(const struct option_row *r, const char *value)
{
	struct option_list *list;

	switch (r->kind) {
	case OPTION_FLAG:
		*(bool *)r->target = true;
		return NULL;
	case OPTION_UNFLAG:
		*(bool *)r->target = false;
		return NULL;
	case OPTION_TEXT:
		*(const char **)r->target = value;
		return NULL;
	case OPTION_NUMBER:
	case OPTION_OPTIONAL:
		return store_number(r->target, value != NULL ? value : "0") ? NULL
									    : "takes a number";
	case OPTION_LIST:
		list = r->target;
		if (list->n == OPTION_LIST_MAX)
			return "is given too often";
		list->v[list->n++] = value;
		list->v[list->n] = NULL;
		return NULL;
	}
	return "is of an unknown kind";
}

/* The option at argv[*i], with its value; moves *i to the last word used. OPTIONS_GO or
 * COMMAND_USAGE. */
static int
take_option(const struct option_row *rows, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *wrong;
	struct option_word w = find_row(rows, word);

	if (w.row == NULL)
		return command_usage(argv[0], "unknown option %s", word);
	if (!takes_value(w.row) && w.row->kind != OPTION_OPTIONAL && w.value != NULL)
		return command_usage(argv[0], "option --%s takes no value", w.row->name);
	if (takes_value(w.row) && w.value == NULL) {
		if (*i + 1 >= argc)
			return command_usage(argv[0], "option %s needs %s", word, w.row->arg);
		w.value = argv[++*i];
	}
	if (w.row->kind == OPTION_OPTIONAL && w.value == NULL && *i + 1 < argc &&
	    is_number(argv[*i + 1]))
		w.value = argv[++*i];
	wrong = store_value(w.row, w.value);
	if (wrong != NULL)
		return command_usage(argv[0], "option --%s %s", w.row->name, wrong);
	return OPTIONS_GO;
}

static int
check_operands(const struct usage *u, char **argv, int n)
{
	if (n < u->min)
		return command_usage(argv[0], "missing operand: %s %s", argv[0], operands_text(u));
	if (u->max >= 0 && n > u->max)
		return command_usage(argv[0], "unexpected operand \"%s\"", argv[u->max + 1]);
	return OPTIONS_GO;
}

int
options_parse(const struct usage *usage, const struct option_row *rows, int argc, char **argv,
    int *operands)
{
	bool only_operands = false;
	int n = 0, rc;

	*operands = 0;
	if (argc == 2 && strcmp(argv[1], OPTIONS_LIST) == 0) {
		list_options(argv[0], rows);
		return COMMAND_OK;
	}
	for (int i = 1; i < argc; i++) {
		if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[++n] = argv[i];
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			only_operands = true;
			continue;
		}
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_help(argv[0], usage, rows);
			return COMMAND_OK;
		}
		rc = take_option(rows, argc, argv, &i);
		if (rc != OPTIONS_GO)
			return rc;
	}
	*operands = n;
	return check_operands(usage, argv, n);
}

bool
options_parse_id(const char *text, int64_t *out)
{
	char *end;
	long long id;

	errno = 0;
	id = strtoll(text, &end, 10);
	*out = errno == 0 && *end == '\0' && end != text && id > 0 ? id : 0;
	return *out != 0;
}
