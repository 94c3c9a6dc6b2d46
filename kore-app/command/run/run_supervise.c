/*
 * The supervisor: one loop over signals, Kore's output and the clock.
 *
 *   SIGTERM, SIGINT  stop Kore (requests at work finish), then the signer
 *   SIGHUP           read certificate, key and client CAs again
 *   signer ends      start it again at once, later and later when it keeps ending
 *   Kore ends        stop the signer, exit with an error
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec_memory.h"
#include "log.h"
#include "timestamp.h"

#include "own_signer.h"
#include "run_child.h"
#include "run_files.h"
#include "run_notify.h"
#include "run_probe.h"
#include "run_supervise.h"

#define TICK_MS 500       /* of looking at files */
#define START_TICK_MS 10  /* of probing during the start */
#define START_MS 15000    /* then a start has failed */
#define KORE_STOP_MS 9000 /* Kore's workers give running requests 5 s */
#define SIGNER_STOP_MS 3000
#define RESTART_MAX_MS 5000    /* longest pause before a signer is started again */
#define SIGNER_STABLE_MS 10000 /* alive for so long: the next pause begins small again */
#define TICKET_KEY_MS (12 * 3600 * 1000LL)
#define LINE_MAX_BYTES 2048
#define NEVER INT64_MAX
#define FIRST_LOW_PORT 1024

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

	int signals;     /* signalfd */
	int kore_out[2]; /* pipe of Kore's own messages */
	char line[LINE_MAX_BYTES];
	size_t line_len;

	struct tls_region *region;
	struct timespec changed[3]; /* of certificate, key, client CA as last read */
	int64_t next_look, next_ticket_key;
};

static int64_t
now_ms(void)
{
	return gh_now_us() / 1000;
}

/* ---- certificates ---- */

static void
look_at_files(const struct gh_conf *conf, struct timespec at[3])
{
	const char *path[3] = {conf->gateway.certificate, conf->gateway.key,
	    conf->gateway.client_ca};
	struct stat st;

	memset(at, 0, 3 * sizeof(*at));
	for (int i = 0; i < 3; i++)
		if (path[i][0] != '\0' && stat(path[i], &st) == 0)
			at[i] = st.st_mtim;
}

static void
reload(struct supervisor *s, const char *why)
{
	const struct gh_conf *conf = s->conf;
	struct gh_error err = {0};
	struct tls_pair pair;

	look_at_files(conf, s->changed);
	if (tls_pair_read(conf->gateway.certificate, conf->gateway.key, conf->gateway.client_ca,
		&pair, &err) != 0) {
		gh_log_kv(GH_LOG_ERROR, "the old certificate stays in use", "cause", err.detail,
		    NULL);
		return;
	}
	tls_region_publish(s->region, &pair);
	tls_pair_clear(&pair);
	s->next_ticket_key = now_ms() + TICKET_KEY_MS;
	gh_log_kv(GH_LOG_INFO, "certificate read", "because", why, NULL);
}

static void
watch_files(struct supervisor *s, int64_t now)
{
	struct timespec at[3];

	if (now < s->next_look)
		return;
	s->next_look = now + TICK_MS;
	look_at_files(s->conf, at);
	if (memcmp(at, s->changed, sizeof(at)) != 0)
		reload(s, "changed file");
	else if (now >= s->next_ticket_key)
		reload(s, "new ticket key");
}

/* ---- children ---- */

static int
start_signer(struct supervisor *s, struct gh_error *err)
{
	const struct gh_conf *conf = s->conf;
	char connections[16];
	char *argv[11 + SIGNER_TOKEN_ARGS] = {conf->signer.program, "--socket", conf->signer.socket,
	    "--key-file", conf->signer.key_file, "--max-connections", connections, NULL};
	struct run_child child = {.argv = argv,
	    .user = conf->signer.user,
	    .inherit_fd = -1,
	    .stdout_fd = -1};
	int n = 7, rc;

	snprintf(connections, sizeof(connections), "%d", conf->signer.max_connections);
	if (conf->gateway.user[0] != '\0' && strcmp(conf->gateway.user, conf->signer.user) != 0) {
		argv[n++] = "--peer-user";
		argv[n++] = conf->gateway.user;
	}
	if (conf->signer.first_password_by_api)
		argv[n++] = "--first-password-by-api";
	signer_token_args(conf, argv + n);
	s->signer_started = now_ms();
	s->signer_restart = NEVER;
	rc = run_child_start(&child, &s->signer, err);
	return rc;
}

