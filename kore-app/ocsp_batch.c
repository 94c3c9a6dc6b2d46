/*
 * OCSP requests that need a signature travel to the pool in batches: while the threads that serve
 * them are at work, what comes in is gathered, and goes with the next one that is free. So the
 * hand-over between processes is paid once for many when there are many, and nobody waits when
 * there are few.
 */
#include <stdio.h>

#include "ocsp_http.h"

#include "app_state.h"
#include "exchange.h"

#define BATCHES 2 /* at work at the same time, in a worker */

struct batch {
	struct pool_job job; /* first member */
	bool is_used;
	size_t n;
	struct exchange *exchange[OCSP_BATCH_MAX];
};

static struct batch batches[BATCHES];
static struct pool_job *waiting, **waiting_end = &waiting; /* exchanges, by their job.next */
static int waiting_n;
static bool is_refusing; /* a refused batch is being answered */

/* ---- on the pool threads ---- */

static void
answer(struct enroll_env *env, struct batch *b)
{
	struct ocsp_http_item items[OCSP_BATCH_MAX];

	for (size_t i = 0; i < b->n; i++) {
		struct exchange *x = b->exchange[i];

		items[i] = (struct ocsp_http_item){&x->req, x->match.rest, &x->rep};
	}
	env->catalog = catalog_watch_get(app_state.catalog);
	ocsp_http_answer(env, items, b->n);
	catalog_free(env->catalog);
	env->catalog = NULL;
	for (size_t i = 0; i < b->n; i++) {
		struct exchange *x = b->exchange[i];

		x->trace.code = x->rep.code;
		snprintf(x->trace.cause, sizeof(x->trace.cause), "%s",
		    x->rep.cause != NULL ? x->rep.cause : "");
	}
}

static void
run_batch(struct pool_job *job, void *state)
{
	struct batch *b = (struct batch *)job;
	struct gh_error err = {0};

	if (exchange_pool_env(state, &err) == 0) {
		answer(state, b);
		return;
	}
	for (size_t i = 0; i < b->n; i++)
		exchange_refuse(b->exchange[i], &err);
}

/* ---- on the event loop ---- */

static struct batch *
free_batch(void)
{
	for (size_t i = 0; i < BATCHES; i++)
		if (!batches[i].is_used)
			return &batches[i];
	return NULL;
}

static bool
is_idle(void)
{
	for (size_t i = 0; i < BATCHES; i++)
		if (batches[i].is_used)
			return false;
	return true;
}

static void
fill(struct batch *b)
{
	b->n = 0;
	while (waiting != NULL && b->n < OCSP_BATCH_MAX) {
		struct pool_job *job = waiting;

		waiting = job->next;
		b->exchange[b->n++] = (struct exchange *)job;
		waiting_n--;
	}
	if (waiting == NULL)
		waiting_end = &waiting;
}

/* Give what waits to the pool. When it takes nothing, what waits waits on for a batch that is at
 * work; when there is none, it has to be refused: GH_E_BUSY, with *refused, whose calls have left
 * the list. */
static int
launch(struct batch **refused, struct gh_error *err)
{
	struct batch *b;
	int rc = 0;

	*refused = NULL;
	while (waiting != NULL && rc == 0 && (b = free_batch()) != NULL) {
		bool was_idle = is_idle();

		fill(b);
		b->job.run = run_batch;
		rc = pool_submit(app_state.pool, &b->job, err);
		b->is_used = rc == 0;
		if (rc == 0 || was_idle) {
			*refused = rc != 0 ? b : NULL;
			continue;
		}
		for (size_t i = b->n; i > 0;
		     i--) { /* back to the front of the list, in their order */
			struct pool_job *job = &b->exchange[i - 1]->job;

			job->next = waiting;
			if (waiting == NULL)
				waiting_end = &job->next;
			waiting = job;
			waiting_n++;
		}
	}
	return *refused != NULL ? rc : 0;
}

bool
ocsp_batch_fits(const struct exchange *x)
{
	const struct route *r = x->match.route;

	return (r->handler == ocsp_get ||
		   (r->handler == ocsp_post && ocsp_type_fits(x->req.content_type))) &&
	    x->req.body_len <= r->body_max;
}

int
ocsp_batch_submit(struct exchange *x, struct gh_error *err)
{
	struct batch *refused;

	/* an answer makes room on its connection for the next request, which is served at once: it
	 * must not take over the batch whose exchanges are still being refused */
	if (is_refusing || waiting_n >= app_state.conf->gateway.queue)
		return gh_fail(err, GH_E_BUSY, "%d OCSP requests are waiting", waiting_n);
	x->job.next = NULL;
	*waiting_end = &x->job;
	waiting_end = &x->job.next;
	waiting_n++;
	/* refused: nothing was at work, so nothing waited but this one, which is the caller's
	 * again */
	return launch(&refused, err);
}

bool
ocsp_batch_finished(struct pool_job *job)
{
	struct batch *b = (struct batch *)job, *refused;
	struct gh_error err = {0};

	if (job->run != run_batch)
		return false;
	for (size_t i = 0; i < b->n; i++)
		exchange_finished(b->exchange[i]);
	b->is_used = false;
	while (launch(&refused, &err) != 0) {
		is_refusing = true;
		for (size_t i = 0; i < refused->n; i++) {
			exchange_refuse(refused->exchange[i], &err);
			exchange_finished(refused->exchange[i]);
		}
		is_refusing = false;
	}
	return true;
}
