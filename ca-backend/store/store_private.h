/*
 * Inside the store: the connection, parameters, and results. Only files of this folder include it,
 * and only through it libpq.
 */
#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H

#include <libpq-fe.h>

#include "buf.h"

#include "login.h"
#include "store/store.h"

#define STORE_PARAMS_MAX 40
#define STORE_ROWS_MAX 16 /* of store_run_rows */
#define STORE_PACKAGES_STATE_SIZE 240
#define STORE_MIGRATION_MS (10 * 60 * 1000)

struct store_statement {
	const char *name; /* what it does; name of the prepared statement */
	const char *sql;
};

struct store {
	char *conninfo;
	int timeout_ms;
	PGconn *conn;                            /* NULL = not connected */
	const struct store_statement **prepared; /* on this connection; malloc'd */
	size_t prepared_n, prepared_cap;
	uint64_t server;     /* key of the server, see servers.h */
	bool has_others;     /* the connection string names more than this one */
	int64_t answered_us; /* last answer, monotonic microseconds */
	bool is_listening;
	bool in_transaction;
	bool is_asked;        /* a statement was sent, its answer is to be collected */
	int64_t asked_us;     /* when, monotonic microseconds */
	int64_t deadline;     /* of its answer, the same */
	bool is_unreplicated; /* the last commit was not confirmed by the synchronous standby */
	/* The last failure lost an established connection before its answer came, and not by our
	 * deadline: worth another try on a new one. */
	bool was_lost;
	char constraint[64];         /* of the last unique violation */
	const atomic_bool *unwanted; /* as store_unless; NULL = none */
	bool is_watched;             /* the server looks whether we are there */
	char sqlstate[6]; /* of the last statement, when the server refused it; else "" */
	bool is_measured;
	/* store/grant/grant.h */
	bool has_grant_key;
	unsigned char grant_key[32];
	int64_t grant_revision; /* newest that was seen */
	/* Of store_share_packages: rows, and the state of the database that they are of. */
	gh_json *packages;
	char packages_state[STORE_PACKAGES_STATE_SIZE];
	char grant_told[200]; /* what is wrong with them, as it was last logged */
	struct store_login login;
};

/* Parameters in order. Text that is not UTF-8 is copied with '?' for the wrong bytes, since names
 * of failed logins reach the audit table. Running out of memory is remembered. */
struct store_params {
	int n;
	bool failed;
	const char *value[STORE_PARAMS_MAX];
	int length[STORE_PARAMS_MAX];
	int format[STORE_PARAMS_MAX];
	char *owned[STORE_PARAMS_MAX];
};
void store_params_clear(struct store_params *p);
void store_put_text(struct store_params *p, const char *s); /* borrowed; NULL = null */
void store_put_int(struct store_params *p, int64_t v);
void store_put_bool(struct store_params *p, bool v);
void store_put_bytes(struct store_params *p, const void *b, size_t n); /* borrowed; NULL = null */
void store_put_hex(struct store_params *p, const char *hex);           /* as bytes */
#define SERIAL_BYTES 16 /* of a serial number, as the signer makes them */
/* A serial number without leading zeros, and filled up with them to the length that the signer's
 * serials have: the two forms that can stand in the inventory, as hexadecimal digits of whole
 * bytes. digits: of store_clean_hex. */
struct store_serial_forms {
	char bare[STORE_HEX_DIGITS_MAX + 2], filled[STORE_HEX_DIGITS_MAX + 2];
};
void store_serial_forms(const char *digits, struct store_serial_forms *out);
/* Both as parameters. */
void store_put_serial(struct store_params *p, const char *digits);
void store_put_json(struct store_params *p, const gh_json *v);       /* NULL = null */
void store_put_texts(struct store_params *p, const gh_json *array);  /* text[]; NULL = {} */
void store_put_list(struct store_params *p, char *const *list);      /* the same, NULL-ended */
void store_put_numbers(struct store_params *p, const int *v, int n); /* int[] */
/* Six parameters: actor, kind, app, address, request_id, detail */
void store_put_actor(struct store_params *p, const struct requester *who, const char *request_id,
    const char *detail);

/* Connected, or GH_E_DB_DOWN. A connection that the server has closed is noticed and replaced, as
 * is one to a server that has become silent when there are others. */
