/* The programs that `gatehouse run` starts, with their arguments and users. */
#ifndef RUN_PROGRAM_H
#define RUN_PROGRAM_H

#include <sys/types.h>

#include "conf.h"
#include "error.h"
#include "signer_process.h"

int run_program_signer(const struct gh_conf *conf, const struct signer_process *p, pid_t *out,
    struct gh_error *err) GH_MUSTCHECK;

struct run_kore_fds {
	int tls;    /* shared memory with the certificate */
	int prober; /* watch/prober_door.h */
	int output; /* for Kore's own messages */
};
/* kore_conf: path of its configuration. */
int run_program_kore(const struct gh_conf *conf, char *kore_conf, const struct run_kore_fds *fds,
    pid_t *out, struct gh_error *err) GH_MUSTCHECK;

#endif
