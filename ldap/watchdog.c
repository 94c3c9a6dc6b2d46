/* The thread that shuts sockets down at their deadline. See watchdog.h for why. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "timestamp.h"

#include "watchdog.h"

#define NEVER INT64_MAX

struct dir_watchdog {
	pthread_mutex_t lock; /* guards all below and every watch in the list */
	pthread_cond_t changed;
	pthread_t thread;
	struct dir_watch *list;
	int64_t wake; /* when the thread looks next */
	bool stop;
};

/* Shuts down what is late; returns the next deadline. Called with the lock held. */
static int64_t
bark(struct dir_watchdog *dog)
{
	int64_t now = gh_now_us(), next = NEVER;

	for (struct dir_watch *w = dog->list; w != NULL; w = w->next) {
		if (w->deadline == 0)
			continue;
		if (w->deadline > now) {
			if (w->deadline < next)
				next = w->deadline;
			continue;
		}
		w->deadline = 0;
		w->is_late = true;
		if (w->fd != -1)
			shutdown(w->fd, SHUT_RDWR);
	}
	return next;
}

static void *
watch(void *arg)
{
	struct dir_watchdog *dog = arg;
	struct timespec ts;

	pthread_mutex_lock(&dog->lock);
	while (!dog->stop) {
		dog->wake = bark(dog);
		if (dog->wake == NEVER) {
			pthread_cond_wait(&dog->changed, &dog->lock);
			continue;
		}
		ts.tv_sec = dog->wake / 1000000;
		ts.tv_nsec = dog->wake % 1000000 * 1000;
		pthread_cond_timedwait(&dog->changed, &dog->lock, &ts);
	}
	pthread_mutex_unlock(&dog->lock);
	return NULL;
}

static bool
init_locks(struct dir_watchdog *dog)
{
	pthread_condattr_t attr;
	bool ok;

	if (pthread_condattr_init(&attr) != 0)
		return false;
	/* gh_now_us is CLOCK_MONOTONIC */
	ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
	    pthread_cond_init(&dog->changed, &attr) == 0;
	pthread_condattr_destroy(&attr);
	if (!ok)
		return false;
	if (pthread_mutex_init(&dog->lock, NULL) != 0) {
		pthread_cond_destroy(&dog->changed);
		return false;
	}
	return true;
}

struct dir_watchdog *
dir_watchdog_new(void)
{
	struct dir_watchdog *dog = calloc(1, sizeof *dog);

	if (dog == NULL)
		return NULL;
	dog->wake = NEVER;
	if (!init_locks(dog)) {
		free(dog);
		return NULL;
	}
	if (pthread_create(&dog->thread, NULL, watch, dog) != 0) {
		pthread_cond_destroy(&dog->changed);
		pthread_mutex_destroy(&dog->lock);
		free(dog);
		return NULL;
	}
	return dog;
}

void
dir_watchdog_free(struct dir_watchdog *dog)
{
	if (dog == NULL)
		return;
	pthread_mutex_lock(&dog->lock);
	dog->stop = true;
	pthread_cond_signal(&dog->changed);
	pthread_mutex_unlock(&dog->lock);
	pthread_join(dog->thread, NULL);
	pthread_cond_destroy(&dog->changed);
	pthread_mutex_destroy(&dog->lock);
	free(dog);
}

void
dir_watch_add(struct dir_watchdog *dog, struct dir_watch *w)
{
	*w = (struct dir_watch){.dog = dog, .fd = -1};
	pthread_mutex_lock(&dog->lock);
	w->next = dog->list;
	w->prev = &dog->list;
	if (w->next != NULL)
		w->next->prev = &w->next;
	dog->list = w;
	pthread_mutex_unlock(&dog->lock);
}

void
dir_watch_remove(struct dir_watch *w)
{
	struct dir_watchdog *dog = w->dog;

	if (dog == NULL)
		return;
	pthread_mutex_lock(&dog->lock);
	*w->prev = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
	if (w->fd != -1)
		close(w->fd);
	*w = (struct dir_watch){.fd = -1};
	pthread_mutex_unlock(&dog->lock);
}

void
dir_watch_arm(struct dir_watch *w, int ms)
{
	struct dir_watchdog *dog = w->dog;

	pthread_mutex_lock(&dog->lock);
	w->deadline = gh_now_us() + (int64_t)ms * 1000;
	w->is_late = false;
	/* A thread that wakes too early only looks again: mostly no signal is needed. */
	if (w->deadline < dog->wake) {
		dog->wake = w->deadline;
		pthread_cond_signal(&dog->changed);
	}
	pthread_mutex_unlock(&dog->lock);
}

bool
dir_watch_disarm(struct dir_watch *w)
{
	bool is_late;

	pthread_mutex_lock(&w->dog->lock);
	w->deadline = 0;
	is_late = w->is_late;
	pthread_mutex_unlock(&w->dog->lock);
	return !is_late;
}

int
dir_watch_socket(struct dir_watch *w, int fd)
{
	int rc = 0;

	pthread_mutex_lock(&w->dog->lock);
	if (w->fd != -1)
		close(w->fd);
	w->fd = -1;
	if (fd != -1 && (w->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1)
		rc = -1;
	if (w->fd != -1 && w->is_late)
		shutdown(w->fd, SHUT_RDWR);
	pthread_mutex_unlock(&w->dog->lock);
	return rc;
}
