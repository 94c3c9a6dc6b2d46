/* Template files: loading, checking, importing. Shared by `template` and `init`. */
#ifndef TEMPLATE_FILE_H
#define TEMPLATE_FILE_H

#include <stdbool.h>

#include "error.h"
#include "tmpl.h"

#include "command_env.h"

struct template_file {
	char *text;
	size_t len;
	struct tmpl *tmpl;
};

/* Read and check. The message starts with the file's name. */
int template_file_load(const char *path, struct template_file *out,
    struct gh_error *err) GH_MUSTCHECK;
void template_file_clear(struct template_file *f);

/* What became of one file. */
struct template_result {
	char name[128];
	int version;
	bool is_new;
};
int template_file_import(struct command_env *env, const char *path, struct template_result *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Names of the *.json files of a folder, sorted, as "DIR/NAME"; NULL-ended, free with
 * template_dir_free. */
int template_dir_list(const char *dir, char ***out, struct gh_error *err) GH_MUSTCHECK;
void template_dir_free(char **names);

#endif
