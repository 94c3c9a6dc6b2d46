/* The process that asks endpoints, of `gatehouse run`: started when a worker wants a scan
 * (watch/prober_door.h), one at a time, and never again by itself. */
#ifndef RUN_PROBER_H
#define RUN_PROBER_H

#include <stdbool.h>
#include <sys/types.h>

#include "conf.h"
#include "error.h"

struct run_prober {
	const struct gh_conf *conf;
	int inside, outside; /* the workers have outside */
	pid_t pid;           /* 0: none */
	int served;          /* its descriptor, by which we see that nobody waits for it any more */
	bool is_over;        /* nobody does, and it was told to end */
	int waiting;         /* descriptor for the next one, while the one before ends; -1: none */
};

#define RUN_PROBER_INIT \
	{ \
		.inside = -1, .outside = -1, .served = -1, .waiting = -1 \
	}

int run_prober_open(struct run_prober *p, const struct gh_conf *conf,
    struct gh_error *err) GH_MUSTCHECK;
void run_prober_close(struct run_prober *p); /* accepts one that is not open */
/* Something may have come in, or a scan may be over: then its process ends, also where a server has
 * taken it over. A scan that goes on while another one is wanted is one that nobody waits for any
 * more: there is one job for all nodes. To be called several times a second. */
void run_prober_look(struct run_prober *p);
/* Was it ours that ended? */
bool run_prober_ended(struct run_prober *p, pid_t pid, const char *how);
void run_prober_stop(struct run_prober *p); /* at once */

#endif
