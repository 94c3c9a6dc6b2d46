/* The signer and the KRA of `gatehouse run`: started, started again when they end, stopped. */
#ifndef RUN_SIGNERS_H
#define RUN_SIGNERS_H

#include <stdint.h>
#include <sys/types.h>

#include "conf.h"
#include "error.h"
#include "signer_process.h"

#define RUN_NEVER INT64_MAX

struct run_signer {
	struct signer_process process;
	pid_t pid;                /* 0: not running */
	int64_t started, restart; /* ms; restart RUN_NEVER = not wanted */
	int pause;                /* ms */
};

/* Times are milliseconds of the supervisor's clock. */
struct run_signers {
	const struct gh_conf *conf;
	bool is_own; /* false: others start them */
	size_t n;
	struct run_signer one[SIGNER_PROCESSES]; /* the signer first */
};

void run_signers_init(struct run_signers *s, const struct gh_conf *conf, bool is_own);
/* All that are ours; none is left when one cannot be started. */
int run_signers_start(struct run_signers *s, int64_t now, struct gh_error *err) GH_MUSTCHECK;
/* The one that does not answer yet, of those the gateway waits for; NULL: all answer. A KRA that
 * others start holds nothing up: requests for certificates do not need it. */
const struct signer_process *run_signers_awaited(const struct run_signers *s);

/* The one whose process has ended; NULL: none of ours. */
struct run_signer *run_signers_ended(struct run_signers *s, pid_t pid);
/* Start it again: at once, and later and later when it keeps ending. how: it ended, for the log. */
void run_signer_restart(struct run_signer *one, int64_t now, const char *how);
/* Start those that are due. */
void run_signers_advance(struct run_signers *s, int64_t now);
/* When the next one is due; RUN_NEVER. */
int64_t run_signers_due(const struct run_signers *s);

/* A signal to all, of which none is started again. */
void run_signers_stop(struct run_signers *s, int sig);
bool run_signers_are_gone(const struct run_signers *s);

#endif