int store_connect(struct store *s, struct gh_error *err) GH_MUSTCHECK;
void store_disconnect(struct store *s);
/*
 * One statement, one round trip (and one more the first time on a connection). st->name NULL: not
 * prepared. *res by PQclear. GH_E_CONFLICT for a unique violation, with s->constraint; the caller
 * gives it a meaning. Serialization failures and deadlocks are repeated once.
 */
int store_run(struct store *s, const struct store_statement *st, const struct store_params *p,
    PGresult **res, struct gh_error *err) GH_MUSTCHECK;
/* The same for one that takes n rows, 1 to STORE_ROWS_MAX: their parameters one after the other. */
int store_run_rows(struct store *s, const struct store_statement *st,
    const struct store_params *const *row, size_t n, PGresult **res,
    struct gh_error *err) GH_MUSTCHECK;
/* Its two halves, not repeated: the answer is to be collected before the connection is used for
 * anything else, and not after a failure to send. */
int store_send(struct store *s, const struct store_statement *st, const struct store_params *p,
    struct gh_error *err) GH_MUSTCHECK;
int store_collect(struct store *s, PGresult **res, struct gh_error *err) GH_MUSTCHECK;
/* The same for reads: once more when the connection was lost. Releases p. */
int store_read(struct store *s, const struct store_statement *st, struct store_params *p,
    PGresult **res, struct gh_error *err) GH_MUSTCHECK;
