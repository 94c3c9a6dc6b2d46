/* See run_prober.h. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "watch/prober_door.h"

#include "prober_child.h"
#include "run_prober.h"

#define TAKE_MAX 8 /* at a time: a worker that goes on asking does not keep us from all else */

int
run_prober_open(struct run_prober *p, const struct gh_conf *conf, struct gh_error *err)
{
	p->conf = conf;
	return prober_door_open(&p->inside, &p->outside, err);
}

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
run_prober_close(struct run_prober *p)
{
	close_one(&p->inside);
	close_one(&p->outside);
	close_one(&p->served);
	close_one(&p->waiting);
}

/* Who waits learns of a failure by the end of its socket. */
static void
start(struct run_prober *p)
{
	struct gh_error err = {0};

	if (p->waiting < 0 || p->pid != 0)
		return;
	if (prober_child_start(p->conf, p->waiting, &p->pid, &err) != 0) {
		gh_log_kv(GH_LOG_ERROR, "the process that asks endpoints does not start", "cause",
		    err.message, NULL);
		close_one(&p->waiting);
	}
	p->is_over = false;
	p->served = p->waiting;
	p->waiting = -1;
}

/* The other end of its descriptor is closed. */
static bool
is_left(const struct run_prober *p)
{
	struct pollfd end = {.fd = p->served, .events = POLLRDHUP};

	return p->pid > 0 && !p->is_over && poll(&end, 1, 0) == 1;
}

void
run_prober_stop(struct run_prober *p)
{
	close_one(&p->waiting);
	if (p->pid > 0)
		(void)kill(p->pid, SIGKILL);
}

void
run_prober_look(struct run_prober *p)
{
	int fd;

	for (int i = 0; i < TAKE_MAX && (fd = prober_door_take(p->inside)) >= 0; i++) {
		run_prober_stop(p);
		p->waiting = fd;
	}
	if (is_left(p)) {
		p->is_over = true;
		(void)kill(p->pid, SIGKILL);
	}
	start(p);
}

bool
run_prober_ended(struct run_prober *p, pid_t pid, const char *how)
{
	if (pid != p->pid)
		return false;
	p->pid = 0;
	close_one(&p->served);
	if (!p->is_over && strcmp(how, "exit status 0") != 0)
		gh_log_kv(GH_LOG_WARN, "the process that asks endpoints ended", "cause", how, NULL);
	start(p);
	return true;
}
