/* Passwords and secrets that the command makes itself. */
#ifndef COMMAND_GENERATED_H
#define COMMAND_GENERATED_H

#include "error.h"

/* 20 characters of 32 that are not taken for each other, in groups of five: 100 random bits. *out:
 * malloc'd; prompt_free. GH_E_NOMEM, GH_E_INTERNAL. */
int generated_password(char **out, struct gh_error *err) GH_MUSTCHECK;

#endif
