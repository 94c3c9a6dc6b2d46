/* The CAs a signer has loaded. The lock guards the slots only: nothing is computed under it. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "issuer_table.h"
#include "timestamp.h"

struct slot {
	struct issuer *ca;
	struct issuer *open;  /* ca with its key, while it is unlocked; else NULL */
	int64_t until_uptime; /* seconds since boot, suspended ones too: when open ends */
	int64_t until;        /* the same for people, UTC seconds */
};

struct issuer_table {
	pthread_rwlock_t lock;
	size_t n;
	struct slot slot[SIGNER_ISSUERS_MAX];
};

struct issuer_table *
issuer_table_new(void)
{
	struct issuer_table *t = calloc(1, sizeof(*t));

	if (t != NULL && pthread_rwlock_init(&t->lock, NULL) != 0) {
		free(t);
		t = NULL;
	}
	return t;
}

void
issuer_table_free(struct issuer_table *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++) {
		issuer_unref(t->slot[i].ca);
		issuer_unref(t->slot[i].open);
	}
	pthread_rwlock_destroy(&t->lock);
	free(t);
}

/* Slot of an id; t->n when it is not there. */
static size_t
find(const struct issuer_table *t, const unsigned char ca_id[SIGNER_CA_ID_SIZE])
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (memcmp(t->slot[i].ca->ca_id, ca_id, SIGNER_CA_ID_SIZE) == 0)
			break;
	}
	return i;
}

/* No clock that anybody sets: an unlocked key must not live longer when the time is put back. */
static int64_t
uptime(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts) != 0)
		return INT64_MAX; /* everything is over */
	return ts.tv_sec;
}

static bool
is_open(const struct slot *slot)
{
	return slot->open != NULL && uptime() < slot->until_uptime;
}

static bool
have_same_key(const struct issuer *a, const struct issuer *b)
{
	return a->spki.len == b->spki.len && memcmp(a->spki.data, b->spki.data, a->spki.len) == 0;
}

/* Whoever has kept a record from before a change of limits or password must get nothing for it. */
static const char *
why_not(const struct issuer_table *t, const struct issuer *ca)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct issuer *other = t->slot[i].ca;

		if (memcmp(other->ca_id, ca->ca_id, SIGNER_CA_ID_SIZE) == 0 &&
		    ca->revision < other->revision)
			return "a newer record of this CA is loaded";
		if (memcmp(other->ca_id, ca->ca_id, SIGNER_CA_ID_SIZE) == 0 &&
		    ca->kind != other->kind)
			return "this key is loaded for another purpose";
		if (have_same_key(other, ca) && ca->revision <= other->revision &&
		    other->has_password && !ca->has_password)
			return "a record of this key with a password is loaded";
	}
	return NULL;
}

int
issuer_table_check(struct issuer_table *t, const struct issuer *ca, struct gh_error *err)
{
	const char *why;

	pthread_rwlock_rdlock(&t->lock);
	why = why_not(t, ca);
	pthread_rwlock_unlock(&t->lock);
	return why == NULL ? 0 : gh_fail(err, GH_E_CONFLICT, "%s", why);
}

static void
swap(struct issuer **a, struct issuer **b)
{
	struct issuer *t = *a;

	*a = *b;
	*b = t;
}

/* What is to be given up is left in *ca and *open. */
static void
put(struct issuer_table *t, size_t i, struct issuer **ca, struct issuer **open)
{
	struct slot *slot = &t->slot[i];
	bool was_open;

	if (i == t->n) {
		*slot = (struct slot){.ca = *ca};
		*ca = NULL;
		t->n++;
		return;
	}
	if (memcmp(slot->ca->record_hash, (*ca)->record_hash, sizeof((*ca)->record_hash)) == 0)
		return;
	was_open = is_open(slot);
	swap(&slot->ca, ca);
	swap(&slot->open, open);
	if (!was_open && slot->open != NULL) { /* its time was over meanwhile */
		issuer_unref(slot->open);
		slot->open = NULL;
	}
}

/* One more that is put out by ca; NULL when there is none. */
static struct issuer *
take_weaker(struct issuer_table *t, const struct issuer *ca)
{
	struct issuer *found = NULL;
	size_t i;

	pthread_rwlock_wrlock(&t->lock);
	for (i = 0; i < t->n && found == NULL; i++) {
		const struct issuer *other = t->slot[i].ca;

		if (other->has_password || other->revision > ca->revision ||
		    !have_same_key(other, ca))
			continue;
		found = t->slot[i].ca;
		t->slot[i] = t->slot[--t->n];
	}
	pthread_rwlock_unlock(&t->lock);
	return found;
}

/* A full table gives up the OCSP signer that ends first: there is a new one for each CA every few
 * weeks, and whoever still uses an old one loads it again. CAs stay. NULL: there is none. */
