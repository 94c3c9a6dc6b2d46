/* Values of a condition. See filter_writer.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

#include "filter_writer.h"

struct filter_writer *
filter_begin(struct gh_buf *b, struct store_params *p)
{
	struct filter_writer *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		p->failed = true;
		return NULL;
	}
	w->b = b;
	w->param = p->n + 1;
	return w;
}

void
filter_end(struct filter_writer *w, struct store_params *p)
{
	if (w == NULL)
		return;
	if (w->values > 0)
		store_put_list(p, w->value);
	p->failed |= w->failed;
	for (size_t i = 0; i < w->values; i++)
		free(w->value[i]);
	free(w);
}

const char *
filter_add_owned(struct filter_writer *w, char *text, char out[SQL_VALUE_SIZE])
{
	snprintf(out, SQL_VALUE_SIZE, "($%d::text[])[%zu]", w->param, w->values + 1);
	if (text == NULL || w->values == FILTER_VALUES_MAX) {
		w->failed = true;
		free(text);
		return out;
	}
	w->value[w->values++] = text;
	return out;
}

const char *
filter_add_text(struct filter_writer *w, const char *text, char out[SQL_VALUE_SIZE])
{
	return filter_add_owned(w, strdup(text), out);
}

const char *
filter_add_number(struct filter_writer *w, int64_t number, char out[SQL_VALUE_SIZE])
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	return filter_add_text(w, text, out);
}

char *
filter_pattern(const char *text, bool open_left, bool open_right)
{
	char *pattern = malloc(2 * strlen(text) + 3), *to = pattern;

	if (pattern == NULL)
		return NULL;
	if (open_left)
		*to++ = '%';
	for (; *text != '\0'; text++) {
		if (strchr("%_\\", *text) != NULL)
			*to++ = '\\';
		*to++ = *text;
	}
	if (open_right)
		*to++ = '%';
	*to = '\0';
	return pattern;
}
