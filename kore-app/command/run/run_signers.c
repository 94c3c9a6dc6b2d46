/* See run_signers.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

#include "run_probe.h"
#include "run_program.h"
#include "run_signers.h"

#define RESTART_MAX_MS 5000 /* longest pause before one is started again */
#define STABLE_MS 10000     /* alive for so long: the next pause begins small again */

void
run_signers_init(struct run_signers *s, const struct gh_conf *conf, bool is_own)
{
	*s = (struct run_signers){.conf = conf, .is_own = is_own};
	for (int k = 0; k < SIGNER_PROCESSES; k++)
		if (signer_process_is_wanted(conf, k))
			s->one[s->n++] = (struct run_signer){.process = signer_process_of(conf, k),
			    .restart = RUN_NEVER};
}

static int
start(const struct run_signers *s, struct run_signer *one, int64_t now, struct gh_error *err)
{
	one->started = now;
	one->restart = RUN_NEVER;
	return run_program_signer(s->conf, &one->process, &one->pid, err);
}

int
run_signers_start(struct run_signers *s, int64_t now, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; s->is_own && rc == 0 && i < s->n; i++)
		rc = start(s, &s->one[i], now, err);
	/* those that run end with us: each has asked the kernel for that */
	return rc;
}

const struct signer_process *
run_signers_awaited(const struct run_signers *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct signer_process *p = &s->one[i].process;

		if ((s->is_own || p->kind == SIGNER_PROCESS_CA) &&
		    !run_probe_is_signer_up(p->conf->socket))
			return p;
	}
	return NULL;
}

struct run_signer *
run_signers_ended(struct run_signers *s, pid_t pid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->one[i].pid == pid) {
			s->one[i].pid = 0;
			return &s->one[i];
		}
	return NULL;
}

static void
tell(const struct run_signer *one, const char *what, const char *cause)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %s", one->process.name, what);
	gh_log_kv(GH_LOG_ERROR, text, "cause", cause, NULL);
}

void
run_signer_restart(struct run_signer *one, int64_t now, const char *how)
{
	if (now - one->started >= STABLE_MS)
		one->pause = 0;
	one->restart = now + one->pause;
	one->pause = one->pause == 0 ? 100 : 2 * one->pause;
	if (one->pause > RESTART_MAX_MS)
		one->pause = RESTART_MAX_MS;
	tell(one, "ended; starting it again", how);
}

void
run_signers_advance(struct run_signers *s, int64_t now)
{
	struct gh_error err = {0};

	for (size_t i = 0; i < s->n; i++) {
		struct run_signer *one = &s->one[i];

		if (one->pid != 0 || now < one->restart || start(s, one, now, &err) == 0)
			continue;
		tell(one, "does not start", err.detail);
		one->restart = now + RESTART_MAX_MS;
	}
}

int64_t
run_signers_due(const struct run_signers *s)
{
	int64_t due = RUN_NEVER;

	for (size_t i = 0; i < s->n; i++)
		if (s->one[i].restart < due)
			due = s->one[i].restart;
	return due;
}

void
run_signers_stop(struct run_signers *s, int sig)
{
	for (size_t i = 0; i < s->n; i++) {
		struct run_signer *one = &s->one[i];

		one->restart = RUN_NEVER;
		if (one->pid > 0 && kill(one->pid, sig) != 0)
			gh_log(GH_LOG_WARN, "kill %d: %s", (int)one->pid, strerror(errno));
	}
}

bool
run_signers_are_gone(const struct run_signers *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->one[i].pid != 0)
			return false;
	return true;
}
