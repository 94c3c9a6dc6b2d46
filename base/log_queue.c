/* See log_queue.h. The queue is a ring of whole lines. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log_queue.h"

#define RING_BYTES (256 * 1024)              /* some 800 usual lines */
#define RING_BYTES_INFO (RING_BYTES / 4 * 3) /* what is left then is for warnings and errors */
#define STACK_BYTES (64 * 1024)
#define CRASH_STEP_MS 5

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all that is not atomic */
static pthread_cond_t drained = PTHREAD_COND_INITIALIZER;
static sem_t wake; /* of the thread: a signal handler can post it, too */
static bool is_started, has_thread;
static bool is_asleep; /* the thread waits for wake, or is about to */
static char ring[RING_BYTES];
static size_t first;          /* of what is queued */
static _Atomic size_t queued; /* bytes that are not written yet; a crash handler reads it */
static _Atomic uint64_t lost;
static uint64_t lost_told;         /* how many of them a line has told of */
static _Thread_local bool is_held; /* see gh_log_hold */

/* --- the thread ------------------------------------------------------------------------------- */

/* Blocks as long as it takes. False: nobody will ever read it. */
static bool
write_all(const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, p, len);

		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			/* somebody else has made it non-blocking */
			struct pollfd wait = {.fd = STDERR_FILENO, .events = POLLOUT};

			if (poll(&wait, 1, -1) < 0 && errno != EINTR)
				return false;
		} else if (n == 0 || errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* As many whole lines as fit into out; they stay queued. */
static size_t
take_lines(char out[GH_LOG_LINE_MAX])
{
	size_t n = queued < GH_LOG_LINE_MAX ? queued : GH_LOG_LINE_MAX,
	       part = n < RING_BYTES - first ? n : RING_BYTES - first;

	memcpy(out, ring + first, part);
	memcpy(out + part, ring, n - part);
	while (n > 0 && out[n - 1] != '\n')
		n--;
	return n;
}

static void
tell_lost(void)
{
	char line[GH_LOG_LINE_MAX];
	uint64_t now = atomic_load(&lost), n = now - lost_told;

	if (n == 0)
		return;
	lost_told = now;
	pthread_mutex_unlock(&lock);
	write_all(line, gh_log_lost_line(n, line));
	pthread_mutex_lock(&lock);
}

/* With the lock held; without it while nothing is to be done. */
static void
sleep_until_woken(void)
{
	pthread_cond_broadcast(&drained);
	is_asleep = true;
	pthread_mutex_unlock(&lock);
	(void)sem_wait(&wake); /* woken for nothing: the caller looks again */
	pthread_mutex_lock(&lock);
	is_asleep = false;
}

static void *
write_lines(void *arg)
{
	char out[GH_LOG_LINE_MAX];
	size_t n;

	(void)arg;
	pthread_mutex_lock(&lock);
	for (;;) {
		while (queued == 0) {
			tell_lost();
			if (queued == 0)
				sleep_until_woken();
		}
		n = take_lines(out);
		pthread_mutex_unlock(&lock);
		/* what cannot be written is gone: there is nowhere to say so */
		write_all(out, n);
		pthread_mutex_lock(&lock);
		first = (first + n) % RING_BYTES;
		queued -= n;
		tell_lost();
	}
	return NULL;
}

/* With the lock held. Signals are the host's affair, SIGPIPE becomes an error of write. */
static void
start_thread(void)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;

	if (sem_init(&wake, 0, 0) != 0 || pthread_attr_init(&attr) != 0)
		return;
	is_asleep = false;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	has_thread = pthread_create(&thread, &attr, write_lines, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
}

/* --- lines come in ---------------------------------------------------------------------------- */

/* With the lock held. */
static void
wake_thread(void)
{
	if (!is_asleep)
		return;
	is_asleep = false;
	sem_post(&wake);
}

static void
put(const char *line, size_t len)
{
	size_t end = (first + queued) % RING_BYTES,
	       part = len < RING_BYTES - end ? len : RING_BYTES - end;

	memcpy(ring + end, line, part);
	memcpy(ring, line + part, len - part);
	queued += len;
}

bool
gh_log_queue_put(enum gh_log_level level, const char *line, size_t len)
{
	size_t room = level <= GH_LOG_WARN ? RING_BYTES : RING_BYTES_INFO;

	pthread_mutex_lock(&lock);
	if (is_started && !has_thread)
		start_thread();
	if (!is_started || !has_thread) {
		pthread_mutex_unlock(&lock);
		return false;
	}
	if (queued + len <= room)
		put(line, len);
	else
		atomic_fetch_add(&lost, 1);
	if (!is_held || level <= GH_LOG_WARN)
		wake_thread();
	pthread_mutex_unlock(&lock);
	return true;
}

void
gh_log_hold(void)
{
	is_held = true;
}

void
gh_log_release(void)
{
	is_held = false;
	pthread_mutex_lock(&lock);
	if (queued > 0)
		wake_thread();
	pthread_mutex_unlock(&lock);
}

uint64_t
gh_log_lost(void)
{
	return atomic_load(&lost);
}

/* --- the end ---------------------------------------------------------------------------------- */

bool
gh_log_flush(int ms)
{
	struct timespec until;
	bool is_done;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&lock);
	wake_thread();
	while (has_thread && queued > 0 &&
	    pthread_cond_clockwait(&drained, &lock, CLOCK_MONOTONIC, &until) == 0)
		;
	is_done = queued == 0;
	pthread_mutex_unlock(&lock);
	return is_done;
}

static void
flush_at_exit(void)
{
	(void)!gh_log_flush(GH_LOG_END_MS);
}

/* The writer goes on while the thread that has crashed waits here. No lock: that thread may hold
 * it. System calls: what the filters of signer and worker allow. */
static void
on_crash(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (atomic_load(&queued) > 0)
		(void)sem_post(&wake);
	for (int ms = 0; ms < GH_LOG_END_MS && atomic_load(&queued) > 0; ms += CRASH_STEP_MS)
		(void)!poll(NULL, 0, CRASH_STEP_MS);
	/* a fault comes again, and meets the default; a signal that was sent would be lost */
	if (info->si_code <= 0)
		raise(sig);
}

static void
catch_crashes(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	struct sigaction sa,
	    ours = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESETHAND};

	sigemptyset(&ours.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		/* a sanitizer has its own */
		if (sigaction(signals[i], NULL, &sa) == 0 && sa.sa_handler == SIG_DFL)
			sigaction(signals[i], &ours, NULL);
}

/* --- processes -------------------------------------------------------------------------------- */

static void
before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void
after_fork_in_parent(void)
{
	pthread_mutex_unlock(&lock);
}

/* The parent's thread writes what the parent has queued; this process begins with nothing. */
static void
after_fork_in_child(void)
{
	pthread_mutex_init(&lock, NULL);
	pthread_cond_init(&drained, NULL);
	has_thread = is_asleep = is_held = false;
	first = 0;
	queued = 0;
	lost = lost_told = 0;
}

void
gh_log_start(void)
{
	pthread_mutex_lock(&lock);
	if (is_started) {
		pthread_mutex_unlock(&lock);
		return;
	}
	is_started = true;
	pthread_mutex_unlock(&lock);
	if (pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) != 0 ||
	    atexit(flush_at_exit) != 0)
		gh_log(GH_LOG_WARN, "log: the last lines may be lost at the end");
	catch_crashes();
}
