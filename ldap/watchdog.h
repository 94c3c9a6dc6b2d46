/*
 * Hard deadlines for libldap. Its own timeouts do not bound a TLS handshake, so one thread shuts
 * the socket down when the deadline has passed; the blocked call then returns with "server down".
 *
 * A watch holds a duplicate of the socket: what libldap closes, and whoever gets that number next,
 * does not matter. All members belong to the watchdog's lock.
 */
#ifndef DIR_WATCHDOG_H
#define DIR_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct dir_watchdog;

struct dir_watch {
	struct dir_watchdog *dog;
	struct dir_watch *next, **prev;
	int64_t deadline; /* CLOCK_MONOTONIC, microseconds; 0 = none */
	int fd;           /* our duplicate; -1 = none */
	bool is_late;     /* the deadline has passed: the socket is shut down */
};

/* Starts the thread. NULL when there is no memory or thread. */
struct dir_watchdog *dir_watchdog_new(void);
/* All watches must be removed before. */
void dir_watchdog_free(struct dir_watchdog *dog);

void dir_watch_add(struct dir_watchdog *dog, struct dir_watch *w);
void dir_watch_remove(struct dir_watch *w); /* accepts a zeroed watch */

/* The operation that starts now ends within ms. */
void dir_watch_arm(struct dir_watch *w, int ms);
/* false when the deadline has passed: the connection is dead. */
bool dir_watch_disarm(struct dir_watch *w) GH_MUSTCHECK;

/* The socket of the connection; -1 when it closes. A socket that comes late is shut down at once.
 * Returns 0, or -1 when it cannot be duplicated. */
int dir_watch_socket(struct dir_watch *w, int fd) GH_MUSTCHECK;

#endif
