/*
 * String preparation for names. See name_prep.h.
 *
 * RFC 4518 asks for NFKC and the folding of RFC 3454; Java's X500Principal decomposes (NFKD) and
 * goes by upper and then lower case; OpenSSL and NSS fold ASCII letters alone. The form here is
 * coarser than each of these. Marks of one character are sorted by code point, so that no table of
 * combining classes is needed: canonical order keeps apart only marks of one class that stand in
 * another order, which looks the same.
 *
 * Java writes a name as text and compares that: special characters with a backslash before them,
 * and only then decomposed. So a fullwidth backslash and comma stand for a comma, and a fullwidth
 * comma for the end of a value.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "name_prep.h"
#include "name_prep_table.h"
#include "utf8.h"

#define N(list) (sizeof(list) / sizeof((list)[0]))
#define YPOGEGRAMMENI 0x345 /* a mark whose folded form is a letter */
#define IOTA 0x3b9

/* --- writing: blanks -------------------------------------------------------------------------- */

struct writer {
	struct gh_buf *out;
	bool is_begun, has_blank; /* a blank that is not written yet */
};

static void
write_char(struct writer *w, uint32_t c)
{
	if (c == ' ') {
		w->has_blank = w->is_begun;
		return;
	}
	if (c == '\\')
		return;
	if (w->has_blank)
		gh_buf_put_u8(w->out, ' ');
	w->has_blank = false;
	w->is_begun = true;
	gh_utf8_put(w->out, c);
}

/* --- folding ---------------------------------------------------------------------------------- */

struct text {
	size_t n, marks; /* characters; how many of them, at the end, are marks */
	uint32_t c[GH_NAME_PREP_MAX];
};

static int
compare_code(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool
is_mark(uint32_t c)
{
	size_t low = 0, high = N(marks);

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c >= marks[mid].first && c <= marks[mid].last)
			return true;
		if (c < marks[mid].first)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

static void
sort_marks(struct text *t)
{
	qsort(t->c + t->n - t->marks, t->marks, sizeof(t->c[0]), compare_code);
	t->marks = 0;
}

/* Iota is sorted as a mark is: Java makes one of the ypogegrammeni before it puts marks in order,
 * Unicode after. */
static bool
add(struct text *t, uint32_t c)
{
	if (t->n == GH_NAME_PREP_MAX)
		return false;
	if (c == YPOGEGRAMMENI)
		c = IOTA;
	if (c != IOTA && !is_mark(c))
		sort_marks(t);
	else
		t->marks++;
	t->c[t->n++] = c;
	return true;
}

/* Unicode, 3.12: a syllable is a leading consonant, a vowel, and a trailing consonant or none. */
static bool
add_hangul(struct text *t, uint32_t syllable)
{
	uint32_t last = syllable % 28;

	return add(t, 0x1100 + syllable / 588) && add(t, 0x1161 + syllable % 588 / 28) &&
	    (last == 0 || add(t, 0x11a7 + last));
}

static bool
add_folded(struct text *t, uint32_t c)
{
	const void *found;

	if (c >= 0xac00 && c <= 0xd7a3)
		return add_hangul(t, c - 0xac00);
	if (c >= 0xe0000 && c <= 0xe0fff) /* tags, selectors: not seen */
		return true;
	/* the key is the first member of each */
	if ((found = bsearch(&c, ones, N(ones), sizeof(ones[0]), compare_code)) != NULL)
		return add(t, ((const uint32_t *)found)[1]);
	if ((found = bsearch(&c, many, N(many), sizeof(many[0]), compare_code)) != NULL) {
		size_t i = (size_t)((const char *)found - (const char *)many) / sizeof(many[0]);

		for (size_t k = 0; k < many[i].n; k++)
			if (!add(t, pool[many[i].at + k]))
				return false;
		return true;
	}
	return add(t, c);
}

/* What Java can take for the end of a value: a separator that it has not seen as such. */
static bool
has_separator(const uint32_t *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c[i] == ',' || c[i] == '+')
			return true;
	return false;
}

/* false: not UTF-8, or too long, or a value and an attribute behind it for Java. */
static bool
fold(const unsigned char *p, size_t len, struct text *t)
{
	bool is_split = false, has_equals = false;
	uint32_t c;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		size_t before = t->n;

		if ((n = gh_utf8_char(p, len, &c)) == 0 || !add_folded(t, c))
			return false;
		is_split |= c >= 0x80 && has_separator(t->c + before, t->n - before);
	}
	sort_marks(t);
	for (size_t i = 0; i < t->n; i++)
		has_equals |= t->c[i] == '=';
	return !is_split || !has_equals;
}

/* --- values ----------------------------------------------------------------------------------- */

/* What nearly all names are: letters in ASCII need no table. */
static bool
is_plain(const unsigned char *p, size_t len)
{
	while (len > 0 && *p >= 0x20 && *p < 0x7f) {
		p++;
		len--;
	}
	return len == 0;
}

int
gh_name_prep(const void *utf8, size_t len, struct gh_buf *out, struct gh_error *err)
{
	struct writer w = {.out = out};
	const unsigned char *p = utf8;
	struct text *t;
	bool ok;

	if (len > GH_NAME_PREP_MAX)
		return gh_refuse(err, GH_E_SUBJECT, "a name has a value of more than %d bytes",
		    GH_NAME_PREP_MAX);
	if (is_plain(p, len)) {
		for (size_t i = 0; i < len; i++)
			write_char(&w, p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32u : p[i]);
		return gh_buf_check(out, err);
	}
	if ((t = malloc(sizeof(*t))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "name");
	t->n = t->marks = 0;
	if ((ok = fold(p, len, t)))
		for (size_t i = 0; i < t->n; i++)
			write_char(&w, t->c[i]);
	free(t);
	return ok ? gh_buf_check(out, err)
		  : gh_refuse(err, GH_E_SUBJECT,
			"a name has a value that is not UTF-8, is too long, "
			"or can be taken for several attributes");
}
