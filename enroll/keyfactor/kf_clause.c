/* Field -op value. See kf_clause.h. */
#include <string.h>
#include <strings.h>

#include "kf_clause.h"

/* *p moves behind the word and the blanks after it. */
static bool
take_word(const char **p, char *out, size_t size)
{
	size_t n = strcspn(*p, " \t");

	if (n == 0 || n >= size)
		return false;
	memcpy(out, *p, n);
	out[n] = '\0';
	*p += n;
	*p += strspn(*p, " \t");
	return true;
}

/* In quotation marks, or a word. */
static bool
take_value(const char **p, char out[KF_VALUE_SIZE])
{
	const char *end;

	if (**p != '"')
		return take_word(p, out, KF_VALUE_SIZE);
	if ((end = strchr(*p + 1, '"')) == NULL || end - *p > KF_VALUE_SIZE)
		return false;
	memcpy(out, *p + 1, (size_t)(end - *p - 1));
	out[end - *p - 1] = '\0';
	*p = end + 1;
	*p += strspn(*p, " \t");
	return *out != '\0';
}

bool
kf_clauses(const char *query, bool (*take)(const struct kf_clause *c, void *arg), void *arg)
{
	const char *p = query + strspn(query, " \t");
	char word[KF_WORD_SIZE];
	bool ok = true;

	while (ok && *p != '\0') {
		struct kf_clause c;

		ok = take_word(&p, c.field, sizeof(c.field)) && take_word(&p, c.op, sizeof(c.op)) &&
		    take_value(&p, c.value) && take(&c, arg) &&
		    (*p == '\0' ||
			(take_word(&p, word, sizeof(word)) && strcasecmp(word, "AND") == 0 &&
			    *p != '\0'));
	}
	return ok;
}
