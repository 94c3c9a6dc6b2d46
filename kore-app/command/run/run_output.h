/* What a child writes, as lines of our log. */
#ifndef RUN_OUTPUT_H
#define RUN_OUTPUT_H

#include <stddef.h>

#include "error.h"

#define RUN_OUTPUT_LINE_MAX 1000 /* bytes; a longer line becomes several: our log cuts values */

struct run_output {
	int fd[2]; /* a pipe: we read from the first, the child writes to the second; -1: closed */
	char line[RUN_OUTPUT_LINE_MAX];
	size_t len;
};
#define RUN_OUTPUT_INIT \
	{ \
		.fd = { -1, -1 } \
	}

int run_output_open(struct run_output *o, struct gh_error *err) GH_MUSTCHECK;
void run_output_close(struct run_output *o);
/* Log what is there; does not wait. who: the child. */
void run_output_read(struct run_output *o, const char *who);

#endif
