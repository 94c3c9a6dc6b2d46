/*
 * A bounded table from a text key to a reference-counted item, each item kept for the same time.
 * Safe in any thread. Keys are compared byte for byte.
 */
#ifndef DIR_CACHE_H
#define DIR_CACHE_H

#include <stddef.h>

struct dir_cache;

struct dir_cache_type {
	void *(*ref)(void *item); /* returns item with one reference more */
	void (*free)(void *item); /* drops one reference */
};

/* max: items it may hold, the oldest make room. seconds: 0 switches it off. NULL: no memory. */
struct dir_cache *dir_cache_new(const struct dir_cache_type *type, size_t max, int seconds);
void dir_cache_free(struct dir_cache *c);

/* Referenced for the caller; NULL when there is none, or it is too old. */
void *dir_cache_get(struct dir_cache *c, const char *key);
/* Takes a reference of its own; replaces an older item. Lack of memory only means a miss later. */
void dir_cache_put(struct dir_cache *c, const char *key, void *item);
void dir_cache_drop(struct dir_cache *c, const char *key);

#endif
