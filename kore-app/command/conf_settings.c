/* See conf_settings.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "conf_settings.h"

static bool
find_option(const char *name, struct gh_conf_option_info *info)
{
	for (size_t i = 0; gh_conf_option(i, info) && info->name != NULL; i++)
		if (strcmp(info->name, name) == 0)
			return true;
	return false;
}

int
conf_settings_set(struct conf_settings *s, const char *name, const char *value,
    struct gh_error *err)
{
	struct gh_conf_option_info info;
	char *copy;
	size_t i = 0;

	if (!find_option(name, &info))
		return gh_refuse(err, GH_E_CONF,
		    "there is no option %.80s: see `gatehouse conf print`", name);
	if (strpbrk(value, "\r\n") != NULL)
		return gh_refuse(err, GH_E_CONF, "%s: a value is one line", name);
	while (i < s->n && strcmp(s->set[i].name, name) != 0)
		i++;
	if (i == CONF_SETTINGS_MAX)
		return gh_refuse(err, GH_E_CONF, "more than %d options", CONF_SETTINGS_MAX);
	copy = strdup(value);
	if (i == s->n && copy != NULL && (s->set[i].name = strdup(name)) != NULL) {
		s->set[i].value = NULL;
		s->n++;
	}
	if (copy == NULL || i == s->n) {
		free(copy);
		return gh_fail(err, GH_E_NOMEM, "configuration");
	}
	free(s->set[i].value);
	s->set[i].value = copy;
	return 0;
}

int
conf_settings_parse(struct conf_settings *s, const char *text, struct gh_error *err)
{
	size_t n = strcspn(text, "=");
	char name[80];

	if (text[n] == '\0' || n >= sizeof(name))
		return gh_refuse(err, GH_E_CONF, "--set %.80s: written as section.option=value",
		    text);
	snprintf(name, sizeof(name), "%.*s", (int)n, text);
	return conf_settings_set(s, name, text + n + 1, err);
}

const char *
conf_settings_get(const struct conf_settings *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->set[i].name, name) == 0)
			return s->set[i].value;
	return NULL;
}

void
conf_settings_clear(struct conf_settings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->set[i].name);
		free(s->set[i].value);
	}
	memset(s, 0, sizeof(*s));
}

static void
print_option(FILE *f, const struct gh_conf_option_info *info, const char *value, char section[64])
{
	size_t n = strcspn(info->name, ".");

	if (strlen(section) != n || strncmp(section, info->name, n) != 0) {
		fprintf(f, "%s%.*s {\n", section[0] != '\0' ? "}\n\n" : "", (int)n, info->name);
		snprintf(section, 64, "%.*s", (int)n, info->name);
	}
	fprintf(f, "\t# %s\n\t%s = ", info->meaning, info->name + n + 1);
	gh_conf_print_value(f, info, value);
}

/* placeholders: also what must be set and is not. */
static char *
make_text(const struct conf_settings *s, bool placeholders)
{
	struct gh_conf_option_info info;
	char *text = NULL, section[64] = "";
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	fprintf(f,
	    "# Written by `gatehouse setup`. All other options have their defaults: `gatehouse conf print` shows\n"
	    "# them with their meanings.\n\n");
	for (size_t i = 0; gh_conf_option(i, &info) && info.name != NULL; i++) {
		const char *value = conf_settings_get(s, info.name);

		if (value == NULL && placeholders && info.fallback == NULL)
			value = strcmp(info.name, "directory.type") == 0 ? "openldap" : "?";
		if (value != NULL)
			print_option(f, &info, value, section);
	}
	fprintf(f, "}\n");
	if (ferror(f) | fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

char *
conf_settings_text(const struct conf_settings *s)
{
	return make_text(s, false);
}

/* The reader of the configuration reads files only, and shall be the only reader there is. */
static int
load_text(const char *text, struct gh_conf **out, struct gh_error *err)
{
	char path[] = "/tmp/gatehouse-setup.XXXXXX";
	int fd = mkstemp(path), rc;
	ssize_t len = (ssize_t)strlen(text);

	if (fd < 0)
		return gh_fail(err, GH_E_INTERNAL, "temporary file");
	if (write(fd, text, (size_t)len) != len)
		rc = gh_fail(err, GH_E_INTERNAL, "temporary file");
	else
		rc = gh_conf_load(path, out, err);
	close(fd);
	unlink(path);
	return rc;
}

int
conf_settings_load(const struct conf_settings *s, struct gh_conf **out, struct gh_error *err)
{
	char *text = make_text(s, true);
	int rc =
	    text != NULL ? load_text(text, out, err) : gh_fail(err, GH_E_NOMEM, "configuration");

	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
	if (rc != 0)
		*out = NULL;
	return rc;
}

int
conf_settings_agree(const struct conf_settings *s, const struct gh_conf *conf, const char *path,
    struct gh_error *err)
{
	const char *has;

	for (size_t i = 0; i < s->n; i++)
		if (gh_conf_value(conf, s->set[i].name, &has) && strcmp(has, s->set[i].value) != 0)
			return gh_refuse(err, GH_E_CONFLICT,
			    "%.80s is there and says %s = \"%.60s\", not \"%.60s\": setup "
			    "changes no existing configuration; edit the file, or leave that option out",
			    path, s->set[i].name, has, s->set[i].value);
	return 0;
}
