/*
 * The limiter: one table for each kind of key, of small buckets. A key belongs to one bucket by a
 * keyed hash, so that nobody outside can choose keys that meet in one bucket; a full bucket gives
 * up its oldest window. A flood of names or addresses costs no memory and blocks nobody but itself:
 * it can at most make us forget.
 *
 * A window starts with the first failure.
 *
 * The tables lie in memory that workers forked later share, so that the bound holds for the node
 * and not for each worker. A worker may be killed while it holds the lock: the lock is robust, and
 * a half-written slot is no more than a wrong count.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/rand.h>

#include "digest.h"
#include "timestamp.h"

#include "auth_limit.h"

#define BUCKETS 1024 /* power of two */
#define WAYS 8       /* keys of one bucket */
#define USER_MAX 256 /* bytes of a name that count */
#define KEY_MAX (USER_MAX + INET6_ADDRSTRLEN + 64)

enum kind { PAIR, USER, ADDRESS, GOOD, AUDIT, ENDED, KINDS };

struct slot {
	uint64_t key;        /* keyed hash; 0 = free */
	int64_t start, last; /* first and last failure of the window; of GOOD: the last success */
	int failures;
	char user[AUTH_LIMIT_LABEL], address[AUTH_LIMIT_LABEL];
};

struct auth_limiter {
	pthread_mutex_t lock; /* guards slot */
	int failures, window;
	unsigned char secret[32];
	struct slot slot[KINDS][BUCKETS][WAYS];
};

static int
init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;
	int rc;

	if (pthread_mutexattr_init(&attr) != 0)
		return -1;
	rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) != 0 ||
	    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) != 0 ||
	    pthread_mutex_init(lock, &attr) != 0;
	pthread_mutexattr_destroy(&attr);
	return rc ? -1 : 0;
}

