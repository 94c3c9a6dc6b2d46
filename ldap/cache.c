/* A bounded hash table with expiry. All items live equally long, so the order of insertion is the
 * order of expiry, and the oldest is the one to make room. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "timestamp.h"

#include "cache.h"

struct slot {
	struct slot *chain; /* same bucket */
	struct slot *newer, *older;
	int64_t expires; /* monotonic, microseconds */
	uint64_t hash;
	void *item;
	char key[];
};

struct dir_cache {
	const struct dir_cache_type *type;
	pthread_mutex_t lock; /* guards all below */
	int64_t life;
	size_t max, n;
	size_t buckets;
	uint64_t seed; /* keys come from outside: no collisions to order */
	struct slot **bucket;
	struct slot *oldest, *newest;
};

/* FNV-1a with a random start and a final mix. */
static uint64_t
hash_of(const struct dir_cache *c, const char *key)
{
	uint64_t h = c->seed;

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 33;
}

struct dir_cache *
dir_cache_new(const struct dir_cache_type *type, size_t max, int seconds)
{
	struct dir_cache *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->type = type;
	c->max = max;
	c->life = (int64_t)seconds * 1000000;
	c->buckets = max * 2;
	if (getrandom(&c->seed, sizeof c->seed, 0) != (ssize_t)sizeof c->seed ||
	    (c->bucket = calloc(c->buckets, sizeof *c->bucket)) == NULL ||
	    pthread_mutex_init(&c->lock, NULL) != 0) {
		free(c->bucket);
		free(c);
		return NULL;
	}
	return c;
}

static struct slot **
find(struct dir_cache *c, const char *key, uint64_t hash)
{
	struct slot **at = &c->bucket[hash % c->buckets];

	while (*at != NULL && ((*at)->hash != hash || strcmp((*at)->key, key) != 0))
		at = &(*at)->chain;
	return at;
}

/* Takes the slot at *at out of the table and lets its item go. */
static void
remove_at(struct dir_cache *c, struct slot **at)
{
	struct slot *s = *at;

	*at = s->chain;
	*(s->older != NULL ? &s->older->newer : &c->oldest) = s->newer;
	*(s->newer != NULL ? &s->newer->older : &c->newest) = s->older;
	c->n--;
	c->type->free(s->item);
	free(s);
}

static void
remove_slot(struct dir_cache *c, const struct slot *s)
{
	remove_at(c, find(c, s->key, s->hash));
}

void
dir_cache_free(struct dir_cache *c)
{
	if (c == NULL)
		return;
	while (c->oldest != NULL)
		remove_slot(c, c->oldest);
	pthread_mutex_destroy(&c->lock);
	free(c->bucket);
	free(c);
}

void *
dir_cache_get(struct dir_cache *c, const char *key)
{
	uint64_t hash = hash_of(c, key);
	void *item = NULL;
	struct slot **at;

	pthread_mutex_lock(&c->lock);
	at = find(c, key, hash);
	if (*at != NULL) {
		if ((*at)->expires > gh_now_us())
			item = c->type->ref((*at)->item);
		else
			remove_at(c, at);
	}
	pthread_mutex_unlock(&c->lock);
	return item;
}

/* With the lock held: expired items go, and the oldest when the table is full. */
static void
make_room(struct dir_cache *c, int64_t now)
{
	while (c->oldest != NULL && (c->oldest->expires <= now || c->n >= c->max))
		remove_slot(c, c->oldest);
}

static void
insert(struct dir_cache *c, struct slot *s)
{
	struct slot **head = &c->bucket[s->hash % c->buckets];

	s->chain = *head;
	*head = s;
	s->older = c->newest;
	*(c->newest != NULL ? &c->newest->newer : &c->oldest) = s;
	c->newest = s;
	c->n++;
}

void
dir_cache_put(struct dir_cache *c, const char *key, void *item)
{
	struct slot *s, **at;
	int64_t now = gh_now_us();

	if (c->life == 0 || (s = calloc(1, sizeof *s + strlen(key) + 1)) == NULL)
		return;
	strcpy(s->key, key);
	s->hash = hash_of(c, key);
	s->expires = now + c->life;
	s->item = c->type->ref(item);
	pthread_mutex_lock(&c->lock);
	at = find(c, key, s->hash);
	if (*at != NULL)
		remove_at(c, at);
	make_room(c, now);
	insert(c, s);
	pthread_mutex_unlock(&c->lock);
}

void
dir_cache_drop(struct dir_cache *c, const char *key)
{
	struct slot **at;

	pthread_mutex_lock(&c->lock);
	at = find(c, key, hash_of(c, key));
	if (*at != NULL)
		remove_at(c, at);
	pthread_mutex_unlock(&c->lock);
}
