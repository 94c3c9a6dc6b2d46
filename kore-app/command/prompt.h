/* Questions: passwords, typed without echo or the first line of a file, and other answers. */
#ifndef PROMPT_H
#define PROMPT_H

#include <stdbool.h>

#include "error.h"

/* file NULL: asked on the terminal (twice with confirm); "-": first line of standard input. *out
 * malloc'd, never empty; free with prompt_free. GH_E_CONF when there is no terminal to ask on. */
int prompt_password(const char *file, const char *question, bool confirm, char **out,
    struct gh_error *err) GH_MUSTCHECK;
/* The same with confirm, and of so many bytes of clean UTF-8 (utf8.h): GH_E_CONF. */
int prompt_secret(const char *file, const char *question, size_t min, size_t max, char **out,
    struct gh_error *err) GH_MUSTCHECK;
/* A line typed at the terminal; an empty one is fallback (NULL: asked again). *out malloc'd.
 * GH_E_CONF: no terminal, or its end. */
int prompt_text(const char *question, const char *fallback, char **out,
    struct gh_error *err) GH_MUSTCHECK;
/* Can questions be asked? */
bool prompt_has_terminal(void);
/* 0 when "yes" was typed. GH_E_CONF: anything else, or no terminal (--yes is the way then). */
int prompt_confirm(const char *question, struct gh_error *err) GH_MUSTCHECK;
void prompt_free(char *password); /* wipes; accepts NULL */

/* For OpenSSL's readers of private keys: the password at hand (arg, text) or none. Without a
 * callback OpenSSL would ask on the terminal. */
int prompt_give_password(char *buf, int size, int rwflag, void *arg);

#endif
