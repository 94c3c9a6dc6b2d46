/*
 * The supervisor: one loop over signals, Kore's output and the clock.
 *
 *   SIGTERM, SIGINT  stop Kore (requests at work finish), then signer and KRA
 *   SIGHUP           read certificate, key and client CAs again
 *   signer, KRA end  start it again at once, later and later when it keeps ending
 *   a scan is wanted start the process that asks endpoints, which stops with its scan
 *   Kore ends        stop signer and KRA, exit with an error
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec_memory.h"
#include "log.h"
#include "timestamp.h"

#include "run_files.h"
#include "run_notify.h"
#include "run_output.h"
#include "run_probe.h"
#include "run_prober.h"
#include "run_program.h"
#include "run_signers.h"
#include "run_supervise.h"
#include "run_tls.h"

#define TICK_MS 500
#define START_TICK_MS 10  /* of probing during the start */
#define START_MS 15000    /* then a start has failed */
#define KORE_STOP_MS 9000 /* Kore's workers give running requests 5 s */
#define SIGNER_STOP_MS 3000
#define NEVER RUN_NEVER

enum phase { STARTING_SIGNERS, STARTING_KORE, RUNNING, STOPPING_KORE, STOPPING_SIGNERS, ENDED };

struct supervisor {
	const struct gh_conf *conf;
	char kore_conf[RUN_PATH_MAX];
	enum phase phase;
	bool has_failed;
	int64_t deadline; /* ms: end of this phase; NEVER */

	pid_t kore; /* 0: not running */
	struct run_signers signers;
	struct run_prober prober;

	int signals;                 /* signalfd */
	struct run_output kore_says; /* Kore's own messages */
	struct run_tls tls;
};

static int64_t
now_ms(void)
{
	return gh_now_us() / 1000;
}

/* ---- children ---- */

static void
enter(struct supervisor *s, enum phase phase, int64_t ms)
{
	s->phase = phase;
	s->deadline = ms == NEVER ? NEVER : now_ms() + ms;
}

/* Before it the process of a scan, too: who waits for it has been told to stop, or would take its
 * end for the fault of the endpoint that it was asking. */
static void
stop_signers(struct supervisor *s)
{
	run_prober_stop(&s->prober);
	run_signers_stop(&s->signers, SIGTERM);
	if (run_signers_are_gone(&s->signers))
		enter(s, ENDED, NEVER);
	else
		enter(s, STOPPING_SIGNERS, SIGNER_STOP_MS);
}

static void
stop(struct supervisor *s)
{
	if (s->phase >= STOPPING_KORE)
		return;
	run_notify("STOPPING=1");
	if (s->kore == 0) {
		stop_signers(s);
		return;
	}
	if (kill(s->kore, SIGTERM) != 0)
		gh_log(GH_LOG_WARN, "kill %d: %s", (int)s->kore, strerror(errno));
	enter(s, STOPPING_KORE, KORE_STOP_MS);
}

static void
fail(struct supervisor *s, const char *what, const char *cause)
{
	gh_log_kv(GH_LOG_ERROR, what, "cause", cause, NULL);
	s->has_failed = true;
	stop(s);
}

static void
fail_of(struct supervisor *s, const struct signer_process *p, const char *what, const char *cause)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %s", p->name, what);
	fail(s, text, cause);
}

static void
describe(int status, char *out, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(out, size, "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(out, size, "exit status %d", WEXITSTATUS(status));
}

static void
on_signer_end(struct supervisor *s, struct run_signer *one, const char *how)
{
	if (s->phase == STARTING_SIGNERS)
		fail_of(s, &one->process, "does not start", how);
	else if (s->phase < STOPPING_KORE)
		run_signer_restart(one, now_ms(), how);
	else if (s->phase == STOPPING_SIGNERS && run_signers_are_gone(&s->signers))
		enter(s, ENDED, NEVER);
}

static void
on_kore_end(struct supervisor *s, const char *how)
{
	s->kore = 0;
	if (s->phase == STOPPING_KORE)
		stop_signers(s);
	else
		fail(s, s->phase == STARTING_KORE ? "Kore does not start" : "Kore ended", how);
}

static void
reap(struct supervisor *s)
{
	struct run_signer *one;
	char how[96];
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		describe(status, how, sizeof(how));
		if (pid == s->kore)
			on_kore_end(s, how);
		else if ((one = run_signers_ended(&s->signers, pid)) != NULL)
			on_signer_end(s, one, how);
		else
			(void)run_prober_ended(&s->prober, pid, how);
	}
}

/* ---- events ---- */

static void
on_signal(struct supervisor *s)
{
	struct signalfd_siginfo si;

	while (read(s->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGHUP)
			run_tls_reload(&s->tls, "SIGHUP");
		else if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT)
			stop(s);
		/* SIGCHLD: reap looks each time */
	}
	reap(s);
}

