/* How many RSA keys are made at a time. See key_slots.h. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "key_slots.h"

struct key_slots {
	pthread_mutex_t lock;
	pthread_cond_t given;
	unsigned slots, taken;
	struct key_turn *turns; /* of those who have a slot or wait for one */
};

static bool
init_locks(struct key_slots *s)
{
	pthread_condattr_t attr;
	bool ok;

	if (pthread_condattr_init(&attr) != 0)
		return false;
	ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
	    pthread_cond_init(&s->given, &attr) == 0;
	pthread_condattr_destroy(&attr);
	return ok && pthread_mutex_init(&s->lock, NULL) == 0;
}

struct key_slots *
key_slots_new(void)
{
	struct key_slots *s = calloc(1, sizeof(*s));
	long n = sysconf(_SC_NPROCESSORS_ONLN) / 2;

	if (s == NULL || !init_locks(s)) {
		free(s);
		return NULL;
	}
	s->slots = n > 1 ? (unsigned)n : 1;
	return s;
}

void
key_slots_free(struct key_slots *s)
{
	if (s == NULL)
		return;
	pthread_cond_destroy(&s->given);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static unsigned
cost_under_way(const struct key_slots *s, const struct gh_der *owner)
{
	unsigned cost = 0;

	for (const struct key_turn *t = s->turns; t != NULL; t = t->next)
		if (gh_der_equals(&t->owner, owner->p, owner->len))
			cost += t->cost;
	return cost;
}

static void
take_out(struct key_slots *s, const struct key_turn *turn)
{
	struct key_turn **at = &s->turns;

	while (*at != NULL && *at != turn)
		at = &(*at)->next;
	if (*at != NULL)
		*at = turn->next;
}

/* false: none became free. */
static bool
wait_for_slot(struct key_slots *s)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += KEY_SLOT_SECONDS;
	while (s->taken >= s->slots && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&s->given, &s->lock, &until);
	return s->taken < s->slots;
}

int
key_slots_take(struct key_slots *s, struct key_turn *turn, struct gh_error *err)
{
	unsigned under_way;
	bool ok = false;

	pthread_mutex_lock(&s->lock);
	under_way = cost_under_way(s, &turn->owner);
	if (under_way == 0 || under_way + turn->cost <= s->slots * KEY_SLOT_COST_MAX) {
		turn->next = s->turns;
		s->turns = turn;
		ok = wait_for_slot(s);
		if (ok)
			s->taken++;
		else
			take_out(s, turn);
	}
	pthread_mutex_unlock(&s->lock);
	return ok ? 0
		  : gh_refuse(err, GH_E_BUSY,
			"Too many RSA keys are being made. Try again in a few seconds.");
}

void
key_slots_give(struct key_slots *s, struct key_turn *turn)
{
	pthread_mutex_lock(&s->lock);
	take_out(s, turn);
	s->taken--;
	pthread_cond_signal(&s->given);
	pthread_mutex_unlock(&s->lock);
}
