/*
 * What the threads of a worker that only watch have in common: they wait between two looks, and end
 * when they are told to. Any thread may call.
 */
#ifndef STOP_FLAG_H
#define STOP_FLAG_H

#include <pthread.h>
#include <stdbool.h>

struct stop_flag {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_set;
};

void stop_flag_init(struct stop_flag *f);
void stop_flag_destroy(struct stop_flag *f); /* no thread may wait any more */
void stop_flag_set(struct stop_flag *f);
/* Wait until it is set, seconds at most (0: just look); true when it is set. */
bool stop_flag_wait(struct stop_flag *f, int seconds);

/* Start a thread that takes no signal: those are for the event loop. 0, or the error of
 * pthread_create. */
int stop_flag_thread(pthread_t *thread, void *(*fn)(void *), void *arg);

#endif
