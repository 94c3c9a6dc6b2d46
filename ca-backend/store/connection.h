/*
 * Inside store/: one connection and its statements. A statement is sent and its answer awaited with a
 * deadline of our own, so that a server that hangs holds no thread longer than that.
 */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H

#include <libpq-fe.h>

#include "store.h"

#define STATEMENTS_MAX 64
#define PARAMS_MAX 40

struct store {
	char *conninfo;
	int timeout_ms;
	PGconn *conn;                    /* NULL = not connected */
	const char *prepared[STATEMENTS_MAX]; /* on this connection */
	size_t n_prepared;
	bool is_listening;
	void (*on_query)(int64_t us);
};

/* A statement under its name; both static. */
struct statement {
	const char *name;
	const char *sql;
};

/* Values of $1, $2, ... Text values and binary ones are borrowed, numbers are kept inside. */
struct params {
	int n;
	const char *value[PARAMS_MAX];
	int length[PARAMS_MAX];
	int format[PARAMS_MAX];
	char number[PARAMS_MAX][24];
};

void params_text(struct params *p, const char *text);            /* NULL = SQL NULL */
void params_int(struct params *p, int64_t v);
void params_int_or_null(struct params *p, int64_t v);            /* 0 = SQL NULL */
void params_bool(struct params *p, bool v);
void params_bytes(struct params *p, const void *bytes, size_t n); /* NULL = SQL NULL */

/* Run once. GH_E_DB_DOWN means that the outcome is not known; the connection is closed then. *state: SQLSTATE
 * of a refusal in 6 bytes, or "". *res NULL after a failure. */
int store_run(struct store *s, const struct statement *st, const struct params *p, PGresult **res,
    char state[6], struct gh_error *err) GH_MUSTCHECK;
/* Run a statement that may safely run twice: repeated once on a new connection. */
int store_query(struct store *s, const struct statement *st, const struct params *p, PGresult **res,
    struct gh_error *err) GH_MUSTCHECK;
/* Several statements without parameters, as one simple query. */
int store_script(struct store *s, const char *sql, struct gh_error *err) GH_MUSTCHECK;
void store_disconnect(struct store *s);
int store_connect(struct store *s, struct gh_error *err) GH_MUSTCHECK;
/* Wait until the socket is readable or writable. false: deadline (monotonic µs) passed. */
bool store_poll(PGconn *conn, bool for_write, int64_t deadline);

int64_t store_int(const PGresult *res, int row, int column);     /* NULL as 0 */

#define UNIQUE_VIOLATION "23505"

#endif
