/* The signer's socket: who may connect, and a thread for each connection. */
#ifndef SIGNER_SERVER_H
#define SIGNER_SERVER_H

#include <stddef.h>
#include <sys/types.h>

#include "session.h"

#define SERVER_PEERS_MAX 16

struct server_options {
	const char *socket_path;
	uid_t peer[SERVER_PEERS_MAX]; /* may connect, beside root and the signer's own user */
	size_t peers;
	unsigned max_connections;
};

struct server;

/* Bind and listen. GH_E_CONF: a live signer answers there, the path is no socket, or cannot be
 * bound. SIGTERM and SIGINT are blocked from here on; server_run takes them. */
int server_new(const struct server_options *options, struct signer *signer, struct server **out,
    struct gh_error *err) GH_MUSTCHECK;
/* Serve until SIGTERM or SIGINT; running signatures are finished. Removes the socket. */
int server_run(struct server *s, struct gh_error *err) GH_MUSTCHECK;
void server_free(struct server *s); /* accepts NULL */

#endif
