/* All targets. See scan_run.h. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "timestamp.h"

#include "scan_run.h"

/* One that was probed, and is not taken yet. */
struct done {
	const struct scan_target *target;
	struct scan_result result;
	struct done *next;
};

struct scan {
	const struct scan_targets *targets;
	const struct scan_pace *pace;
	X509_STORE *trust;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next;     /* target */
	int64_t next_at; /* microseconds: when it may begin */
	int working;     /* threads */
	int waiting;     /* entries of first */
	bool ends;       /* no further target is begun */
	bool no_memory;
	struct done *first, **last;
};

static void
sleep_until(int64_t when)
{
	int64_t left = when - gh_now_us();
	struct timespec t = {left / 1000000, left % 1000000 * 1000};

	if (left > 0)
		while (nanosleep(&t, &t) != 0 && errno == EINTR)
			;
}

/* The next one, and when it may begin; NULL: there is none. Who probes waits for who takes. */
static const struct scan_target *
draw(struct scan *s, int64_t *at)
{
	const struct scan_target *t = NULL;

	pthread_mutex_lock(&s->lock);
	while (s->waiting > 2 * s->pace->parallel && !s->ends)
		pthread_cond_wait(&s->changed, &s->lock);
	if (!s->ends && s->next < s->targets->n) {
		int64_t now = gh_now_us();

		t = &s->targets->v[s->next++];
		*at = s->next_at > now ? s->next_at : now;
		s->next_at = *at + 1000000 / s->pace->rate;
	}
	pthread_mutex_unlock(&s->lock);
	return t;
}

static void *
work(void *arg)
{
	const struct scan_target *t;
	struct scan *s = arg;
	int64_t at = 0;

	while ((t = draw(s, &at)) != NULL) {
		struct done *d = calloc(1, sizeof(*d));

		if (d != NULL) {
			sleep_until(at);
			d->target = t;
			scan_probe(t, s->trust, s->pace->timeout, &d->result);
		}
		pthread_mutex_lock(&s->lock);
		if (d != NULL) {
			*s->last = d;
			s->last = &d->next;
			s->waiting++;
		} else {
			s->no_memory = s->ends = true;
		}
		pthread_cond_broadcast(&s->changed);
		pthread_mutex_unlock(&s->lock);
	}
	pthread_mutex_lock(&s->lock);
	s->working--;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* NULL: all is taken, and nobody works any more. */
static struct done *
await(struct scan *s)
{
	struct done *d;

	pthread_mutex_lock(&s->lock);
	if (s->pace->is_stopping != NULL && s->pace->is_stopping(s->pace->arg))
		s->ends = true;
	while (s->first == NULL && s->working > 0)
		pthread_cond_wait(&s->changed, &s->lock);
	d = s->first;
	if (d != NULL) {
		s->first = d->next;
		s->last = s->first != NULL ? s->last : &s->first;
		s->waiting--;
		pthread_cond_broadcast(&s->changed);
	}
	pthread_mutex_unlock(&s->lock);
	return d;
}

static void
end(struct scan *s)
{
	pthread_mutex_lock(&s->lock);
	s->ends = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

static int
take_all(struct scan *s, struct gh_error *err)
{
	struct done *d;
	int rc = 0;

	while ((d = await(s)) != NULL) {
		if (rc == 0 && (rc = s->pace->take(s->pace->arg, d->target, &d->result, err)) != 0)
			end(s);
		scan_result_clear(&d->result);
		free(d);
	}
	return rc == 0 && s->no_memory ? gh_fail(err, GH_E_NOMEM, "scan") : rc;
}

int
scan_run(const struct scan_targets *targets, X509_STORE *trust, const struct scan_pace *pace,
    struct gh_error *err)
{
	struct scan s = {.targets = targets,
	    .pace = pace,
	    .trust = trust,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .changed = PTHREAD_COND_INITIALIZER};
	pthread_t thread[SCAN_PARALLEL_MAX];
	int n = 0, rc;

	s.last = &s.first;
	pthread_mutex_lock(&s.lock);
	while (n < pace->parallel && (size_t)n < targets->n &&
	    pthread_create(&thread[n], NULL, work, &s) == 0) {
		n++;
		s.working++;
	}
	pthread_mutex_unlock(&s.lock);
	rc = n > 0 || targets->n == 0 ? take_all(&s, err) : gh_fail(err, GH_E_NOMEM, "threads");
	for (int i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	return rc;
}
