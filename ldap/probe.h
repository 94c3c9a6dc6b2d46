/* What is wrong with the directory, in one word: for readiness, `gatehouse run --check` and
 * diagnosis. */
#ifndef DIR_PROBE_H
#define DIR_PROBE_H

#include <stddef.h>

#include "dir.h"

/* In the order in which a look-up meets them: a later one means that all before it are in order. */
enum dir_state {
	DIR_STATE_UNREACHABLE, /* no connection, or no answer in time */
	DIR_STATE_TLS, /* certificate not trusted or of another name, StartTLS refused, ca_file
			  unreadable */
	DIR_STATE_CREDENTIALS, /* the server refuses the service account, or what it asks */
	DIR_STATE_BASE, /* directory.base does not exist, or the service account may not read it */
	DIR_STATE_GROUP_BASE, /* the same for directory.group_base */
	DIR_STATE_TYPE,       /* the other kind of directory than directory.type says */
	DIR_STATE_UP,
	DIR_STATES
};

#define DIR_REPORT_MAX 256 /* bytes */

struct dir_report {
	enum dir_state state;
	char server[DIR_REPORT_MAX]; /* URI that was asked last; "" = none */
	char detail[DIR_REPORT_MAX]; /* for administrators: what the server or the library said; ""
					when up */
};

/* "up", "unreachable", "credentials refused", ...: stable, part of /readyz. */
const char *dir_state_name(enum dir_state s);
/* The options to look at: "check directory.bind_dn and directory.password_file". Empty for "up". */
const char *dir_state_advice(enum dir_state s);

/*
 * Bind as the service account, read the base (and group base) and compare the kind of directory, at
 * the first server that takes us, as a look-up does. The connection is kept for the next call, but
 * for DIR_PROBE_REBIND_SECONDS only, so that a changed password is noticed. Always fills *r.
 * GH_E_DIR_DOWN unless up.
 */
#define DIR_PROBE_REBIND_SECONDS 30
int dir_probe(struct dir *d, struct dir_report *r, struct gh_error *err) GH_MUSTCHECK;

/* The same at one of the configured servers, 0 ... dir_servers()-1, on a connection of its own. */
size_t dir_servers(const struct dir_shared *s);
int dir_probe_server(struct dir_shared *s, size_t server, struct dir_report *r,
    struct gh_error *err) GH_MUSTCHECK;

#endif
