/* A configuration file in the making: options with values, written in the order of the option
 * table. */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include "conf.h"
#include "error.h"

#define CONF_SETTINGS_MAX 64

struct conf_settings {
	size_t n;
	struct {
		char *name, *value;
	} set[CONF_SETTINGS_MAX]; /* "section.option"; malloc'd */
};

/* Replaces an earlier value. GH_E_CONF: no such option. */
int conf_settings_set(struct conf_settings *s, const char *name, const char *value,
    struct gh_error *err) GH_MUSTCHECK;
/* "section.option=value" */
int conf_settings_parse(struct conf_settings *s, const char *text,
    struct gh_error *err) GH_MUSTCHECK;
const char *conf_settings_get(const struct conf_settings *s, const char *name); /* NULL: not set */
void conf_settings_clear(struct conf_settings *s);

/* The text of the file; malloc'd, NULL when out of memory. */
char *conf_settings_text(const struct conf_settings *s);
/* As gh_conf_load reads it. Options that must be set and are not yet are filled with what breaks
 * nothing. */
int conf_settings_load(const struct conf_settings *s, struct gh_conf **out,
    struct gh_error *err) GH_MUSTCHECK;
/* Every setting is what conf says already, or GH_E_CONF names the first one that is not. path: of
 * the file. */
int conf_settings_agree(const struct conf_settings *s, const struct gh_conf *conf, const char *path,
    struct gh_error *err) GH_MUSTCHECK;

#endif
