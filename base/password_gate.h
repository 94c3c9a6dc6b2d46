/*
 * A bound for hashing passwords: one check costs a fifth of a second of a processor, and many can
 * ask for one. At most GH_PASSWORD_RUNNING run at a time behind a gate, as many wait for them, and
 * further ones are refused. Safe in any thread.
 */
#ifndef GH_PASSWORD_GATE_H
#define GH_PASSWORD_GATE_H

#include <pthread.h>
#include <stdbool.h>

#define GH_PASSWORD_RUNNING 1
#define GH_PASSWORD_WAIT_MS 2000 /* longest wait of one that waits */

struct gh_password_gate {
	pthread_mutex_t lock; /* guards the counts */
	pthread_cond_t freed;
	int running, waiting;
};
#define GH_PASSWORD_GATE_INIT \
	{ \
		.lock = PTHREAD_MUTEX_INITIALIZER, .freed = PTHREAD_COND_INITIALIZER \
	}

/* false: too many. */
bool gh_password_gate_enter(struct gh_password_gate *g);
void gh_password_gate_leave(struct gh_password_gate *g);

#endif
