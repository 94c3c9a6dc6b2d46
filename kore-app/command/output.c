/* Tables, fields and JSON on standard output. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "utf8.h"

#include "failure.h"
#include "output.h"

#define CELL_MAX (64 * 1024) /* bytes of one value shown */

int
output_finish(void)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("gatehouse: standard output");
		return COMMAND_FAILED;
	}
	return COMMAND_OK;
}

int
output_json(const gh_json *v)
{
	char *text = gh_json_print(v, false);

	if (text == NULL) {
		fprintf(stderr, "gatehouse: out of memory\n");
		return COMMAND_FAILED;
	}
	puts(text);
	free(text);
	return output_finish();
}

/* Bytes of the control character at p, 0: it is none. */
static size_t
control_size(const char *p)
{
	uint32_t code;
	size_t n = gh_utf8_char(p, GH_UTF8_TO_NUL, &code);

	return n > 0 && gh_utf8_is_control(code) ? n : 0;
}

static void
make_safe(char *text)
{
	for (char *p = text; *p != '\0'; p++) {
		size_t n = control_size(p);

		memset(p, '?', n);
		p += n > 0 ? n - 1 : 0;
	}
}

void
output_safe(FILE *f, const char *text)
{
	size_t n;

	for (; *text != '\0'; text += n > 0 ? n : 1) {
		n = control_size(text);
		fputc(n > 0 ? '?' : *text, f);
	}
}

static void
put_value(struct gh_buf *b, const gh_json *v)
{
	char *json;
	int64_t number;

	switch (gh_json_type(v)) {
	case GH_JSON_NULL:
		gh_buf_puts(b, "-");
		return;
	case GH_JSON_BOOL:
		gh_buf_puts(b, gh_json_bool(v, false) ? "yes" : "no");
		return;
	case GH_JSON_INT:
		gh_buf_putf(b, "%" PRId64, gh_json_int(v, &number) ? number : 0);
		return;
	case GH_JSON_STRING:
		gh_buf_puts(b, gh_json_string(v)[0] != '\0' ? gh_json_string(v) : "-");
		return;
	default:
		json = gh_json_print(v, false);
		gh_buf_puts(b, json != NULL ? json : "?");
		free(json);
		return;
	}
}

char *
output_text(const gh_json *v)
{
	struct gh_buf b;
	char *text;

	gh_buf_init(&b, CELL_MAX);
	if (gh_json_type(v) == GH_JSON_ARRAY) {
		if (gh_json_size(v) == 0)
			gh_buf_puts(&b, "-");
		for (size_t i = 0; i < gh_json_size(v); i++) {
			if (i > 0)
				gh_buf_puts(&b, ", ");
			put_value(&b, gh_json_at(v, i));
		}
	} else
		put_value(&b, v);
	text = strdup(b.data != NULL && !b.failed ? (const char *)b.data : "?");
	gh_buf_free(&b);
	if (text != NULL)
		make_safe(text);
	return text;
}

static void
print_cell(const char *text, size_t width, bool is_last)
{
	size_t n = gh_utf8_length(text, strlen(text));

	fputs(text, stdout);
	if (!is_last)
		printf("%*s", (int)(width > n ? width - n : 0) + 2, "");
}

static size_t
column_width(const gh_json *rows, const struct output_column *c)
{
	size_t width = strlen(c->title);

	for (size_t i = 0; i < gh_json_size(rows); i++) {
		char *text = output_text(gh_json_get(gh_json_at(rows, i), c->member));
		size_t n = text != NULL ? gh_utf8_length(text, strlen(text)) : 0;

		if (n > width)
			width = n;
		free(text);
	}
	return width;
}

int
output_table(const gh_json *rows, const struct output_column *columns)
{
	size_t *width, n = 0;

	if (gh_json_size(rows) == 0) {
		puts("(none)");
		return output_finish();
	}
	while (columns[n].member != NULL)
		n++;
	width = calloc(n, sizeof(*width));
	if (width == NULL) {
		fprintf(stderr, "gatehouse: out of memory\n");
		return -1;
	}
	for (size_t k = 0; k < n; k++)
		width[k] = column_width(rows, &columns[k]);
	for (size_t k = 0; k < n; k++)
		print_cell(columns[k].title, width[k], k + 1 == n);
	putchar('\n');
	for (size_t i = 0; i < gh_json_size(rows); i++) {
		for (size_t k = 0; k < n; k++) {
			char *text =
			    output_text(gh_json_get(gh_json_at(rows, i), columns[k].member));

			print_cell(text != NULL ? text : "?", width[k], k + 1 == n);
			free(text);
		}
		putchar('\n');
	}
	free(width);
	return output_finish();
}

int
output_object(const gh_json *obj, const char *hide)
{
	size_t width = 0;

	for (void *it = gh_json_iter(obj); it != NULL; it = gh_json_next(obj, it)) {
		if (strlen(gh_json_iter_name(it)) > width)
			width = strlen(gh_json_iter_name(it));
	}
	for (void *it = gh_json_iter(obj); it != NULL; it = gh_json_next(obj, it)) {
		const char *name = gh_json_iter_name(it);
		char *text;

		if (hide != NULL && strcmp(name, hide) == 0)
			continue;
		text = output_text(gh_json_iter_value(it));
		output_safe(stdout, name);
		printf(":%*s%s\n", (int)(width - strlen(name)) + 1, "", text != NULL ? text : "?");
		free(text);
	}
	return output_finish();
}
