/* The reader of the configuration file, over libconfuse. */
#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "conf_private.h"

/* libconfuse has no user pointer in its error callback. Loading happens once, in one thread. */
static struct gh_error *parse_error;
static const char *parse_path; /* a section's own cfg_t does not know its file */

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[160];

	/* the first message is the cause, later ones follow from it */
	if (parse_error == NULL || parse_error->code != GH_OK)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	gh_refuse(parse_error, GH_E_CONF, "%.80s:%d: %s", parse_path, cfg->line, text);
}

static const struct conf_option *
find_option(const char *section, const char *name)
{
	for (size_t i = 0; i < conf_table_len; i++)
		if (strcmp(conf_table[i].section, section) == 0 &&
		    strcmp(conf_table[i].name, name) == 0)
			return &conf_table[i];
	return NULL;
}

static bool
is_choice(const char *choices, const char *value)
{
	size_t n = strlen(value);

	for (const char *p = choices; n > 0 && (p = strstr(p, value)) != NULL; p += n)
		if ((p == choices || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* Runs while the file is read, so that the message names the line. */
static int
validate(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct conf_option *o = find_option(cfg_name(cfg), cfg_opt_name(opt));

	if (o == NULL)
		return -1;
	if (o->type == CONF_INT) {
		long v = cfg_opt_getnint(opt, 0);

		if (v < o->min || v > o->max) {
			cfg_error(cfg, "%s must be from %ld to %ld", o->name, o->min, o->max);
			return -1;
		}
	}
	if (o->type == CONF_STRING && o->choices != NULL &&
	    !is_choice(o->choices, cfg_opt_getnstr(opt, 0))) {
		cfg_error(cfg, "%s must be one of: %s", o->name, o->choices);
		return -1;
	}
	return 0;
}

static cfg_opt_t
confuse_option(const struct conf_option *o)
{
	cfg_opt_t str = CFG_STR(o->name, o->fallback, CFGF_NONE);
	cfg_opt_t num = CFG_INT(o->name, o->fallback != NULL ? atol(o->fallback) : 0, CFGF_NONE);
	cfg_opt_t truth = CFG_BOOL(o->name,
	    o->fallback != NULL && strcmp(o->fallback, "true") == 0 ? cfg_true : cfg_false,
	    CFGF_NONE);

	return o->type == CONF_STRING ? str : o->type == CONF_INT ? num : truth;
}

/* What libconfuse parses by, made of the table. */
struct schema {
	cfg_opt_t *option,
	    *section; /* of all sections one after another; each list ends with zeros */
};

static void
free_schema(struct schema *s)
{
	free(s->option);
	free(s->section);
}

/* 0 or -1. Room for a table in which each option has a section and a list of its own. */
static int
build_schema(struct schema *s)
{
	size_t n = 0, sections = 0;

	s->option = calloc(2 * conf_table_len, sizeof(*s->option));
	s->section = calloc(conf_table_len + 1, sizeof(*s->section));
	if (s->option == NULL || s->section == NULL)
		return -1;
	for (size_t i = 0; i < conf_table_len; i++) {
		const struct conf_option *o = &conf_table[i];

		if (i == 0 || strcmp(o->section, o[-1].section) != 0) {
			cfg_opt_t sec = CFG_SEC(o->section, &s->option[i > 0 ? ++n : 0], CFGF_NONE);

			s->section[sections++] = sec;
		}
		s->option[n++] = confuse_option(o);
	}
	return 0;
}

static int
take_option(cfg_t *cfg, const struct conf_option *o, struct gh_conf *conf, const char *path,
    struct gh_error *err)
{
	cfg_t *sec = cfg_getsec(cfg, o->section);
	char *at = (char *)conf + o->offset;
	const char *s;

	switch (o->type) {
	case CONF_INT:
		*(int *)(void *)at = (int)cfg_getint(sec, o->name);
		return 0;
	case CONF_BOOL:
		*(bool *)(void *)at = cfg_getbool(sec, o->name) == cfg_true;
		return 0;
	case CONF_STRING:
		break;
	}
	if ((s = cfg_getstr(sec, o->name)) == NULL || (o->fallback == NULL && *s == '\0'))
		return gh_refuse(err, GH_E_CONF, "%.120s: section %s needs %s: %s", path,
		    o->section, o->name, o->meaning);
	if ((*(char **)(void *)at = strdup(s)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "configuration");
	return 0;
}

static void
on_error_silent(cfg_t *cfg, const char *fmt, va_list ap)
{
	(void)cfg;
	(void)fmt;
	(void)ap;
}

/*
 * libconfuse 3.3 takes a file that ends inside a section: a half-written one would start with
 * defaults. One more closing brace must be too many; if it is not, one was missing.
 */
static bool
is_complete(struct schema *schema, const char *text)
{
	cfg_t *cfg = cfg_init(schema->section, CFGF_NONE);
	char *more = NULL;
	bool complete = false;

	if (cfg != NULL && asprintf(&more, "%s\n}\n", text) >= 0) {
		cfg_set_error_function(cfg, on_error_silent);
		complete = cfg_parse_buf(cfg, more) != CFG_SUCCESS;
		OPENSSL_cleanse(more, strlen(more));
		free(more);
	}
	if (cfg != NULL)
		cfg_free(cfg);
	return complete;
}

static int
parse_text(cfg_t *cfg, const char *text, const char *path, struct gh_error *err)
{
	int ret;

	gh_error_clear(err);
	parse_error = err;
	parse_path = path;
	ret = cfg_parse_buf(cfg, text);
	parse_error = NULL;
	if (ret != CFG_SUCCESS) {
		if (err->code == GH_OK)
			gh_refuse(err, GH_E_CONF, "%.160s: syntax error", path);
		return GH_E_CONF;
	}
	return 0;
}

/* Parse path into cfg. */
static int
parse_file(cfg_t *cfg, struct schema *schema, const char *path, struct gh_error *err)
{
	char *text;
	int ret;

	errno = 0;
	text = conf_text_read(path);
	if (text == NULL && (errno == EACCES || errno == EPERM))
		return gh_refuse(err, GH_E_CONF,
		    "%.160s: cannot be read: %m: root and the gateway's user may", path);
	if (text == NULL && errno != 0)
		return gh_refuse(err, GH_E_CONF, "%.160s: cannot be read: %m", path);
	if (text == NULL)
		return gh_refuse(err, GH_E_CONF,
		    "%.160s: cannot be read: it is too long, or holds a NUL", path);
	ret = parse_text(cfg, text, path, err);
	if (ret == 0 && !is_complete(schema, text))
		ret = gh_refuse(err, GH_E_CONF, "%.160s: the file ends inside a section", path);
	OPENSSL_cleanse(text, strlen(text)); /* conninfo may hold a password */
	free(text);
	return ret;
}

int
gh_conf_load(const char *path, struct gh_conf **out, struct gh_error *err)
{
	struct schema schema = {NULL, NULL};
	struct gh_conf *conf = calloc(1, sizeof(*conf));
	struct gh_error own;
	cfg_t *cfg = NULL;
	int ret = GH_E_NOMEM;

	*out = NULL;
	if (err == NULL)
		err = &own;
	if (conf == NULL || build_schema(&schema) != 0)
		goto out;
	if ((cfg = cfg_init(schema.section, CFGF_NONE)) == NULL)
		goto out;
	cfg_set_error_function(cfg, on_error);
	for (size_t i = 0; i < conf_table_len; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s|%s", conf_table[i].section, conf_table[i].name);
		cfg_set_validate_func(cfg, name, validate);
	}
	ret = parse_file(cfg, &schema, path, err);
	for (size_t i = 0; ret == 0 && i < conf_table_len; i++)
		ret = take_option(cfg, &conf_table[i], conf, path, err);
	if (ret == 0)
		ret = conf_rules_check(conf, path, err);
out:
	if (cfg != NULL)
		cfg_free(cfg);
	free_schema(&schema);
	if (ret == GH_E_NOMEM)
		gh_fail(err, GH_E_NOMEM, "configuration");
	if (ret != 0)
		gh_conf_free(conf);
	else
		*out = conf;
	return ret;
}

void
gh_conf_free(struct gh_conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf_table_len; i++) {
		if (conf_table[i].type != CONF_STRING)
			continue;
		char *s = *(char **)(void *)((char *)conf + conf_table[i].offset);

		if (s != NULL)
			OPENSSL_cleanse(s, strlen(s)); /* conninfo may hold a password */
		free(s);
	}
	free(conf);
}
