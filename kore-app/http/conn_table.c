/* The connections of a worker. See conn_table.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "conn_table.h"

#define BUCKETS 1024 /* a power of two */

struct conn_source {
	struct conn_source *next;
	unsigned char key[CONN_SOURCE_SIZE];
	unsigned n;
};

struct list {
	struct conn_entry *first, *last;
};

struct conn_table {
	struct conn_limits limits;
	unsigned n[CONN_LISTENERS];
	struct list list[CONN_LISTENERS][CONN_PHASES];
	struct conn_source *bucket[BUCKETS];
	uint64_t hash_key[2]; /* random: nobody can choose addresses that meet in one bucket */
};

int
conn_table_new(const struct conn_limits *limits, struct conn_table **out, struct gh_error *err)
{
	struct conn_table *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (t == NULL)
		return gh_fail(err, GH_E_NOMEM, "table of connections");
	t->limits = *limits;
	if (RAND_bytes((unsigned char *)t->hash_key, sizeof(t->hash_key)) != 1) {
		free(t);
		return gh_fail(err, GH_E_INTERNAL, "no random bits");
	}
	*out = t;
	return 0;
}

void
conn_table_free(struct conn_table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		struct conn_source *s = t->bucket[i], *next;

		for (; s != NULL; s = next) {
			next = s->next;
			free(s);
		}
	}
	free(t);
}

/* ---- lists ---- */

static void
append(struct conn_table *t, struct conn_entry *e, enum conn_phase phase, int64_t now_ms)
{
	struct list *l = &t->list[e->listener][phase];

	e->phase = phase;
	e->since_ms = now_ms;
	e->next = NULL;
	e->prev = l->last;
	if (l->last != NULL)
		l->last->next = e;
	else
		l->first = e;
	l->last = e;
}

static void
unlink_entry(struct conn_table *t, struct conn_entry *e)
{
	struct list *l = &t->list[e->listener][e->phase];

	if (e->prev != NULL)
		e->prev->next = e->next;
	else
		l->first = e->next;
	if (e->next != NULL)
		e->next->prev = e->prev;
	else
		l->last = e->prev;
	e->prev = e->next = NULL;
}

void
conn_table_add(struct conn_table *t, struct conn_entry *e, unsigned listener, int64_t now_ms)
{
	memset(e, 0, sizeof(*e));
	e->listener = listener;
	append(t, e, CONN_GREETING, now_ms);
	t->n[listener]++;
}

void
conn_table_move(struct conn_table *t, struct conn_entry *e, enum conn_phase phase, int64_t now_ms)
{
	unlink_entry(t, e);
	append(t, e, phase, now_ms);
}

/* ---- sources ---- */

static struct conn_source **
bucket_of(struct conn_table *t, const unsigned char key[CONN_SOURCE_SIZE])
{
	uint64_t half[2], h;

	memcpy(half, key, sizeof(half));
	h = (half[0] ^ t->hash_key[0]) * 0x9e3779b97f4a7c15u;
	h = (h ^ h >> 29 ^ half[1] ^ t->hash_key[1]) * 0xbf58476d1ce4e5b9u;
	return &t->bucket[(h >> 40) & (BUCKETS - 1)];
}

static void
leave_source(struct conn_table *t, struct conn_entry *e)
{
	struct conn_source *s = e->source, **at;

	e->source = NULL;
	if (s == NULL || --s->n > 0)
		return;
	for (at = bucket_of(t, s->key); *at != s; at = &(*at)->next)
		;
	*at = s->next;
	free(s);
}

int
conn_table_set_source(struct conn_table *t, struct conn_entry *e,
    const unsigned char source[CONN_SOURCE_SIZE], struct gh_error *err)
{
	struct conn_source **bucket = bucket_of(t, source), *s;

	leave_source(t, e);
	for (s = *bucket; s != NULL && memcmp(s->key, source, CONN_SOURCE_SIZE) != 0; s = s->next)
		;
	if (s == NULL) {
		s = calloc(1, sizeof(*s));
		if (s == NULL)
			return gh_fail(err, GH_E_NOMEM, "connections of an address");
		memcpy(s->key, source, CONN_SOURCE_SIZE);
		s->next = *bucket;
		*bucket = s;
	}
	s->n++;
	e->source = s;
	return 0;
}

void
conn_table_remove(struct conn_table *t, struct conn_entry *e)
{
	unlink_entry(t, e);
	leave_source(t, e);
	t->n[e->listener]--;
}

/* ---- who gives way ---- */

static struct conn_entry *
first_of_list(const struct list *l, const struct conn_entry *but, const struct conn_source *of)
{
	struct conn_entry *e = l->first;

	while (e != NULL && (e == but || (of != NULL && e->source != of)))
		e = e->next;
	return e;
}

static struct conn_entry *
older(struct conn_entry *a, struct conn_entry *b)
{
	return b == NULL || (a != NULL && a->since_ms <= b->since_ms) ? a : b;
}

struct conn_entry *
conn_table_oldest(const struct conn_table *t, enum conn_phase phase, const struct conn_entry *but)
{
	struct conn_entry *found = NULL;

	for (size_t i = 0; i < CONN_LISTENERS; i++)
		found = older(found, first_of_list(&t->list[i][phase], but, NULL));
	return found;
}

static struct conn_entry *
victim_of_listener(const struct conn_table *t, const struct conn_entry *e)
{
	struct conn_entry *found = NULL;

	for (int phase = CONN_CLOSING; found == NULL && phase <= CONN_SEND; phase++)
		found = first_of_list(&t->list[e->listener][phase], e, NULL);
	return found;
}

static struct conn_entry *
victim_of_source(const struct conn_table *t, const struct conn_entry *e)
{
	struct conn_entry *found = NULL;

	for (int phase = CONN_CLOSING; found == NULL && phase <= CONN_SEND; phase++)
		for (size_t i = 0; i < CONN_LISTENERS; i++)
			found = older(found, first_of_list(&t->list[i][phase], e, e->source));
	return found;
}

struct conn_entry *
conn_table_excess(const struct conn_table *t, const struct conn_entry *e)
{
	struct conn_entry *found;

	if (t->limits.per_source > 0 && e->source != NULL && e->source->n > t->limits.per_source)
		found = victim_of_source(t, e);
	else if (t->n[e->listener] > t->limits.per_listener[e->listener])
		found = victim_of_listener(t, e);
	else
		return NULL;
	return found != NULL ? found : (struct conn_entry *)e;
}

unsigned
conn_table_count(const struct conn_table *t, unsigned listener)
{
	return t->n[listener];
}
