/* Certificate, key and client CAs of the TLS port: read from their files, given to Kore's processes
 * through the shared memory of tls_pair.h, and read again when the files change. */
#ifndef RUN_TLS_H
#define RUN_TLS_H

#include <time.h>

#include "conf.h"
#include "http/tls_pair.h"

struct run_tls {
	const struct gh_conf *conf;
	struct tls_region *region;
	struct timespec changed[3];         /* of certificate, key, client CA as last read */
	int64_t next_look, next_ticket_key; /* ms */
};

/* pair: as read from the files of conf, which must outlive it. For run_tls_close. */
int run_tls_open(struct run_tls *t, const struct gh_conf *conf, struct tls_pair *pair,
    struct gh_error *err) GH_MUSTCHECK;
void run_tls_close(struct run_tls *t);
/* Read the files; what cannot be read leaves the old certificate in use. why: for the log. */
void run_tls_reload(struct run_tls *t, const char *why);
/* Reload when a file has changed, or when the ticket key is old enough. now: ms. */
void run_tls_watch(struct run_tls *t, int64_t now);

#endif
