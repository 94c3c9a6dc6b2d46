/*
 * Log-ins of browsers: one row for each session. The row's id is a keyed hash of the cookie, and
 * what the row says is under a MAC of the gateway secret: neither reader nor writer of the database
 * gets a session out of it. docs/sessions.md
 */
#ifndef STORE_SESSION_ROW_H
#define STORE_SESSION_ROW_H

#include "store/store.h"

#define STORE_SESSION_ID_SIZE 32
/* Hex digits of an id that lists show, and by which a command names a session. */
#define STORE_SESSION_HANDLE 16

struct store_session {
	unsigned char id[STORE_SESSION_ID_SIZE];
	struct requester who; /* roles: those at log-in; address: where from */
	bool by_certificate;
	unsigned char certificate[32]; /* its SHA-256 */
	unsigned char mark[32];        /* of what a new password changes */
	int64_t created, ends, used;   /* UTC seconds, by the node's clock */
};

/* Write a new one with the audit row "login.succeeded". max: sessions that the person may have; the
 * oldest of them make room. One statement. GH_E_INTERNAL: no gateway secret. */
int store_new_session(struct store *s, const struct store_session *session, int max,
    const char *request_id, struct gh_error *err) GH_MUSTCHECK;
/* GH_E_NOT_FOUND; GH_E_SEAL: the row was written or changed past Gatehouse. */
int store_get_session(struct store *s, const unsigned char id[STORE_SESSION_ID_SIZE],
    struct store_session *out, struct gh_error *err) GH_MUSTCHECK;
/* session->used is written, with its MAC; never set back. */
int store_touch_session(struct store *s, const struct store_session *session,
    struct gh_error *err) GH_MUSTCHECK;

/* How sessions are ended, with an audit row for each. */
struct store_session_end {
	const struct requester *who; /* who ends them */
	const char *event;           /* "logout", "session.ended" */
	const char *detail;          /* why */
	const char *request_id;      /* or NULL */
};
/* *ended: 0 when there is none (any more). */
int store_end_session(struct store *s, const unsigned char id[STORE_SESSION_ID_SIZE],
    const struct store_session_end *end, int *ended, struct gh_error *err) GH_MUSTCHECK;

#endif