static bool
has_low_port(const struct gh_conf *conf)
{
	return conf->gateway.port < FIRST_LOW_PORT ||
	    (conf->gateway.http_port > 0 && conf->gateway.http_port < FIRST_LOW_PORT);
}

static int
start_kore(struct supervisor *s, struct gh_error *err)
{
	/* -r: the change of user is ours; -n: no chroot, the libraries read files; -q: errors
	 * only */
	char *argv[] = {"kore", "-f", "-n", "-r", "-q", "-c", s->kore_conf, NULL};
	struct run_child child = {
	    .argv = argv,
	    .user = s->conf->gateway.user,
	    .inherit_fd = tls_region_fd(s->region),
	    .stdout_fd = s->kore_out[1],
	    .may_bind_low = s->conf->gateway.user[0] != '\0' && has_low_port(s->conf),
	};
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", child.inherit_fd);
	if (setenv(TLS_PAIR_FD_ENV, fd, 1) != 0)
		return gh_fail(err, GH_E_NOMEM, "environment");
	return run_child_start(&child, &s->kore, err);
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
			reload(s, "SIGHUP");
		else if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT)
			stop(s);
		/* SIGCHLD: reap looks each time */
	}
	reap(s);
}

static void
put_kore_byte(struct supervisor *s, char c)
{
	if (c != '\n' && s->line_len < sizeof(s->line) - 1) {
		s->line[s->line_len++] = c;
		return;
	}
	s->line[s->line_len] = '\0';
	if (s->line_len > 0)
		gh_log_kv(GH_LOG_WARN, "kore", "line", s->line, NULL);
	s->line_len = 0;
}

static void
on_kore_output(struct supervisor *s)
{
	char bytes[1024];
	ssize_t n;

	while ((n = read(s->kore_out[0], bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++)
			put_kore_byte(s, bytes[i]);
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
		if (start_kore(s, &err) != 0)
			fail(s, "Kore does not start", err.detail);
	} else if (s->phase == STARTING_KORE && run_probe_is_gateway_up(s->conf)) {
		on_ready(s);
	}
	if (s->signer == 0 && now >= s->signer_restart && start_signer(s, &err) != 0) {
		gh_log_kv(GH_LOG_ERROR, "the signer does not start", "cause", err.detail, NULL);
		s->signer_restart = now + RESTART_MAX_MS;
	}
	if (s->phase == RUNNING)
		watch_files(s, now);
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
		    {.fd = s->kore_out[0], .events = POLLIN}};

		if (poll(p, 2, wait_ms(s)) < 0 && errno != EINTR)
			gh_log(GH_LOG_ERROR, "poll: %s", strerror(errno));
		on_kore_output(s);
		on_signal(s);
		advance(s);
	}
	on_kore_output(s);
}

/* ---- start ---- */

static int
open_descriptors(struct supervisor *s, struct gh_error *err)
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
	if (s->signals < 0 || pipe2(s->kore_out, O_CLOEXEC) != 0 ||
	    fcntl(s->kore_out[0], F_SETFL, O_NONBLOCK) != 0)
		return gh_fail(err, GH_E_INTERNAL, "descriptors: %s", strerror(errno));
	return tls_region_new(&s->region, err);
}

static int
prepare(struct supervisor *s, const char *conf_path, bool own_signer, struct tls_pair *pair,
    struct gh_error *err)
{
	int rc = open_descriptors(s, err);

	if (rc != 0)
		return rc;
	look_at_files(s->conf, s->changed);
	tls_region_publish(s->region, pair);
	s->next_ticket_key = now_ms() + TICKET_KEY_MS;
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
	    .kore_out = {-1, -1},
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
	tls_region_free(s.region);
	for (int i = 0; i < 2; i++)
		if (s.kore_out[i] >= 0)
			close(s.kore_out[i]);
	if (s.signals >= 0)
		close(s.signals);
	return rc;
}
