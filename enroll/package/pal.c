/* The package availability list. See pal.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pal.h"

#define NUMBER_BITS 48

void
pal_clear(struct pal *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->entry[i].text);
		free(p->entry[i].serial);
	}
	free(p->entry);
	memset(p, 0, sizeof(*p));
}

uint64_t
pal_rank(enum pal_group group, bool has, uint64_t number, bool is_answer)
{
	return ((((uint64_t)group + 1) << 1 | has) << NUMBER_BITS | number) << 1 | is_answer;
}

int
pal_add(struct pal *p, const struct pal_entry *entry, struct gh_error *err)
{
	struct pal_entry copy = *entry;

	if (p->n == p->cap) {
		size_t cap = p->cap * 2 + 16;
		struct pal_entry *grown = realloc(p->entry, cap * sizeof(*grown));

		if (grown == NULL)
			return gh_fail(err, GH_E_NOMEM, "PAL");
		p->entry = grown;
		p->cap = cap;
	}
	copy.text = strdup(entry->text);
	copy.serial = entry->serial != NULL ? strdup(entry->serial) : NULL;
	if (copy.text == NULL || (entry->serial != NULL && copy.serial == NULL)) {
		free(copy.text);
		free(copy.serial);
		return gh_fail(err, GH_E_NOMEM, "PAL");
	}
	p->entry[p->n++] = copy;
	return 0;
}

/* --- pages ------------------------------------------------------------------------------------ */

static int
compare(const void *a, const void *b)
{
	const struct pal_entry *x = a, *y = b;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

void
pal_page(struct pal *p, uint64_t after, size_t entries, struct pal_page *out)
{
	size_t begin = 0;

	if (p->n > 0)
		qsort(p->entry, p->n, sizeof(p->entry[0]), compare);
	while (begin < p->n && p->entry[begin].rank <= after)
		begin++;
	out->n = p->n - begin;
	out->has_next = out->n > entries;
	if (out->has_next)
		out->n = entries - 1;
	out->entry = out->n > 0 ? &p->entry[begin] : NULL;
}

char *
pal_place(const struct pal *p, const struct pal_page *page, char out[PAL_PLACE_SIZE])
{
	snprintf(out, PAL_PLACE_SIZE, "%" PRIx64 "-%" PRIx64, (uint64_t)p->since,
	    page->entry[page->n - 1].rank);
	return out;
}

/* Lower-case hex digits up to `end`, as pal_place writes them. */
static bool
read_hex(const char *text, char end, uint64_t *out, const char **rest)
{
	size_t n = strspn(text, "0123456789abcdef");

	if (n == 0 || n > 16 || text[n] != end)
		return false;
	*out = strtoull(text, NULL, 16);
	*rest = text + n + (end != '\0');
	return true;
}

bool
pal_place_read(const char *text, int64_t *since, uint64_t *after)
{
	uint64_t time;

	if (!read_hex(text, '-', &time, &text) || !read_hex(text, '\0', after, &text) ||
	    time > INT64_MAX)
		return false;
	*since = (int64_t)time;
	return true;
}
