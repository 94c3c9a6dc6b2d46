/* A connection to an endpoint that may be hostile: what it sends is bounded in bytes, and all of it
 * in time. */
#ifndef SCAN_LINK_H
#define SCAN_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCAN_BYTES_MAX \
	((size_t)512 * 1024) /* that an endpoint may send until its certificates are there */

struct scan_link {
	int fd;
	int64_t end;   /* microseconds of gh_now_us */
	size_t left;   /* bytes that may still come */
	char why[120]; /* of a failure */
};

/* false: l->why. Name look-ups take the time that the resolver gives them. */
bool scan_link_open(struct scan_link *l, const char *host, int port, int timeout);
void scan_link_close(struct scan_link *l); /* accepts one that is not open */
/* What is there, at least a byte; 0: l->why. */
size_t scan_link_read(struct scan_link *l, void *p, size_t n);
bool scan_link_write(struct scan_link *l, const void *p, size_t n);

#endif
