/* Template files on their way into the database. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "template_file.h"

#define TEMPLATE_DIR_MAX 1000 /* files of one folder */

int
template_file_load(const char *path, struct template_file *out, struct gh_error *err)
{
	struct gh_error why;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = file_read(path, &out->text, &out->len, err);
	if (rc != 0)
		return rc;
	rc = tmpl_load(out->text, out->len, &out->tmpl, &why);
	if (rc != 0) {
		template_file_clear(out);
		return gh_refuse(err, why.code, "%.80s: %.170s", path, why.message);
	}
	return 0;
}

void
template_file_clear(struct template_file *f)
{
	tmpl_free(f->tmpl);
	free(f->text);
	memset(f, 0, sizeof(*f));
}

int
template_file_import(struct command_env *env, const char *path, struct template_result *out,
    struct gh_error *err)
{
	struct template_file f;
	int rc = template_file_load(path, &f, err);

	if (rc != 0)
		return rc;
	snprintf(out->name, sizeof(out->name), "%s", tmpl_name(f.tmpl));
	rc = store_import_template(env->store, &env->who, out->name, f.text, &out->version,
	    &out->is_new, err);
	template_file_clear(&f);
	return rc;
}

static int
is_json_file(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".json") == 0;
}

int
template_dir_list(const char *dir, char ***out, struct gh_error *err)
{
	struct dirent **found;
	int n = scandir(dir, &found, is_json_file, alphasort), rc = 0;
	char **names;

	*out = NULL;
	if (n < 0)
		return gh_refuse(err, GH_E_CONF, "%s: %s", dir, strerror(errno));
	names = calloc((size_t)n + 1, sizeof(*names));
	if (n == 0 || n > TEMPLATE_DIR_MAX)
		rc = gh_refuse(err, GH_E_CONF, "%s: %s", dir,
		    n == 0 ? "no template file (*.json) in it" : "too many files");
	for (int i = 0; i < n; i++) {
		if (rc == 0 &&
		    (names == NULL || asprintf(&names[i], "%s/%s", dir, found[i]->d_name) < 0))
			rc = gh_fail(err, GH_E_NOMEM, "%s", dir);
		free(found[i]);
	}
	free(found);
	if (rc != 0)
		template_dir_free(names);
	else
		*out = names;
	return rc;
}

void
template_dir_free(char **names)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		free(names[i]);
	free(names);
}
