/*
 * The supervisor: one loop over signals, Kore's output and the clock.
 *
 *   SIGTERM, SIGINT  stop Kore (requests at work finish), then the signer
 *   SIGHUP           read certificate, key and client CAs again
 *   signer ends      start it again at once, later and later when it keeps ending
 *   Kore ends        stop the signer, exit with an error
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
#include "run_program.h"
#include "run_supervise.h"
#include "run_tls.h"

#define TICK_MS 500
#define START_TICK_MS 10  /* of probing during the start */
#define START_MS 15000    /* then a start has failed */
#define KORE_STOP_MS 9000 /* Kore's workers give running requests 5 s */
#define SIGNER_STOP_MS 3000
#define RESTART_MAX_MS 5000    /* longest pause before a signer is started again */
#define SIGNER_STABLE_MS 10000 /* alive for so long: the next pause begins small again */
#define NEVER INT64_MAX

enum phase { STARTING_SIGNER, STARTING_KORE, RUNNING, STOPPING_KORE, STOPPING_SIGNER, ENDED };

struct supervisor {
	const struct gh_conf *conf;
	char kore_conf[RUN_PATH_MAX];
	enum phase phase;
	bool has_failed;
	int64_t deadline; /* ms: end of this phase; NEVER */

	pid_t kore, signer;                     /* 0: not running */
	int64_t signer_started, signer_restart; /* ms; restart NEVER = not wanted */
	int restart_pause;                      /* ms */

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

static int
start_signer(struct supervisor *s, struct gh_error *err)
{
	s->signer_started = now_ms();
	s->signer_restart = NEVER;
	return run_program_signer(s->conf, &s->signer, err);
}

static void
enter(struct supervisor *s, enum phase phase, int64_t ms)
{
	s->phase = phase;
	s->deadline = ms == NEVER ? NEVER : now_ms() + ms;
}

static void
signal_child(pid_t pid, int sig)
{
	if (pid > 0 && kill(pid, sig) != 0)
		gh_log(GH_LOG_WARN, "kill %d: %s", (int)pid, strerror(errno));
}

static void
stop_signer(struct supervisor *s)
{
	s->signer_restart = NEVER;
	if (s->signer == 0) {
		enter(s, ENDED, NEVER);
		return;
	}
	signal_child(s->signer, SIGTERM);
	enter(s, STOPPING_SIGNER, SIGNER_STOP_MS);
}

static void
stop(struct supervisor *s)
{
	if (s->phase >= STOPPING_KORE)
		return;
	run_notify("STOPPING=1");
	if (s->kore == 0) {
		stop_signer(s);
		return;
	}
	signal_child(s->kore, SIGTERM);
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
describe(int status, char *out, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(out, size, "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(out, size, "exit status %d", WEXITSTATUS(status));
}

static void
on_signer_end(struct supervisor *s, const char *how)
{
	int64_t now = now_ms();

	s->signer = 0;
	if (s->phase == STOPPING_SIGNER) {
		enter(s, ENDED, NEVER);
	} else if (s->phase == STARTING_SIGNER) {
		fail(s, "the signer does not start", how);
	} else if (s->phase != STOPPING_KORE) {
		if (now - s->signer_started >= SIGNER_STABLE_MS)
			s->restart_pause = 0;
		s->signer_restart = now + s->restart_pause;
		s->restart_pause = s->restart_pause == 0 ? 100 : 2 * s->restart_pause;
		if (s->restart_pause > RESTART_MAX_MS)
			s->restart_pause = RESTART_MAX_MS;
		gh_log_kv(GH_LOG_ERROR, "the signer ended; starting it again", "cause", how, NULL);
	}
}

static void
on_kore_end(struct supervisor *s, const char *how)
{
	s->kore = 0;
	if (s->phase == STOPPING_KORE)
		stop_signer(s);
	else
		fail(s, s->phase == STARTING_KORE ? "Kore does not start" : "Kore ended", how);
}

static void
reap(struct supervisor *s)
{
	char how[96];
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		describe(status, how, sizeof(how));
		if (pid == s->signer)
			on_signer_end(s, how);
		else if (pid == s->kore)
			on_kore_end(s, how);
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

static void
on_deadline(struct supervisor *s)
{
	if (s->phase == STARTING_SIGNER) {
		fail(s, "the signer does not answer", s->conf->signer.socket);
	} else if (s->phase == STARTING_KORE) {
		fail(s, "Kore does not answer", "no reply to /healthz");
	} else {
		gh_log(GH_LOG_ERROR, "%s did not end in time",
		    s->phase == STOPPING_KORE ? "Kore" : "the signer");
		/* Kore's workers die with it: each has asked the kernel for that */
		signal_child(s->phase == STOPPING_KORE ? s->kore : s->signer, SIGKILL);
		s->deadline = NEVER;
	}
}

/* What is due by the clock or by the state of the phase. */
static void
advance(struct supervisor *s)
{
	struct gh_error err = {0};
	int64_t now = now_ms();

	if (s->phase == STARTING_SIGNER && run_probe_is_signer_up(s->conf)) {
		enter(s, STARTING_KORE, START_MS);
		if (run_program_kore(s->conf, s->kore_conf, tls_region_fd(s->tls.region),
			s->kore_says.fd[1], &s->kore, &err) != 0)
			fail(s, "Kore does not start", err.detail);
	} else if (s->phase == STARTING_KORE && run_probe_is_gateway_up(s->conf)) {
		on_ready(s);
	}
	if (s->signer == 0 && now >= s->signer_restart && start_signer(s, &err) != 0) {
		gh_log_kv(GH_LOG_ERROR, "the signer does not start", "cause", err.detail, NULL);
		s->signer_restart = now + RESTART_MAX_MS;
	}
	if (s->phase == RUNNING)
		run_tls_watch(&s->tls, now);
	if (s->deadline != NEVER && now >= s->deadline)
		on_deadline(s);
}

static int
wait_ms(const struct supervisor *s)
{
	int64_t wait = s->phase <= STARTING_KORE ? START_TICK_MS : TICK_MS, now = now_ms();

	if (s->signer_restart != NEVER && s->signer_restart - now < wait)
		wait = s->signer_restart - now;
	return wait > 0 ? (int)wait : 0;
}

static void
loop(struct supervisor *s)
{
	while (s->phase != ENDED) {
		struct pollfd p[2] = {{.fd = s->signals, .events = POLLIN},
		    {.fd = s->kore_says.fd[0], .events = POLLIN}};

		if (poll(p, 2, wait_ms(s)) < 0 && errno != EINTR)
			gh_log(GH_LOG_ERROR, "poll: %s", strerror(errno));
		run_output_read(&s->kore_says, "kore");
		on_signal(s);
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
	    .signer_restart = NEVER};
	int rc = prepare(&s, conf_path, own_signer, pair, err);

	tls_pair_clear(pair);
	/* as root the process is out of reach for the gateway's user anyway */
	if (rc == 0)
		rc = gh_exec_memory_close(err);
	if (rc == 0 && own_signer)
		rc = start_signer(&s, err);
	if (rc == 0) {
		enter(&s, STARTING_SIGNER, START_MS);
		loop(&s);
		if (s.has_failed)
			rc = gh_refuse(err, GH_E_INTERNAL,
			    "The gateway has ended; the log says why.");
	}
	run_tls_close(&s.tls);
	run_output_close(&s.kore_says);
	if (s.signals >= 0)
		close(s.signals);
	return rc;
}
