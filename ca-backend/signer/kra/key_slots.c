/* How many RSA keys are made at a time. See key_slots.h. */
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "key_slots.h"

struct key_slots {
	sem_t free;
};

struct key_slots *
key_slots_new(void)
{
	struct key_slots *s = calloc(1, sizeof(*s));
	long n = sysconf(_SC_NPROCESSORS_ONLN) / 2;

	if (s != NULL && sem_init(&s->free, 0, n > 1 ? (unsigned)n : 1) != 0) {
		free(s);
		s = NULL;
	}
	return s;
}

void
key_slots_free(struct key_slots *s)
{
	if (s == NULL)
		return;
	sem_destroy(&s->free);
	free(s);
}

int
key_slots_take(struct key_slots *s, struct gh_error *err)
{
	struct timespec until;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += KEY_SLOT_SECONDS;
	while ((rc = sem_clockwait(&s->free, CLOCK_MONOTONIC, &until)) != 0 && errno == EINTR)
		;
	return rc == 0 ? 0
		       : gh_refuse(err, GH_E_BUSY,
			     "Too many RSA keys are being made. Try again in a few seconds.");
}

void
key_slots_give(struct key_slots *s)
{
	sem_post(&s->free);
}
