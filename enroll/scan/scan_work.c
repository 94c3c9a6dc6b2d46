/* A scan. See scan_work.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "timestamp.h"

#include "scan_wire.h"
#include "scan_work.h"

#define SECOND 1000000
#define ORDER_SECONDS 30 /* until the process has taken its order */
/* Beside its timeout a target takes the time of the name servers, which nobody bounds exactly. */
#define NAME_SECONDS 60
#define TELL_US (2 * SECOND)

/* ---- the list ---- */

static int
read_text(int fd, const char *path, char **text, struct gh_error *err)
{
	struct stat st;
	size_t n = 0;
	ssize_t got = 1;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)SCAN_LIST_MAX)
		return gh_refuse(err, GH_E_CONF, "%.150s: it is no file of at most %zu bytes", path,
		    SCAN_LIST_MAX);
	if ((*text = malloc((size_t)st.st_size + 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "list of targets");
	while (n < (size_t)st.st_size && got > 0)
		if ((got = read(fd, *text + n, (size_t)st.st_size - n)) > 0)
			n += (size_t)got;
	(*text)[n] = '\0';
	if (got < 0)
		return gh_refuse(err, GH_E_CONF, "%.150s: %s", path, strerror(errno));
	return strlen(*text) == n ? 0 : gh_refuse(err, GH_E_CONF, "%.150s: it is no text", path);
}

int
scan_list_read(const char *path, char **text, struct scan_targets *targets, struct gh_error *err)
{
	struct gh_error why;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	*text = NULL;
	memset(targets, 0, sizeof(*targets));
	if (fd < 0)
		return gh_refuse(err, GH_E_CONF, "%.150s: %s", path, strerror(errno));
	rc = read_text(fd, path, text, err);
	close(fd);
	if (rc == 0 && (rc = scan_targets_read(*text, targets, &why)) != 0)
		rc = gh_refuse(err, rc, "%.150s: %s", path, why.message);
	if (rc != 0) {
		free(*text);
		*text = NULL;
	}
	return rc;
}

/* ---- the scan ---- */

struct asking {
	const struct scan_work *w;
	const struct scan_targets *targets;
	struct scan_wire wire;
	unsigned char *seen; /* by target: it was answered */
	size_t answered;
	int64_t until; /* the whole scan */
	int64_t told;
	struct scan_counts *counts;
};

/* All of it, whatever endpoints and name servers do. */
static int64_t
seconds_of_all(const struct scan_work *w, size_t n)
{
	int64_t each = w->timeout + NAME_SECONDS, rounds = (int64_t)n / w->parallel + 1;

	return (int64_t)n / w->rate + rounds * each + ORDER_SECONDS;
}

static void
tell(struct asking *a)
{
	int64_t now = gh_now_us();

	if (now - a->told < TELL_US)
		return;
	a->told = now;
	gh_progress_tell(&a->w->progress, "%zu of %zu asked, %lld without certificate", a->answered,
	    a->targets->n, (long long)a->counts->failed);
}

static int
take_answer(struct asking *a, const gh_json *answer, struct gh_error *err)
{
	const struct scan_target *t;
	struct scan_result r;
	size_t i = 0;
	int rc = scan_answer_read(answer, a->targets->n, &i, &r, err);

	if (rc == 0 && a->seen[i]++ != 0)
		rc = gh_fail(err, GH_E_INTERNAL, "an endpoint was answered twice");
	if (rc == 0) {
		t = &a->targets->v[i];
		a->answered++;
		if ((rc = scan_record(&a->w->import, t, &r, a->counts, err)) == 0 &&
		    a->w->saw != NULL)
			a->w->saw(t, &r);
	}
	scan_result_clear(&r);
	return rc;
}

static int
take_all(struct asking *a, struct gh_error *err)
{
	int64_t silence = (int64_t)(a->w->timeout + NAME_SECONDS) * SECOND;
	bool is_done = false;
	int rc = 0;

	while (rc == 0 && !is_done) {
		int64_t next = gh_now_us() + silence;
		gh_json *answer;

		/* the wire asks only where it waits, and answers may never cease */
		if (gh_progress_is_stopping(&a->w->progress))
			return gh_fail(err, GH_E_BUSY, "the scan was told to stop");
		rc = scan_wire_read(&a->wire, SCAN_ANSWER_MAX, next < a->until ? next : a->until,
		    &answer, err);
		is_done = rc == 0 && gh_json_bool(gh_json_get(answer, "done"), false);
		if (rc == 0 && !is_done)
			rc = take_answer(a, answer, err);
		gh_json_free(answer);
		tell(a);
	}
	if (rc == 0 && a->answered != a->targets->n)
		rc = gh_fail(err, GH_E_INTERNAL, "%zu endpoints were not answered",
		    a->targets->n - a->answered);
	return rc;
}

/* fd: ours of the two. */
static int
ask(const struct scan_work *w, int fd, const char *text, const struct scan_targets *targets,
    struct scan_counts *counts, struct gh_error *err)
{
	const struct scan_pace pace = {.rate = w->rate,
	    .parallel = w->parallel,
	    .timeout = w->timeout};
	struct asking a = {.w = w,
	    .targets = targets,
	    .wire = {fd, w->progress.is_stopping, w->progress.arg},
	    .seen = calloc(targets->n + 1, 1),
	    .until = gh_now_us() + seconds_of_all(w, targets->n) * SECOND,
	    .counts = counts};
	gh_json *order = scan_order(text, &pace, w->import.cas);
	int rc = order != NULL && a.seen != NULL
	    ? scan_wire_write(&a.wire, order, gh_now_us() + ORDER_SECONDS * (int64_t)SECOND, err)
	    : gh_fail(err, GH_E_NOMEM, "order of a scan");

	gh_json_free(order);
	if (rc == 0)
		rc = take_all(&a, err);
	free(a.seen);
	return rc;
}

int
scan_work(const struct scan_work *w, const char *text, const struct scan_targets *targets,
    struct scan_counts *out, struct gh_error *err)
{
	int fd[2], rc;

	memset(out, 0, sizeof(*out));
	if (targets->n == 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
		return gh_fail(err, GH_E_INTERNAL, "socketpair: %s", strerror(errno));
	rc = w->start(w->start_arg, fd[1], err);
	close(fd[1]);
	if (rc == 0)
		rc = ask(w, fd[0], text, targets, out, err);
	close(fd[0]); /* which ends the process, if it is still there */
	return rc;
}
