/*
 * The servers that a connection string names, and what this process knows of them. libpq tries them
 * in turn, too, but without a limit for each when it must not block, and always from the first one:
 * a host that is switched off would take the whole time of every try.
 */
#ifndef STORE_SERVERS_H
#define STORE_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define STORE_SERVERS_MAX \
	32 /* hosts of the connection string, and all their addresses: of those that the DNS adds, \
	      what goes beyond is not tried */

struct store_server {
	char *host, *address, *port; /* NULL = what the connection string says */
	uint64_t key;                /* of the three */
};

struct store_servers {
	struct store_server v[STORE_SERVERS_MAX];
	size_t n; /* at least 1 */
	char
	    session[24]; /* target_session_attrs to ask for; "" = what the connection string says */
	int connect_ms;  /* connect_timeout of the connection string; 0 = none */
};

/*
 * All addresses of all hosts, in the order to try them: first the one that answered last, then as
 * written, at the end those that gave no answer. Names are resolved here, which the system's
 * resolver may delay. A string that libpq refuses becomes one server without changes: connecting
 * gives libpq's own words. GH_E_NOMEM.
 */
int store_servers_read(const char *conninfo, struct store_servers *out,
    struct gh_error *err) GH_MUSTCHECK;
void store_servers_clear(struct store_servers *s);

/* What was found out, for all threads of the process. Silent: connecting or a statement reached its
 * deadline. */
void store_server_answered(uint64_t key);
void store_server_silent(uint64_t key);
/* It was found silent after this moment (monotonic, microseconds), and not answering since. */
bool store_server_is_silent_since(uint64_t key, int64_t us);

#endif
