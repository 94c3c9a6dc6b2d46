/* Long work tells how far it is, and asks whether it may go on. */
#ifndef GH_PROGRESS_H
#define GH_PROGRESS_H

#include <stdbool.h>

struct gh_progress {
	/* Should the work end soon? NULL = never. */
	bool (*is_stopping)(void *arg);
	/* A line of text, for people who wait; NULL = nobody does. */
	void (*tell)(void *arg, const char *text);
	void *arg; /* of both */
};

#define GH_PROGRESS_SIZE 256 /* bytes of one line; what is longer is cut */

bool gh_progress_is_stopping(const struct gh_progress *p);
void gh_progress_tell(const struct gh_progress *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
