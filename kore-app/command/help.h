/* Finding a command in the table, and the overview of all. Each command prints its own --help. */
#ifndef HELP_H
#define HELP_H

#include <stdio.h>

#include "command.h"

/* Row of "noun" or "noun verb"; NULL when there is none. verb may be NULL. */
const struct command *help_find(const char *noun, const char *verb);
void help_overview(FILE *f);
/* No such command: the verbs of the noun, or a hint; --help gives COMMAND_OK. */
int help_noun(const char *noun, const char *verb);

#endif