/* The same for a statement that answers one value: JSON (*out NULL: null, or no row), ... */
int store_read_json(struct store *s, const struct store_statement *st, struct store_params *p,
    gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* ... JSON of a statement that was put together for this question; releases sql, too; ... */
int store_read_composed(struct store *s, struct gh_buf *sql, struct store_params *p, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
/* ... or a number (0: null). */
int store_read_int(struct store *s, const struct store_statement *st, struct store_params *p,
    int64_t *n, struct gh_error *err) GH_MUSTCHECK;
/* A write of the administrator, not repeated. Releases p. taken: public message for
 * GH_E_CONFLICT. */
int store_write(struct store *s, const struct store_statement *st, struct store_params *p,
    const char *taken, PGresult **res, struct gh_error *err) GH_MUSTCHECK;
/* The same two where nobody looks at the rows. */
int store_do(struct store *s, const struct store_statement *st, struct store_params *p,
    struct gh_error *err) GH_MUSTCHECK;
int store_do_once(struct store *s, const struct store_statement *st, struct store_params *p,
    const char *taken, struct gh_error *err) GH_MUSTCHECK;
/* Statements without parameters, by the simple protocol. */
int store_script(struct store *s, const char *sql, int timeout_ms,
    struct gh_error *err) GH_MUSTCHECK;
/* Its two halves, for one that takes long. */
int store_script_begin(struct store *s, const char *sql, struct gh_error *err) GH_MUSTCHECK;
int store_script_end(struct store *s, int timeout_ms, struct gh_error *err) GH_MUSTCHECK;
/*
 * A transaction over several statements. A connection that is lost inside is not replaced: all that
 * follows is GH_E_DB_DOWN until the rollback. store_rollback accepts any state and cannot fail:
 * what it cannot tell the server, closing the connection does. A failed commit (GH_E_DB_DOWN) may
 * have happened: the caller must be able to find out.
 */
int store_begin(struct store *s, struct gh_error *err) GH_MUSTCHECK;
/* The same, for one that locks rows: who waits longer than most of the timeout is told GH_E_BUSY,
 * and the server ends a transaction whose client does nothing, so that a stopped process holds no
 * lock for ever. */
int store_begin_locking(struct store *s, struct gh_error *err) GH_MUSTCHECK;
int store_commit(struct store *s, struct gh_error *err) GH_MUSTCHECK;
void store_rollback(struct store *s);
/*
 * All rows of a SELECT without parameters, by COPY in its binary form: row is called for each with
 * its columns, which are gone when it returns; its failure ends the stream. Memory does not grow
 * with the number of rows. A failure costs the connection.
 */
#define STORE_COPY_COLUMNS 8
struct store_field {
	const unsigned char *p;
	int32_t len; /* -1: null */
};
int store_copy(struct store *s, const char *select, size_t columns,
    int (*row)(void *arg, const struct store_field *f, struct gh_error *err), void *arg,
    struct gh_error *err) GH_MUSTCHECK;
int64_t store_field_int(const struct store_field *f);  /* smallint, int, bigint; 0 for null */
int64_t store_field_time(const struct store_field *f); /* timestamptz: UTC seconds, rounded down */
/* Wait for notifications of a channel (an SQL identifier) for at most timeout_ms; fn is called with
 * each payload. *missed: we listen since now only. The connection is used for nothing else. */
int store_listen(struct store *s, const char *channel, int timeout_ms,
    void (*fn)(void *arg, const char *payload), void *arg, bool *missed,
    struct gh_error *err) GH_MUSTCHECK;
/* For store_trouble. what: static text; NULL ends whatever there is. */
#define STORE_NO_CONNECTION "no connection"
void store_trouble_note(const char *what);
void store_trouble_state(const char *sqlstate);
void store_trouble_end(const char *what);
/* What libpq says of the last failure, as one line. */
#define STORE_FAILURE_MAX 300
void store_failure_text(const struct store *s, char text[STORE_FAILURE_MAX]);
/* Wait until the socket can be read or the monotonic time (microseconds) has come. 1, 0 or -1. */
int store_poll(struct store *s, short events, int64_t deadline);
/* As store_unless asked. */
bool store_is_unwanted(const struct store *s);
/* Where somebody may lose interest in the next statement: from now on the server ends what it does
 * for a connection that has gone. GH_E_DB_DOWN: the connection has. */
int store_let_server_watch(struct store *s, struct gh_error *err) GH_MUSTCHECK;

bool store_has(const PGresult *res, int row, int col);         /* not null */
const char *store_text(const PGresult *res, int row, int col); /* "" for null */
int64_t store_int(const PGresult *res, int row, int col);      /* 0 for null */
bool store_bool(const PGresult *res, int row, int col);
/* malloc'd; *out NULL for null. */
int store_bytes(const PGresult *res, int row, int col, unsigned char **out, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;
/* Does the column hold this MAC (grant/row_seal.h)? */
bool store_is_mac(const PGresult *res, int row, int col, const unsigned char mac[32]);
/* JSON of a column. */
int store_json(const PGresult *res, int row, int col, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

/* A certificate to be put into the inventory. */
struct store_new_cert {
	const struct ca *ca; /* issuer */
	const unsigned char *der;
	size_t len;
	bool is_unsharded; /* its CDP is that of the complete CRL, whatever the CA has */
	const char *requester;
	const char *event;  /* of an audit row about its subject, by who; NULL = none */
	const char *detail; /* of that row; NULL = the serial number */
};
/* The columns that come from the certificate itself. */
#define STORE_CERT_COLUMNS \
	"ca_id, serial, subject, sans, not_before, not_after, sha1, sha256, spki_sha256, der, shard"
/* Its row, for one that belongs to no request: of a CA, an OCSP signer, a server. One statement.
 * *id: CMSID. */
int store_new_cert(struct store *s, const struct requester *who, const struct store_new_cert *c,
    int64_t *id, struct gh_error *err) GH_MUSTCHECK;
/* STORE_CERT_COLUMNS as parameters, of the leaf of a decided request; all null unless issued. */
int store_put_issued(struct store_params *p, const struct store_decision *d,
    const struct enroll_outcome *out, struct gh_error *err) GH_MUSTCHECK;

/* An answer as it was recorded. */
#define STORE_OUTCOME_COLUMNS \
	"r.id, r.certificate_id, r.disposition, r.status_code, r.message, c.serial, c.sha1, c.der, c.ca_id"
#define STORE_OUTCOME_JOIN "request r LEFT JOIN certificate c ON c.id = r.certificate_id"
#define STORE_OUTCOME_N 9
/* *out is cleared first. */
int store_fill_outcome(const PGresult *res, struct enroll_outcome *out, int64_t *ca_id,
    struct gh_error *err) GH_MUSTCHECK;
/* A mark that is looked for. */
struct store_mark {
	const struct requester *who;
	/* A row of this very HTTP request may be our own earlier try, and is not called a replay;
	 * NULL = unknown. */
	const char *http_request_id;
	const unsigned char *mark; /* REPLAY_MARK_SIZE bytes */
	const unsigned char
	    *content; /* as many that must be recorded with it; NULL = whatever is */
};
/* The answer recorded under it. GH_E_REPLAY: for another requester; GH_E_CONFLICT: with another
 * content. */
int store_lookup_mark(struct store *s, const struct store_mark *m, bool *found,
    struct enroll_outcome *out, int64_t *ca_id, struct gh_error *err) GH_MUSTCHECK;

#endif
