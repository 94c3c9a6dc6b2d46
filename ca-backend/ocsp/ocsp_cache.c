/* The table of ready answers: chains by serial number, a list by last use, one mutex. See
 * ocsp_cache.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <openssl/rand.h>

#include "siphash.h"

#include "ocsp_cache.h"

#define TYPICAL_ENTRY 1536 /* bytes: how many chains a cache gets */
#define REMOVED_KEPT 4096  /* removals that are remembered; a power of two */

struct entry {
	struct entry *chain; /* next one of the same hash */
	TAILQ_ENTRY(entry) use;
	struct ocsp_answer *answer;
	size_t bytes;
	unsigned hits;                /* since it was put in */
	bool is_listed;               /* by ocsp_cache_due */
	size_t serial_at, serial_len; /* inside cert_id */
	size_t len;
	unsigned char cert_id[];
};

struct ocsp_cache {
	uint64_t key[2]; /* of gh_siphash: clients choose serial numbers */
	size_t max_bytes, mask;
	pthread_mutex_t lock; /* guards all below */
	struct entry **table;
	TAILQ_HEAD(use_list, entry) uses; /* most recent first */
	struct ocsp_cache_size size;
	uint64_t epoch;   /* counts removals */
	uint64_t flushed; /* epoch of the last flush */
	uint64_t
	    removed[REMOVED_KEPT]; /* hash of the serial removed at epoch e, at e % REMOVED_KEPT */
};

/* ---- life ---- */

int
ocsp_cache_new(size_t max_bytes, struct ocsp_cache **out, struct gh_error *err)
{
	struct ocsp_cache *c = calloc(1, sizeof(*c));
	size_t chains = 64;

	*out = NULL;
	while (chains < max_bytes / TYPICAL_ENTRY)
		chains *= 2;
	if (c == NULL || (c->table = calloc(chains, sizeof(*c->table))) == NULL ||
	    RAND_bytes((unsigned char *)c->key, sizeof(c->key)) != 1) {
		if (c != NULL)
			free(c->table);
		free(c);
		return gh_fail(err, GH_E_NOMEM, "OCSP cache");
	}
	c->max_bytes = max_bytes;
	c->mask = chains - 1;
	TAILQ_INIT(&c->uses);
	pthread_mutex_init(&c->lock, NULL);
	*out = c;
	return 0;
}

/* Out of the table. The lock is held, here and in all that follows until the next section. */
static void
drop(struct ocsp_cache *c, struct entry *e)
{
	uint64_t h = gh_siphash(c->key, e->cert_id + e->serial_at, e->serial_len);
	struct entry **at = &c->table[h & c->mask];

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	TAILQ_REMOVE(&c->uses, e, use);
	c->size.entries--;
	c->size.bytes -= e->bytes;
	ocsp_answer_unref(e->answer);
	free(e);
}

static void
drop_all(struct ocsp_cache *c)
{
	struct entry *e;

	while ((e = TAILQ_FIRST(&c->uses)) != NULL)
		drop(c, e);
}

static struct entry *
find(const struct ocsp_cache *c, uint64_t h, const struct ocsp_cert_id *id)
{
	struct entry *e = c->table[h & c->mask];

	while (e != NULL && !gh_der_equals(&id->whole, e->cert_id, e->len))
		e = e->chain;
	return e;
}

static bool
was_removed_since(const struct ocsp_cache *c, uint64_t h, uint64_t epoch)
{
	if (c->flushed > epoch || c->epoch - epoch > REMOVED_KEPT)
		return true;
	for (uint64_t e = epoch + 1; e <= c->epoch; e++)
		if (c->removed[e % REMOVED_KEPT] == h)
			return true;
	return false;
}

static struct entry *
new_entry(const struct ocsp_cert_id *id, struct ocsp_answer *a)
{
	struct entry *e = malloc(sizeof(*e) + id->whole.len);

	if (e == NULL)
		return NULL;
	memset(e, 0, sizeof(*e));
	e->answer = ocsp_answer_ref(a);
	e->bytes = sizeof(*e) + id->whole.len + sizeof(*a) + a->len + a->head_len;
	e->serial_at = (size_t)(id->serial.p - id->whole.p);
	e->serial_len = id->serial.len;
	e->len = id->whole.len;
	memcpy(e->cert_id, id->whole.p, id->whole.len);
	return e;
}

static void
insert(struct ocsp_cache *c, uint64_t h, struct entry *e)
{
	struct entry *last;

	while ((last = TAILQ_LAST(&c->uses, use_list)) != NULL &&
	    c->size.bytes + e->bytes > c->max_bytes)
		drop(c, last);
	e->chain = c->table[h & c->mask];
	c->table[h & c->mask] = e;
	TAILQ_INSERT_HEAD(&c->uses, e, use);
	c->size.entries++;
	c->size.bytes += e->bytes;
}

