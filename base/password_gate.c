/* A bound for hashing passwords. See password_gate.h. */
#include <errno.h>
#include <time.h>

#include "password_gate.h"

static struct timespec
deadline(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += GH_PASSWORD_WAIT_MS / 1000;
	return t;
}

bool
gh_password_gate_enter(struct gh_password_gate *g)
{
	struct timespec end = deadline();
	int rc = 0;

	pthread_mutex_lock(&g->lock);
	if (g->running >= GH_PASSWORD_RUNNING) {
		if (g->waiting >= GH_PASSWORD_RUNNING)
			rc = EBUSY;
		g->waiting++;
		while (rc == 0 && g->running >= GH_PASSWORD_RUNNING)
			rc = pthread_cond_timedwait(&g->freed, &g->lock, &end);
		g->waiting--;
	}
	if (rc == 0)
		g->running++;
	pthread_mutex_unlock(&g->lock);
	return rc == 0;
}

void
gh_password_gate_leave(struct gh_password_gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->running--;
	pthread_cond_signal(&g->freed);
	pthread_mutex_unlock(&g->lock);
}
