/*
 * The limiter: two tables (users, addresses) of small buckets. A key belongs to one bucket by a keyed
 * hash, so that nobody outside can choose keys that meet in one bucket; a full bucket gives up its oldest
 * window. A flood of names or addresses costs no memory and blocks nobody but itself: it can at most make
 * us forget.
 *
 * A window starts with the first failure. max_failures in it block the key until it ends.
 *
 * The tables lie in memory that workers forked later share, so that the bound holds for the node and not for
 * each worker. A worker may be killed while it holds the lock: the lock is robust, and a half-written slot is
 * no more than a wrong count.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/rand.h>

#include "digest.h"

#include "auth_limit.h"

#define BUCKETS 1024                     /* power of two */
#define WAYS 8                           /* keys of one bucket */
#define KEY_MAX 256                      /* bytes of a name that count */

struct slot {
	uint64_t key;                    /* keyed hash; 0 = free */
	int64_t start;
	int failures;
};

struct auth_limiter {
	pthread_mutex_t lock;            /* guards slot */
	int max_failures, window;
	unsigned char secret[32];
	struct slot slot[AUTH_LIMIT_KINDS][BUCKETS][WAYS];
};

static int
init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;
	int rc;

	if (pthread_mutexattr_init(&attr) != 0)
		return -1;
	rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) != 0 ||
	    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) != 0 || pthread_mutex_init(lock, &attr) != 0;
	pthread_mutexattr_destroy(&attr);
	return rc ? -1 : 0;
}

int
auth_limiter_new(int max_failures, int window_seconds, struct auth_limiter **out, struct gh_error *err)
{
	struct auth_limiter *l = mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*out = NULL;
	if (l == MAP_FAILED)
		return gh_fail(err, GH_E_NOMEM, "limiter");
	if (RAND_bytes(l->secret, sizeof(l->secret)) != 1 || init_lock(&l->lock) != 0) {
		munmap(l, sizeof(*l));
		return gh_fail(err, GH_E_INTERNAL, "limiter: no random numbers or no mutex");
	}
	l->max_failures = max_failures;
	l->window = window_seconds;
	*out = l;
	return 0;
}

void
auth_limiter_free(struct auth_limiter *l)
{
	if (l == NULL)
		return;
	pthread_mutex_destroy(&l->lock);
	munmap(l, sizeof(*l));
}

static void
lock_tables(struct auth_limiter *l)
{
	if (pthread_mutex_lock(&l->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&l->lock);
}

/* An IPv6 host owns its /64: one who can choose the other half must not start anew with each choice. */
static void
fold_address(const char *key, char out[KEY_MAX])
{
	struct in6_addr a;

	strncpy(out, key, KEY_MAX - 1);
	out[KEY_MAX - 1] = '\0';
	if (inet_pton(AF_INET6, out, &a) != 1)
		return;
	if (IN6_IS_ADDR_V4MAPPED(&a)) {
		inet_ntop(AF_INET, &a.s6_addr[12], out, KEY_MAX);
		return;
	}
	memset(&a.s6_addr[8], 0, 8);
	inet_ntop(AF_INET6, &a, out, KEY_MAX);
}

static void
fold_user(const char *key, char out[KEY_MAX])
{
	size_t i;

	for (i = 0; i < KEY_MAX - 1 && key[i] != '\0'; i++)
		out[i] = (char)tolower((unsigned char)key[i]);
	out[i] = '\0';
}

/* Never 0: that is a free slot. */
static uint64_t
hash_key(const struct auth_limiter *l, enum auth_limit_kind kind, const char *key)
{
	unsigned char mac[GH_DIGEST_MAX] = { 0 };
	char folded[KEY_MAX];
	uint64_t h;

	if (kind == AUTH_LIMIT_ADDRESS)
		fold_address(key, folded);
	else
		fold_user(key, folded);
	/* without memory all keys meet in one slot: stricter, not laxer */
	if (!gh_hmac(GH_SHA256, l->secret, sizeof(l->secret), folded, strlen(folded), mac))
		memset(mac, 0, sizeof(mac));
	memcpy(&h, mac, sizeof(h));
	return h != 0 ? h : 1;
}

/* The slot of a key whose window is still open, else NULL. */
static struct slot *
find_slot(struct auth_limiter *l, enum auth_limit_kind kind, uint64_t h, int64_t now)
{
	struct slot *bucket = l->slot[kind][h & (BUCKETS - 1)];

	for (int i = 0; i < WAYS; i++)
		if (bucket[i].key == h && now - bucket[i].start < l->window)
			return &bucket[i];
	return NULL;
}

/* A slot for a new window: the key's own ended one, a free one, or the oldest. */
static struct slot *
take_slot(struct auth_limiter *l, enum auth_limit_kind kind, uint64_t h)
{
	struct slot *bucket = l->slot[kind][h & (BUCKETS - 1)], *best = &bucket[0];

	for (int i = 0; i < WAYS; i++) {
		if (bucket[i].key == h || bucket[i].key == 0)
			return &bucket[i];
		if (bucket[i].start < best->start)
			best = &bucket[i];
	}
	return best;
}

static int
seconds_left(const struct auth_limiter *l, const struct slot *s, int64_t now)
{
	return (int)(s->start + l->window - now);
}

int
auth_limiter_wait(struct auth_limiter *l, enum auth_limit_kind kind, const char *key, int64_t now)
{
	const struct slot *s;
	uint64_t h;
	int wait = 0;

	if (l == NULL)
		return 0;
	h = hash_key(l, kind, key);
	lock_tables(l);
	s = find_slot(l, kind, h, now);
	if (s != NULL && s->failures >= l->max_failures)
		wait = seconds_left(l, s, now);
	pthread_mutex_unlock(&l->lock);
	return wait;
}

int
auth_limiter_fail(struct auth_limiter *l, enum auth_limit_kind kind, const char *key, int64_t now)
{
	struct slot *s;
	uint64_t h;
	int wait = 0;

	if (l == NULL)
		return 0;
	h = hash_key(l, kind, key);
	lock_tables(l);
	if ((s = find_slot(l, kind, h, now)) == NULL) {
		s = take_slot(l, kind, h);
		s->key = h;
		s->start = now;
		s->failures = 0;
	}
	if (s->failures < l->max_failures && ++s->failures == l->max_failures)
		wait = seconds_left(l, s, now);
	pthread_mutex_unlock(&l->lock);
	return wait;
}

void
auth_limiter_forget(struct auth_limiter *l, enum auth_limit_kind kind, const char *key)
{
	struct slot *bucket;
	uint64_t h;

	if (l == NULL)
		return;
	h = hash_key(l, kind, key);
	bucket = l->slot[kind][h & (BUCKETS - 1)];
	lock_tables(l);
	for (int i = 0; i < WAYS; i++)
		if (bucket[i].key == h)
			memset(&bucket[i], 0, sizeof(bucket[i]));
	pthread_mutex_unlock(&l->lock);
}