/* ---- from outside ---- */

void
ocsp_cache_free(struct ocsp_cache *c)
{
	if (c == NULL)
		return;
	drop_all(c);
	pthread_mutex_destroy(&c->lock);
	free(c->table);
	free(c);
}

struct ocsp_answer *
ocsp_cache_get(struct ocsp_cache *c, const struct ocsp_cert_id *id, int64_t now, bool late)
{
	struct ocsp_answer *a = NULL;
	struct entry *e;
	uint64_t h;

	if (id->serial.len == 0)
		return NULL;
	h = gh_siphash(c->key, id->serial.p, id->serial.len);
	pthread_mutex_lock(&c->lock);
	if ((e = find(c, h, id)) != NULL) {
		int64_t life = e->answer->next_update - e->answer->this_update;

		if (now < e->answer->next_update - (late ? 0 : life / 8)) {
			a = ocsp_answer_ref(e->answer);
			e->hits++;
			if (e != TAILQ_FIRST(&c->uses)) {
				TAILQ_REMOVE(&c->uses, e, use);
				TAILQ_INSERT_HEAD(&c->uses, e, use);
			}
		}
	}
	pthread_mutex_unlock(&c->lock);
	return a;
}

uint64_t
ocsp_cache_epoch(struct ocsp_cache *c)
{
	uint64_t epoch;

	pthread_mutex_lock(&c->lock);
	epoch = c->epoch;
	pthread_mutex_unlock(&c->lock);
	return epoch;
}

bool
ocsp_cache_put(struct ocsp_cache *c, const struct ocsp_cert_id *id, struct ocsp_answer *a,
    uint64_t epoch)
{
	struct entry *e, *old;
	uint64_t h;
	bool is_in;

	if (id->serial.len == 0 || (e = new_entry(id, a)) == NULL)
		return false;
	h = gh_siphash(c->key, id->serial.p, id->serial.len);
	pthread_mutex_lock(&c->lock);
	is_in = e->bytes <= c->max_bytes && !was_removed_since(c, h, epoch);
	if (is_in) {
		if ((old = find(c, h, id)) != NULL)
			drop(c, old);
		insert(c, h, e);
	}
	pthread_mutex_unlock(&c->lock);
	if (!is_in) {
		ocsp_answer_unref(e->answer);
		free(e);
	}
	return is_in;
}

void
ocsp_cache_remove(struct ocsp_cache *c, int64_t ca_id, const unsigned char *serial, size_t len)
{
	uint64_t h = gh_siphash(c->key, serial, len);
	struct entry *e, *next;

	pthread_mutex_lock(&c->lock);
	c->epoch++;
	c->removed[c->epoch % REMOVED_KEPT] = h;
	for (e = c->table[h & c->mask]; e != NULL; e = next) {
		next = e->chain;
		if (e->answer->ca_id == ca_id && e->serial_len == len &&
		    memcmp(e->cert_id + e->serial_at, serial, len) == 0)
			drop(c, e);
	}
	pthread_mutex_unlock(&c->lock);
}

void
ocsp_cache_flush(struct ocsp_cache *c)
{
	pthread_mutex_lock(&c->lock);
	c->flushed = ++c->epoch;
	c->removed[c->epoch % REMOVED_KEPT] = 0;
	drop_all(c);
	pthread_mutex_unlock(&c->lock);
}

size_t
ocsp_cache_due(struct ocsp_cache *c, int64_t now, unsigned min_hits, struct ocsp_due *out,
    size_t max)
{
	struct entry *e;
	size_t n = 0;

	pthread_mutex_lock(&c->lock);
	for (e = TAILQ_FIRST(&c->uses); e != NULL && n < max; e = TAILQ_NEXT(e, use)) {
		int64_t life = e->answer->next_update - e->answer->this_update;

		if (e->is_listed || e->answer->len == 0 || e->hits < min_hits ||
		    e->len > sizeof(out->cert_id) || now < e->answer->next_update - life / 4)
			continue;
		e->is_listed = true;
		out[n].ca_id = e->answer->ca_id;
		out[n].len = e->len;
		memcpy(out[n++].cert_id, e->cert_id, e->len);
	}
	pthread_mutex_unlock(&c->lock);
	return n;
}

struct ocsp_cache_size
ocsp_cache_size(struct ocsp_cache *c)
{
	struct ocsp_cache_size size;

	pthread_mutex_lock(&c->lock);
	size = c->size;
	pthread_mutex_unlock(&c->lock);
	return size;
}