static struct issuer *
take_oldest_responder(struct issuer_table *t)
{
	struct issuer *oldest = NULL;
	size_t i, at = 0;

	for (i = 0; i < t->n; i++) {
		struct issuer *other = t->slot[i].ca;

		if (other->kind != ISSUER_OCSP ||
		    (oldest != NULL && oldest->not_after <= other->not_after))
			continue;
		oldest = other;
		at = i;
	}
	if (oldest != NULL)
		t->slot[at] = t->slot[--t->n];
	return oldest;
}

int
issuer_table_put(struct issuer_table *t, struct issuer *ca, struct issuer *reopened,
    struct gh_error *err)
{
	struct issuer *mine = issuer_ref(ca), *weaker, *oldest = NULL;
	const char *why;
	size_t i;

	pthread_rwlock_wrlock(&t->lock);
	i = find(t, ca->ca_id);
	why = why_not(t, ca);
	if (why == NULL && i == SIGNER_ISSUERS_MAX && (oldest = take_oldest_responder(t)) != NULL)
		i = t->n;
	if (why == NULL && i < SIGNER_ISSUERS_MAX)
		put(t, i, &ca, &reopened);
	pthread_rwlock_unlock(&t->lock);
	issuer_unref(oldest);
	while (why == NULL && mine->has_password && (weaker = take_weaker(t, mine)) != NULL)
		issuer_unref(weaker);
	issuer_unref(mine);
	issuer_unref(ca);
	issuer_unref(reopened);
	if (why != NULL)
		return gh_fail(err, GH_E_CONFLICT, "%s", why);
	return i < SIGNER_ISSUERS_MAX
	    ? 0
	    : gh_fail(err, GH_E_BUSY, "more than %d CAs loaded", SIGNER_ISSUERS_MAX);
}

struct issuer *
issuer_table_get(struct issuer_table *t, const unsigned char ca_id[SIGNER_CA_ID_SIZE])
{
	struct issuer *ca = NULL;
	size_t i;

	pthread_rwlock_rdlock(&t->lock);
	i = find(t, ca_id);
	if (i < t->n)
		ca = issuer_ref(is_open(&t->slot[i]) ? t->slot[i].open : t->slot[i].ca);
	pthread_rwlock_unlock(&t->lock);
	return ca;
}

/* --- unlocking -------------------------------------------------------------------------------- */

int
issuer_table_unlock(struct issuer_table *t, struct issuer *open, uint32_t seconds, int64_t *until,
    struct gh_error *err)
{
	struct slot *slot;
	bool ok;
	size_t i;

	pthread_rwlock_wrlock(&t->lock);
	i = find(t, open->ca_id);
	slot = &t->slot[i < t->n ? i : 0];
	ok = i < t->n &&
	    memcmp(slot->ca->record_hash, open->record_hash, sizeof(open->record_hash)) == 0;
	if (ok) {
		struct issuer *old = slot->open;

		slot->open = open;
		open = old;
		slot->until_uptime = uptime() + seconds;
		slot->until = *until = gh_now() + seconds;
	}
	pthread_rwlock_unlock(&t->lock);
	issuer_unref(open);
	return ok ? 0 : gh_fail(err, GH_E_CONFLICT, "another record of this CA was loaded");
}

int
issuer_table_lock(struct issuer_table *t, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    struct gh_error *err)
{
	struct issuer *open = NULL;
	bool has_password = true;
	size_t i;

	pthread_rwlock_wrlock(&t->lock);
	i = find(t, ca_id);
	if (i < t->n) {
		has_password = t->slot[i].ca->has_password;
		open = t->slot[i].open;
		t->slot[i].open = NULL;
	}
	pthread_rwlock_unlock(&t->lock);
	issuer_unref(open);
	return has_password ? 0 : gh_fail(err, GH_E_CONFLICT, "the key of the CA has no password");
}

void
issuer_table_state(struct issuer_table *t, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    struct signer_ca_state *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	pthread_rwlock_rdlock(&t->lock);
	i = find(t, ca_id);
	if (i < t->n) {
		out->is_loaded = true;
		out->has_password = t->slot[i].ca->has_password;
		out->is_unlocked = is_open(&t->slot[i]);
		out->unlocked_until = out->is_unlocked ? t->slot[i].until : 0;
	}
	pthread_rwlock_unlock(&t->lock);
}

void
issuer_table_expire(struct issuer_table *t)
{
	struct issuer *over;
	size_t i;

	do {
		over = NULL;
		pthread_rwlock_wrlock(&t->lock);
		for (i = 0; i < t->n && over == NULL; i++) {
			if (t->slot[i].open == NULL || is_open(&t->slot[i]))
				continue;
			over = t->slot[i].open;
			t->slot[i].open = NULL;
		}
		pthread_rwlock_unlock(&t->lock);
		issuer_unref(over);
	} while (over != NULL);
}
