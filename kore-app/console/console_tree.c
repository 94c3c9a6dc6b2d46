/* CAs as a tree. See console_tree.h. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "console_tree.h"

struct walk {
	const gh_json *from;
	gh_json *list;
	bool *is_done; /* of each of from */
};

static const char *
text_of(const struct walk *w, size_t i, const char *name)
{
	return gh_json_string(gh_json_get(gh_json_at(w->from, i), name));
}

static int
put(struct walk *w, size_t i, int level)
{
	gh_json *ca = gh_json_at(w->from, i);
	char text[24];

	w->is_done[i] = true;
	snprintf(text, sizeof(text), "level%d",
	    level < CONSOLE_TREE_DEPTH ? level : CONSOLE_TREE_DEPTH);
	return gh_json_set_string(ca, "level", text) != 0
	    ? -1
	    : gh_json_append(w->list, gh_json_ref(ca));
}

static bool
is_below(const struct walk *w, size_t i, size_t parent)
{
	const char *name = text_of(w, parent, "name"), *said = text_of(w, i, "parent");

	return i != parent && name != NULL && said != NULL && strcasecmp(name, said) == 0;
}

/* It, and those below it. */
static int
put_below(struct walk *w, size_t i, int level)
{
	int bad = put(w, i, level);

	for (size_t k = 0; bad == 0 && k < gh_json_size(w->from); k++)
		if (!w->is_done[k] && is_below(w, k, i))
			bad = put_below(w, k, level + 1);
	return bad;
}

static bool
has_parent_here(const struct walk *w, size_t i)
{
	for (size_t k = 0; k < gh_json_size(w->from); k++)
		if (is_below(w, i, k))
			return true;
	return false;
}

gh_json *
console_tree(const gh_json *authorities)
{
	size_t n = gh_json_size(authorities);
	struct walk w = {.from = authorities,
	    .list = gh_json_new_array(),
	    .is_done = calloc(n + 1, sizeof(bool))};
	int bad = w.list == NULL || w.is_done == NULL;

	for (size_t i = 0; bad == 0 && i < n; i++)
		if (!w.is_done[i] && !has_parent_here(&w, i))
			bad = put_below(&w, i, 0);
	for (size_t i = 0; bad == 0 && i < n; i++) /* those that are each other's parents */
		if (!w.is_done[i])
			bad = put_below(&w, i, 0);
	free(w.is_done);
	if (bad == 0)
		return w.list;
	gh_json_free(w.list);
	return NULL;
}
