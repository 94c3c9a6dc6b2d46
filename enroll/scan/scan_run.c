/* All targets. See scan_run.h. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "timestamp.h"

#include "scan_run.h"

struct scan {
	const struct scan_targets *targets;
	const struct scan_pace *pace;
	X509_STORE *trust;
	pthread_mutex_t lock;
	size_t next;     /* target */
	int64_t next_at; /* microseconds: when it may begin */
	int rc;          /* of who is told; else 0 */
	struct gh_error why;
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

/* The next one, and when it may begin; NULL: there is none. */
static const struct scan_target *
draw(struct scan *s, int64_t *at)
{
	const struct scan_target *t = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->rc == 0 && s->next < s->targets->n) {
		int64_t now = gh_now_us();

		t = &s->targets->v[s->next++];
		*at = s->next_at > now ? s->next_at : now;
		s->next_at = *at + 1000000 / s->pace->rate;
	}
	pthread_mutex_unlock(&s->lock);
	return t;
}

/* r NULL: it is asked now. */
static bool
tell(struct scan *s, const struct scan_target *t, const struct scan_result *r)
{
	bool ok;

	pthread_mutex_lock(&s->lock);
	if (s->rc == 0)
		s->rc = r == NULL ? s->pace->begin(s->pace->arg, t, &s->why)
				  : s->pace->take(s->pace->arg, t, r, &s->why);
	ok = s->rc == 0;
	pthread_mutex_unlock(&s->lock);
	return ok;
}

static void *
work(void *arg)
{
	const struct scan_target *t;
	struct scan *s = arg;
	int64_t at = 0;

	while ((t = draw(s, &at)) != NULL) {
		struct scan_result r;

		sleep_until(at);
		if (!tell(s, t, NULL))
			break;
		scan_probe(t, s->trust, s->pace->timeout, &r);
		(void)tell(s, t, &r);
		scan_result_clear(&r);
	}
	return NULL;
}

int
scan_run(const struct scan_targets *targets, X509_STORE *trust, const struct scan_pace *pace,
    struct gh_error *err)
{
	struct scan s = {.targets = targets,
	    .pace = pace,
	    .trust = trust,
	    .lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t thread[SCAN_PARALLEL_MAX];
	int n = 0;

	while (n < pace->parallel && (size_t)n < targets->n &&
	    pthread_create(&thread[n], NULL, work, &s) == 0)
		n++;
	for (int i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	if (n == 0 && targets->n > 0)
		return gh_fail(err, GH_E_NOMEM, "threads");
	if (s.rc != 0)
		*err = s.why;
	return s.rc;
}
