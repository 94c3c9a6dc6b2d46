/* Options and their values as text. */
#include <string.h>

#include "conf_private.h"

bool
gh_conf_option(size_t i, struct gh_conf_option_info *out)
{
	static _Thread_local char name[64];
	static const char *const types[] = {"string", "integer", "boolean"};

	memset(out, 0, sizeof(*out));
	if (i >= conf_table_len)
		return false;
	snprintf(name, sizeof(name), "%s.%s", conf_table[i].section, conf_table[i].name);
	out->name = name;
	out->type = types[conf_table[i].type];
	out->fallback = conf_table[i].fallback;
	out->meaning = conf_table[i].meaning;
	return true;
}

bool
gh_conf_value(const struct gh_conf *conf, const char *name, const char **out)
{
	static _Thread_local char number[32];
	size_t dot = strcspn(name, ".");

	*out = NULL;
	for (size_t i = 0; i < conf_table_len && *out == NULL; i++) {
		const struct conf_option *o = &conf_table[i];
		const void *at = (const char *)conf + o->offset;

		if (strlen(o->section) != dot || strncmp(o->section, name, dot) != 0 ||
		    name[dot] != '.' || strcmp(o->name, name + dot + 1) != 0)
			continue;
		snprintf(number, sizeof(number), "%d", o->type == CONF_INT ? *(const int *)at : 0);
		*out = o->type == CONF_STRING ? *(char *const *)at
		    : o->type == CONF_INT     ? number
		    : *(const bool *)at       ? "true"
					      : "false";
	}
	return *out != NULL;
}

static void
print_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', f);
		fputc(*s, f);
	}
	fputs("\"\n", f);
}

void
gh_conf_print_value(FILE *f, const struct gh_conf_option_info *option, const char *value)
{
	if (strcmp(option->type, "string") == 0)
		print_string(f, value);
	else
		fprintf(f, "%s\n", value);
}

void
gh_conf_print_defaults(FILE *f)
{
	for (size_t i = 0; i < conf_table_len; i++) {
		const struct conf_option *o = &conf_table[i];

		if (i == 0 || strcmp(o->section, conf_table[i - 1].section) != 0)
			fprintf(f, "%s%s {\n", i == 0 ? "" : "}\n\n", o->section);
		fprintf(f, "\t# %s\n", o->meaning);
		if (o->type == CONF_INT)
			fprintf(f, "\t#   (%ld to %ld)\n", o->min, o->max);
		fprintf(f, "\t%s%s = ", o->fallback == NULL ? "" : "# ", o->name);
		if (o->type == CONF_STRING)
			print_string(f, o->fallback != NULL ? o->fallback : "");
		else
			fprintf(f, "%s\n", o->fallback);
	}
	fputs("}\n", f);
}
