/*
 * Passwords of CA keys: the row of ca and that of ca_password change together, under one lock, in
 * one transaction:
 *
 *     store_password_lock -> the caller verifies -> store_password_put_... -> store_audit ->
 * store_password_commit
 *
 * or store_password_abandon at any point behind the lock. The lock is that of the ca row, in a mode
 * that lets certificates be issued meanwhile; whoever comes second waits and sees what the first
 * one wrote. So the count of failures is exact for all processes and nodes, and PostgreSQL's clock
 * is the only one.
 */
#ifndef STORE_PASSWORD_H
#define STORE_PASSWORD_H

#include "store/store.h"

#define STORE_CA_ID_SIZE 32 /* SHA-256 of the certificate */

/* Times are UTC seconds, 0 = none. */
struct store_password {
	int64_t ca; /* row of ca */
	char *name;
	unsigned char ca_id[STORE_CA_ID_SIZE]; /* zeros: no certificate yet */
	enum ca_protection protection;
	unsigned char *sealed; /* NULL: no key here */
	size_t sealed_len;
	char *hash;           /* bcrypt; NULL: no password */
	int attempts;         /* failed since the last success or the end of the last lockout */
	int lockouts;         /* in a row */
	int64_t now;          /* of the database */
	int64_t locked_until; /* 0 when it has passed */
	int64_t last_accessed_at;
	/* What store_password_put_key wrote; owned. */
	unsigned char *new_sealed;
	size_t new_sealed_len;
};
void store_password_clear(struct store_password *p); /* wipes the hash */

/* As it stands, without a lock. ca: name, or decimal id. GH_E_NOT_FOUND. */
int store_password_get(struct store *s, const char *ca, struct store_password *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Begin a transaction and lock the CA. GH_E_NOT_FOUND; GH_E_BUSY: others held the lock for too
 * long. No transaction is open after a failure. */
int store_password_lock(struct store *s, const char *ca, struct store_password *out,
    struct gh_error *err) GH_MUSTCHECK;
/* A wrong password. The attempts_max'th locks for lock_seconds, twice that with each further
 * lockout, at most a day. *p becomes what was written. */
int store_password_put_failure(struct store *s, struct store_password *p, int attempts_max,
    int lock_seconds, struct gh_error *err) GH_MUSTCHECK;
/* A right password: nothing is counted any more. */
int store_password_put_access(struct store *s, struct store_password *p,
    struct gh_error *err) GH_MUSTCHECK;
/* A new record of the key, and the hash of the password it is under; hash NULL: under the system
 * key. */
int store_password_put_key(struct store *s, const struct requester *who, struct store_password *p,
    const unsigned char *sealed, size_t len, const char *hash, struct gh_error *err) GH_MUSTCHECK;
/* Ends the transaction. When the answer was lost and a key was put, the database is asked which
 * record it has: 0, or GH_E_DB_DOWN with a message that says whether the old one stays or the
 * outcome is unknown. */
int store_password_commit(struct store *s, struct store_password *p,
    struct gh_error *err) GH_MUSTCHECK;
void store_password_abandon(struct store *s);

#endif
