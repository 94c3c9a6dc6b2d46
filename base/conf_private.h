/* The option table, and what the files of conf.h share. */
#ifndef GH_CONF_PRIVATE_H
#define GH_CONF_PRIVATE_H

#include <stddef.h>

#include "conf.h"

enum conf_type { CONF_STRING, CONF_INT, CONF_BOOL };

struct conf_option {
	const char *section, *name;
	enum conf_type type;
	size_t offset;        /* in struct gh_conf */
	const char *fallback; /* NULL: must be given */
	long min, max;        /* integers */
	const char *choices;  /* strings: blank-separated, NULL = any */
	const char *meaning;
};

/* Options of one section stand together. */
extern const struct conf_option conf_table[];
extern const size_t conf_table_len;

/* The file without its comments, malloc'd; NULL when it cannot be read (errno), is too long or
 * holds a NUL (errno 0). Wiped by the caller: it may hold a password. */
char *conf_text_read(const char *path) GH_MUSTCHECK;
/* Rules on several options at once, and on what they hold. path: for the message. */
int conf_rules_check(const struct gh_conf *conf, const char *path,
    struct gh_error *err) GH_MUSTCHECK;
int conf_notify_check(const struct gh_conf *conf, const char *path,
    struct gh_error *err) GH_MUSTCHECK;
int conf_syslog_check(const struct gh_conf *conf, const char *path,
    struct gh_error *err) GH_MUSTCHECK;

#endif