static bool
can_write(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

static void
on_ready(struct supervisor *s)
{
	const char *listen = s->conf->gateway.listen;
	bool is_six = strchr(listen, ':') != NULL;

	enter(s, RUNNING, NEVER);
	run_notify("READY=1");
	/* nobody has to read it */
	if (!can_write(STDOUT_FILENO))
		return;
	printf("ready: https://%s%s%s:%d\n", is_six ? "[" : "", listen, is_six ? "]" : "",
	    s->conf->gateway.port);
	fflush(stdout);
}

/* The end of a phase that should have ended by itself. */
static void
on_deadline(struct supervisor *s)
{
	const struct signer_process *p = run_signers_awaited(&s->signers);

	if (s->phase == STARTING_SIGNERS && p != NULL) {
		fail_of(s, p, "does not answer", p->conf->socket);
	} else if (s->phase == STARTING_KORE) {
		fail(s, "Kore does not answer", "no reply to /healthz");
	} else if (s->phase == STOPPING_KORE) {
		gh_log(GH_LOG_ERROR, "Kore did not end in time");
		/* its workers die with it: each has asked the kernel for that */
		(void)kill(s->kore, SIGKILL);
		s->deadline = NEVER;
	} else if (s->phase == STOPPING_SIGNERS) {
		gh_log(GH_LOG_ERROR, "a signer did not end in time");
		run_signers_stop(&s->signers, SIGKILL);
		s->deadline = NEVER;
	}
}

/* What is due by the clock or by the state of the phase. */
static void
advance(struct supervisor *s)
{
	struct gh_error err = {0};
	int64_t now = now_ms();

	if (s->phase == STARTING_SIGNERS && run_signers_awaited(&s->signers) == NULL) {
		const struct run_kore_fds fds = {tls_region_fd(s->tls.region), s->prober.outside,
		    s->kore_says.fd[1]};

		enter(s, STARTING_KORE, START_MS);
		if (run_program_kore(s->conf, s->kore_conf, &fds, &s->kore, &err) != 0)
			fail(s, "Kore does not start", err.detail);
	} else if (s->phase == STARTING_KORE && run_probe_is_gateway_up(s->conf)) {
		on_ready(s);
	}
	run_signers_advance(&s->signers, now);
	if (s->phase == RUNNING)
		run_tls_watch(&s->tls, now);
	if (s->deadline != NEVER && now >= s->deadline)
		on_deadline(s);
}

static int
wait_ms(const struct supervisor *s)
{
	int64_t wait = s->phase <= STARTING_KORE ? START_TICK_MS : TICK_MS, now = now_ms(),
		due = run_signers_due(&s->signers);

	if (due != NEVER && due - now < wait)
		wait = due - now;
	return wait > 0 ? (int)wait : 0;
}

static void
loop(struct supervisor *s)
{
	while (s->phase != ENDED) {
		struct pollfd p[3] = {{.fd = s->signals, .events = POLLIN},
		    {.fd = s->kore_says.fd[0], .events = POLLIN},
		    {.fd = s->phase == RUNNING ? s->prober.inside : -1, .events = POLLIN}};

		if (poll(p, 3, wait_ms(s)) < 0 && errno != EINTR)
			gh_log(GH_LOG_ERROR, "poll: %s", strerror(errno));
		run_output_read(&s->kore_says, "kore");
		on_signal(s);
		if (s->phase == RUNNING)
			run_prober_look(&s->prober);
		advance(s);
	}
	run_output_read(&s->kore_says, "kore");
}

/* ---- start ---- */

static int
open_signals(struct supervisor *s, struct gh_error *err)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGHUP);
	sigaddset(&wanted, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &wanted, NULL) != 0)
		return gh_fail(err, GH_E_INTERNAL, "sigprocmask: %s", strerror(errno));
	s->signals = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
	return s->signals >= 0 ? 0 : gh_fail(err, GH_E_INTERNAL, "signalfd: %s", strerror(errno));
}

static int
prepare(struct supervisor *s, const char *conf_path, bool own_signer, struct tls_pair *pair,
    struct gh_error *err)
{
	int rc = open_signals(s, err);

	if (rc == 0)
		rc = run_output_open(&s->kore_says, err);
	if (rc == 0)
		rc = run_prober_open(&s->prober, s->conf, err);
	if (rc == 0)
		rc = run_tls_open(&s->tls, s->conf, pair, err);
	if (rc != 0)
		return rc;
	if (setenv("GATEHOUSE_CONF", conf_path, 1) != 0)
		return gh_fail(err, GH_E_NOMEM, "environment");
	rc = run_files_make_dirs(s->conf, own_signer, err);
	if (rc == 0)
		rc = run_files_write_kore_conf(s->conf, s->kore_conf, err);
	return rc;
}

int
run_supervise(const struct gh_conf *conf, const char *conf_path, bool own_signer,
    struct tls_pair *pair, struct gh_error *err)
{
	struct supervisor s = {.conf = conf,
	    .signals = -1,
	    .kore_says = RUN_OUTPUT_INIT,
	    .prober = RUN_PROBER_INIT};
	int rc = prepare(&s, conf_path, own_signer, pair, err);

	tls_pair_clear(pair);
	/* as root the process is out of reach for the gateway's user anyway */
	if (rc == 0)
		rc = gh_exec_memory_close(err);
	run_signers_init(&s.signers, conf, own_signer);
	if (rc == 0)
		rc = run_signers_start(&s.signers, now_ms(), err);
	if (rc == 0) {
		enter(&s, STARTING_SIGNERS, START_MS);
		loop(&s);
		if (s.has_failed)
			rc = gh_refuse(err, GH_E_INTERNAL,
			    "The gateway has ended; the log says why.");
	}
	run_tls_close(&s.tls);
	run_output_close(&s.kore_says);
	run_prober_close(&s.prober);
	if (s.signals >= 0)
		close(s.signals);
	return rc;
}