int
auth_limiter_new(int failures, int window_seconds, struct auth_limiter **out, struct gh_error *err)
{
	struct auth_limiter *l =
	    mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*out = NULL;
	if (l == MAP_FAILED)
		return gh_fail(err, GH_E_NOMEM, "limiter");
	if (RAND_bytes(l->secret, sizeof(l->secret)) != 1 || init_lock(&l->lock) != 0) {
		munmap(l, sizeof(*l));
		return gh_fail(err, GH_E_INTERNAL, "limiter: no random numbers or no mutex");
	}
	l->failures = failures;
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

/* --- keys ------------------------------------------------------------------------------------- */

/* What is counted under one key. */
struct key {
	enum kind kind; /* which table: no part of the hash */
	char user[USER_MAX], address[INET6_ADDRSTRLEN + 64];
	uint64_t hash; /* never 0: that is a free slot */
};

/* An IPv6 host owns its /64: one who can choose the other half must not start anew with each
 * choice. */
static void
fold_address(const char *text, char *out, size_t size)
{
	struct in6_addr a;

	snprintf(out, size, "%s", text);
	if (inet_pton(AF_INET6, out, &a) != 1)
		return;
	if (IN6_IS_ADDR_V4MAPPED(&a)) {
		inet_ntop(AF_INET, &a.s6_addr[12], out, (socklen_t)size);
		return;
	}
	memset(&a.s6_addr[8], 0, 8);
	inet_ntop(AF_INET6, &a, out, (socklen_t)size);
}

static void
fold_user(const char *text, char *out, size_t size)
{
	size_t i;

	for (i = 0; i < size - 1 && text[i] != '\0'; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	out[i] = '\0';
}

/* user or address NULL: not part of the key. */
static void
make_key(const struct auth_limiter *l, enum kind kind, const char *user, const char *address,
    struct key *k)
{
	unsigned char mac[GH_DIGEST_MAX] = {0};
	char text[KEY_MAX];
	int n;

	memset(k, 0, sizeof(*k));
	k->kind = kind;
	if (user != NULL)
		fold_user(user, k->user, sizeof(k->user));
	if (address != NULL)
		fold_address(address, k->address, sizeof(k->address));
	n = snprintf(text, sizeof(text), "%s\n%s", k->address, k->user);
	/* without memory all keys meet in one slot: stricter, not laxer */
	if (!gh_hmac(GH_SHA256, l->secret, sizeof(l->secret), text, (size_t)n, mac))
		memset(mac, 0, sizeof(mac));
	memcpy(&k->hash, mac, sizeof(k->hash));
	if (k->hash == 0)
		k->hash = 1;
}

/* --- slots ------------------------------------------------------------------------------------ */

/* How many failures block a key. */
static int
limit_of(const struct auth_limiter *l, enum kind kind)
{
	return kind == USER || kind == ADDRESS ? l->failures * AUTH_LIMIT_FACTOR : l->failures;
}

static bool
is_open(const struct auth_limiter *l, enum kind kind, const struct slot *s, int64_t now)
{
	bool is_long = kind == GOOD || kind == ENDED;

	return s->key != 0 && now - s->start < (is_long ? AUTH_LIMIT_GOOD_SECONDS : l->window);
}

/* The slot of a key whose window is still open, else NULL. */
static struct slot *
find_slot(struct auth_limiter *l, const struct key *k, int64_t now)
{
	struct slot *bucket = l->slot[k->kind][k->hash & (BUCKETS - 1)];

	for (int i = 0; i < WAYS; i++)
		if (bucket[i].key == k->hash && is_open(l, k->kind, &bucket[i], now))
			return &bucket[i];
	return NULL;
}

/* A slot for a new window: the key's own ended one, a free one, or the oldest. */
static struct slot *
take_slot(struct auth_limiter *l, const struct key *k, int64_t now)
{
	struct slot *bucket = l->slot[k->kind][k->hash & (BUCKETS - 1)], *best = &bucket[0];

	for (int i = 0; i < WAYS; i++) {
		if (bucket[i].key == k->hash || bucket[i].key == 0) {
			best = &bucket[i];
			break;
		}
		if (bucket[i].start < best->start)
			best = &bucket[i];
	}
	memset(best, 0, sizeof(*best));
	best->key = k->hash;
	best->start = now;
	snprintf(best->user, sizeof(best->user), "%.*s", AUTH_LIMIT_LABEL - 1, k->user);
	snprintf(best->address, sizeof(best->address), "%.*s", AUTH_LIMIT_LABEL - 1, k->address);
	return best;
}

/* A user whom somebody tries from many places is slowed down, never locked out. */
static int
seconds_left(const struct auth_limiter *l, enum kind kind, const struct slot *s, int64_t now)
{
	int64_t step = l->window / l->failures > 0 ? l->window / l->failures : 1;
	int64_t left = kind == USER ? s->last + step - now : s->start + l->window - now;

	return s->failures >= limit_of(l, kind) && left > 0 ? (int)left : 0;
}

static int
wait_of(struct auth_limiter *l, const struct key *k, int64_t now)
{
	const struct slot *s;
	int wait;

	lock_tables(l);
	s = find_slot(l, k, now);
	wait = s != NULL ? seconds_left(l, k->kind, s, now) : 0;
	pthread_mutex_unlock(&l->lock);
	return wait;
}

/* Returns the number of failures in the window; *block: seconds when this one reached the limit,
 * else 0. */
static int
count(struct auth_limiter *l, const struct key *k, int64_t now, int *block)
{
	int limit = limit_of(l, k->kind), n;
	struct slot *s;

	lock_tables(l);
	if ((s = find_slot(l, k, now)) == NULL)
		s = take_slot(l, k, now);
	s->last = now;
	*block = 0;
	if (s->failures < limit && ++s->failures == limit)
		*block = seconds_left(l, k->kind, s, now);
	else if (s->failures >= limit && k->kind == USER)
		s->start = now; /* the pressure goes on */
	n = s->failures;
	pthread_mutex_unlock(&l->lock);
	return n;
}

/* --- what auth asks --------------------------------------------------------------------------- */

int
auth_limiter_wait_address(struct auth_limiter *l, const char *address, int64_t now)
{
	struct key k;

	if (l == NULL)
		return 0;
	make_key(l, ADDRESS, NULL, address, &k);
	return wait_of(l, &k, now);
}

/* k: of user and address, whatever its kind. */
static bool
is_good(struct auth_limiter *l, struct key *k, int64_t now)
{
	bool found;

	k->kind = GOOD;
	lock_tables(l);
	found = find_slot(l, k, now) != NULL;
	pthread_mutex_unlock(&l->lock);
	return found;
}

bool
auth_limiter_is_good(struct auth_limiter *l, const char *user, const char *address, int64_t now)
{
	struct key k;

	if (l == NULL)
		return false;
	make_key(l, GOOD, user, address, &k);
	return is_good(l, &k, now);
}

int
auth_limiter_wait_user(struct auth_limiter *l, const char *user, const char *address, int64_t now)
{
	struct key k;
	int wait;

	if (l == NULL)
		return 0;
	make_key(l, PAIR, user, address, &k);
	if ((wait = wait_of(l, &k, now)) != 0 || is_good(l, &k, now))
		return wait;
	make_key(l, USER, user, NULL, &k);
	return wait_of(l, &k, now);
}

int
auth_limiter_check_user(struct auth_limiter *l, const char *user, const char *address,
    struct gh_error *err)
{
	int wait = auth_limiter_wait_user(l, user, address, gh_now_us() / 1000000), rc;

	if (wait == 0)
		return 0;
	rc = gh_fail(err, GH_E_RATE_LIMITED, "user is blocked for %d s", wait);
	if (err != NULL)
		err->retry_after = wait;
	return rc;
}

int
auth_limiter_fail_address(struct auth_limiter *l, const char *address, int64_t now)
{
	struct key k;
	int block;

	if (l == NULL)
		return 0;
	make_key(l, ADDRESS, NULL, address, &k);
	(void)count(l, &k, now, &block);
	return block;
}

int
auth_limiter_fail_user(struct auth_limiter *l, const char *user, const char *address, int64_t now)
{
	int pair, anywhere;
	struct key k;

	if (l == NULL)
		return 0;
	make_key(l, PAIR, user, address, &k);
	(void)count(l, &k, now, &pair);
	make_key(l, USER, user, NULL, &k);
	(void)count(l, &k, now, &anywhere);
	return pair > anywhere ? pair : anywhere;
}

bool
auth_limiter_may_audit(struct auth_limiter *l, const char *subject, const char *address,
    int64_t now)
{
	struct key k;
	int block;

	if (l == NULL)
		return true;
	make_key(l, AUDIT, subject, address, &k);
	return count(l, &k, now, &block) < l->failures || block > 0;
}

static void
forget(struct auth_limiter *l, const struct key *k)
{
	struct slot *bucket = l->slot[k->kind][k->hash & (BUCKETS - 1)];

	for (int i = 0; i < WAYS; i++)
		if (bucket[i].key == k->hash)
			memset(&bucket[i], 0, sizeof(bucket[i]));
}

void
auth_limiter_succeed(struct auth_limiter *l, const char *user, const char *address, int64_t now)
{
	struct key k;

	if (l == NULL)
		return;
	make_key(l, PAIR, user, address, &k);
	lock_tables(l);
	forget(l, &k);
	k.kind = GOOD;
	(void)take_slot(l, &k, now);
	pthread_mutex_unlock(&l->lock);
}

void
auth_limiter_end_session(struct auth_limiter *l, const char *session, int64_t now)
{
	struct key k;

	if (l == NULL)
		return;
	make_key(l, ENDED, session, NULL, &k);
	lock_tables(l);
	(void)take_slot(l, &k, now);
	pthread_mutex_unlock(&l->lock);
}

bool
auth_limiter_has_ended(struct auth_limiter *l, const char *session, int64_t now)
{
	struct key k;
	bool found;

	if (l == NULL)
		return false;
	make_key(l, ENDED, session, NULL, &k);
	lock_tables(l);
	found = find_slot(l, &k, now) != NULL;
	pthread_mutex_unlock(&l->lock);
	return found;
}

/* As it is listed, or without the domain. */
static bool
is_user(const char *label, const char *folded)
{
	const char *account = strchr(label, '\\');

	return strcmp(label, folded) == 0 || (account != NULL && strcmp(account + 1, folded) == 0);
}

/* --- what administrators ask ------------------------------------------------------------------ */

static void
fill_row(const struct auth_limiter *l, enum kind kind, const struct slot *s, int64_t now,
    struct auth_limit_row *out)
{
	memcpy(out->user, s->user, sizeof(out->user));
	memcpy(out->address, s->address, sizeof(out->address));
	out->failures = s->failures;
	out->wait = seconds_left(l, kind, s, now);
}

static int
by_wait(const void *a, const void *b)
{
	const struct auth_limit_row *x = a, *y = b;

	return x->wait != y->wait ? (x->wait < y->wait ? 1 : -1)
				  : (x->failures < y->failures) - (x->failures > y->failures);
}

size_t
auth_limiter_list(struct auth_limiter *l, int64_t now, struct auth_limit_row *out, size_t max)
{
	size_t n = 0;

	if (l == NULL)
		return 0;
	lock_tables(l);
	/* twice, so that blocked ones have the room */
	for (int blocked = 1; blocked >= 0; blocked--) {
		for (size_t i = 0; i < (ADDRESS + 1) * BUCKETS * WAYS; i++) {
			enum kind kind = (enum kind)(i / (BUCKETS * WAYS));
			const struct slot *s = &l->slot[kind][i / WAYS % BUCKETS][i % WAYS];

			if (!is_open(l, kind, s, now) ||
			    (seconds_left(l, kind, s, now) > 0) != blocked)
				continue;
			if (n < max)
				fill_row(l, kind, s, now, &out[n]);
			n++;
		}
	}
	pthread_mutex_unlock(&l->lock);
	qsort(out, n < max ? n : max, sizeof(*out), by_wait);
	return n;
}

size_t
auth_limiter_clear(struct auth_limiter *l, const char *user, const char *address)
{
	char folded_user[AUTH_LIMIT_LABEL] = "", folded[INET6_ADDRSTRLEN + 64] = "";
	size_t n = 0;

	if (l == NULL)
		return 0;
	if (user != NULL)
		fold_user(user, folded_user, sizeof(folded_user));
	if (address != NULL)
		fold_address(address, folded, sizeof(folded));
	lock_tables(l);
	for (size_t i = 0; i < (ADDRESS + 1) * BUCKETS * WAYS; i++) {
		struct slot *s = &l->slot[i / (BUCKETS * WAYS)][i / WAYS % BUCKETS][i % WAYS];

		if (s->key == 0 || (user != NULL && !is_user(s->user, folded_user)) ||
		    (address != NULL && strcmp(s->address, folded) != 0))
			continue;
		memset(s, 0, sizeof(*s));
		n++;
	}
	pthread_mutex_unlock(&l->lock);
	return n;
}
