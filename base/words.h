/*
 * The texts of one language, from conf/languages/NAME.json, which is part of the program. A text
 * has a key, "area.name"; in it, {name} stands for a value of whoever shows it (markup.h).
 */
#ifndef GH_WORDS_H
#define GH_WORDS_H

#include <stddef.h>

struct words; /* static: never freed, any thread */

/* By tag (RFC 5646): "de", "de-AT"; NULL, and a language that we do not have: NULL. */
const struct words *words_find(const char *language);
/* The one of ours that Accept-Language (RFC 9110, 12.5.4; NULL: none) likes best; English where it
 * likes none. Never NULL. */
const struct words *words_accept(const char *accept_language);

/* All of ours, by tag; NULL behind the last one. */
const struct words *words_at(size_t i);
const char *words_language(const struct words *w); /* "de" */
/* NULL: it has no text of this key. */
const char *words_get(const struct words *w, const char *key);

#endif
