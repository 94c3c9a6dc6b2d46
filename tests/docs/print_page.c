/* Render a page template for check_escaping.py: print_page NAME LANGUAGE, with the data as JSON on
 * standard input. NAME "layout" has the template "home" in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "markup.h"

#include "pages/page.h"

#define INPUT_MAX (1024 * 1024)

static const struct gh_embedded *
file_of(const char *name)
{
	for (size_t i = 0; i < embedded_pages_count; i++) {
		size_t n = strcspn(embedded_pages[i].name, ".");

		if (strlen(name) == n && strncmp(embedded_pages[i].name, name, n) == 0)
			return &embedded_pages[i];
	}
	return NULL;
}

/* Freed by nobody: the program ends soon. */
static const struct markup *
find(const void *arg, const char *name)
{
	const struct gh_embedded *file = file_of(strcmp(name, "content") == 0 ? "home" : name);
	struct gh_error err = {0};
	struct markup *m = NULL;

	(void)arg;
	if (file == NULL ||
	    markup_parse(file->name, file->data, file->len, MARKUP_HTML, &m, &err) != 0)
		fprintf(stderr, "%s: %s\n", name, err.message);
	return m;
}

int
main(int argc, char **argv)
{
	static char input[INPUT_MAX];
	const struct markup_find partials = {find, NULL};
	size_t len = fread(input, 1, sizeof(input), stdin);
	const struct markup *m = argc == 3 ? find(NULL, argv[1]) : NULL;
	const struct words *words = argc == 3 ? words_find(argv[2]) : NULL;
	struct gh_error err = {0};
	struct gh_buf out;
	gh_json *data;

	gh_buf_init(&out, 16 * INPUT_MAX);
	if (m == NULL || words == NULL ||
	    gh_json_parse(input, len, GH_JSON_STRICT, &data, &err) != 0 ||
	    markup_render(m, &partials, data, words, &out, &err) != 0) {
		fprintf(stderr, "%s\n", err.detail);
		return 1;
	}
	return fwrite(out.data, 1, out.len, stdout) == out.len ? 0 : 1;
}
