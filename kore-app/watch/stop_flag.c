/* Waiting that can be ended. */
#include <signal.h>
#include <time.h>

#include "stop_flag.h"

void
stop_flag_init(struct stop_flag *f)
{
	pthread_condattr_t monotonic;

	f->is_set = false;
	pthread_mutex_init(&f->lock, NULL);
	/* a clock that is set back must not prolong the wait */
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&f->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

void
stop_flag_destroy(struct stop_flag *f)
{
	pthread_cond_destroy(&f->wake);
	pthread_mutex_destroy(&f->lock);
}

void
stop_flag_set(struct stop_flag *f)
{
	pthread_mutex_lock(&f->lock);
	f->is_set = true;
	pthread_cond_broadcast(&f->wake);
	pthread_mutex_unlock(&f->lock);
}

bool
stop_flag_wait(struct stop_flag *f, int seconds)
{
	struct timespec until;
	bool is_set;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&f->lock);
	while (seconds > 0 && !f->is_set && pthread_cond_timedwait(&f->wake, &f->lock, &until) == 0)
		;
	is_set = f->is_set;
	pthread_mutex_unlock(&f->lock);
	return is_set;
}

int
stop_flag_thread(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}
