/* One process of a scan. See scan_ask.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "timestamp.h"

#include "scan_ask.h"
#include "scan_wire.h"

#define SECOND 1000000
#define ORDER_SECONDS 30 /* until the process has taken its order */
/* Beside its timeout a target takes the time of the name servers, which nobody bounds exactly. */
#define NAME_SECONDS 60
#define TELL_US (2 * SECOND)

struct round {
	struct scan_ask *a;
	enum scan_state which;
	int parallel;
	struct scan_wire wire;
	size_t left;   /* to be answered */
	int asked;     /* at this moment */
	int64_t until; /* all of it */
	enum scan_end end;
	bool moved;
};

static int
lose(struct round *r, struct gh_error *err, const char *why)
{
	r->end = SCAN_ENDED;
	return gh_fail(err, GH_E_INTERNAL, "the process that asks endpoints %s", why);
}

/* What is the fault of the process, or of what it waits for; else of memory, or it is time to stop.
 * One that has ended is seen by the end of its socket, before we would end it. */
static int
note_wire(struct round *r, int rc, struct gh_error *err)
{
	if (rc == GH_E_INTERNAL)
		r->end = SCAN_ENDED;
	if (rc != GH_E_REQUEST_TIMEOUT)
		return rc;
	r->end = SCAN_STILL;
	return gh_fail(err, GH_E_INTERNAL, "the process that asks endpoints stands still");
}

/* Looked at by the wire, too, where it waits: those that are slow come last. */
static bool
is_stopping(void *arg)
{
	struct scan_ask *a = arg;
	int64_t now = gh_now_us();
	bool is_new = a->answered != a->told_answered && now - a->told >= TELL_US;

	if (is_new) {
		a->told = now;
		a->told_answered = a->answered;
		gh_progress_tell(&a->work->progress, "%zu of %zu asked, %lld without certificate",
		    a->answered, a->targets->n, (long long)a->counts->failed);
	}
	return gh_progress_is_stopping(&a->work->progress);
}

static int
take_asks(struct round *r, size_t i, struct gh_error *err)
{
	if (r->a->state[i] != r->which || r->asked == r->parallel)
		return lose(r, err, "asks what it was not told to");
	r->a->state[i] = SCAN_ASKED;
	r->asked++;
	r->moved = true;
	return 0;
}

static int
take_answer(struct round *r, const gh_json *message, struct gh_error *err)
{
	struct scan_ask *a = r->a;
	struct scan_result result;
	size_t i = 0;
	int rc = note_wire(r, scan_answer_read(message, a->targets->n, &i, &result, err), err);

	if (rc == 0 && a->state[i] != SCAN_ASKED)
		rc = lose(r, err, "answers what it did not ask");
	if (rc == 0) {
		a->state[i] = SCAN_ANSWERED;
		a->answered++;
		r->asked--;
		r->left--;
		rc = scan_record(&a->work->import, &a->targets->v[i], &result, a->counts, err);
	}
	if (rc == 0 && a->work->saw != NULL)
		a->work->saw(&a->targets->v[i], &result);
	scan_result_clear(&result);
	return rc;
}

static int
take(struct round *r, const gh_json *message, bool *is_done, struct gh_error *err)
{
	size_t i;

	if (scan_asks_read(message, r->a->targets->n, &i))
		return take_asks(r, i, err);
	*is_done = gh_json_bool(gh_json_get(message, "done"), false);
	return *is_done ? 0 : take_answer(r, message, err);
}

static int
take_all(struct round *r, struct gh_error *err)
{
	const struct scan_work *w = r->a->work;
	int64_t silence = (int64_t)(w->timeout + NAME_SECONDS) * SECOND;
	bool is_done = false;
	int rc = 0;

	while (rc == 0 && !is_done) {
		int64_t next = gh_now_us() + silence;
		gh_json *message;

		/* the wire asks only where it waits, and answers may never cease */
		if (is_stopping(r->a))
			return gh_fail(err, GH_E_BUSY, "the scan was told to stop");
		rc = note_wire(r,
		    scan_wire_read(&r->wire, SCAN_ANSWER_MAX, next < r->until ? next : r->until,
			&message, err),
		    err);
		if (rc == 0)
			rc = take(r, message, &is_done, err);
		gh_json_free(message);
	}
	return rc == 0 && r->left > 0 ? lose(r, err, "leaves some of them out") : rc;
}

/* *n of them; malloc'd. */
static size_t *
list_of(const struct scan_ask *a, enum scan_state which, size_t *n)
{
	size_t *v = calloc(a->targets->n + 1, sizeof(*v));

	*n = 0;
	for (size_t i = 0; v != NULL && i < a->targets->n; i++)
		if (a->state[i] == which)
			v[(*n)++] = i;
	return v;
}

static int
order(struct round *r, struct gh_error *err)
{
	const struct scan_work *w = r->a->work;
	const struct scan_pace pace = {.rate = w->rate,
	    .parallel = r->parallel,
	    .timeout = w->timeout};
	size_t *which = list_of(r->a, r->which, &r->left);
	gh_json *o =
	    which != NULL ? scan_order(r->a->text, which, r->left, &pace, w->import.cas) : NULL;
	int64_t n = (int64_t)r->left, now = gh_now_us();
	int rc = o != NULL
	    ? note_wire(r, scan_wire_write(&r->wire, o, now + ORDER_SECONDS * (int64_t)SECOND, err),
		  err)
	    : gh_fail(err, GH_E_NOMEM, "order of a scan");

	/* whatever endpoints and name servers do */
	r->until = now +
	    (n / w->rate + (n / r->parallel + 1) * (w->timeout + NAME_SECONDS) + ORDER_SECONDS) *
		SECOND;
	gh_json_free(o);
	free(which);
	return rc;
}

int
scan_ask(struct scan_ask *a, enum scan_state which, int parallel, enum scan_end *end, bool *moved,
    struct gh_error *err)
{
	const struct scan_work *w = a->work;
	struct round r = {.a = a, .which = which, .parallel = parallel};
	int fd[2], rc;

	*end = SCAN_DONE;
	*moved = false;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
		return gh_fail(err, GH_E_INTERNAL, "socketpair: %s", strerror(errno));
	r.wire = (struct scan_wire){fd[0], is_stopping, a};
	rc = w->start(w->start_arg, fd[1], err);
	close(fd[1]);
	if (rc == 0 && (rc = order(&r, err)) == 0)
		rc = take_all(&r, err);
	close(fd[0]); /* which ends the process, if it is still there */
	*end = r.end;
	*moved = r.moved;
	return rc;
}
