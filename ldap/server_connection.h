/*
 * One LDAP handle: opened with failover over the configured URIs, TLS or nothing, every step under
 * the watchdog's deadline. After a failure that may be the connection's fault the handle is
 * destroyed: a new bind on the same handle fails, too (libldap 2.5).
 */
#ifndef DIR_CONNECTION_H
#define DIR_CONNECTION_H

#include <stdbool.h>

#include <ldap.h>

#include "error.h"
#include "probe.h"
#include "watchdog.h"

#define DIR_DIAGNOSTIC_MAX DIR_REPORT_MAX

struct dir_shared;

struct dir_conn {
	struct dir_shared *s;
	LDAP *ld;             /* NULL = closed */
	size_t uri;           /* index of the server: this one's, or the last one tried */
	int64_t opened_us;    /* monotonic; meaningful while open */
	bool is_reached;      /* TCP has come up; the rest, TLS, may fail */
	enum dir_state state; /* why the last open failed */
	struct dir_watch watch;
	struct ldap_conncb callback;         /* libldap keeps a pointer to it */
	char diagnostic[DIR_DIAGNOSTIC_MAX]; /* of the last failure, for logs */
};

struct dir_query {
	const char *base;
	int scope; /* LDAP_SCOPE_BASE, LDAP_SCOPE_SUBTREE */
	const char *filter;
	const char *const *attrs; /* NULL-ended */
	int limit;                /* entries; 0 = the server's limit */
};

/* Must not be moved afterwards. */
void dir_conn_init(struct dir_conn *c, struct dir_shared *s);
void dir_conn_close(struct dir_conn *c); /* accepts a closed one */

/* Connect to the first URI that answers; with as_service also bind as the service account. No
 * effect when open. GH_E_DIR_DOWN: c->state is the cause at the server where it came furthest. */
int dir_conn_open(struct dir_conn *c, bool as_service, struct gh_error *err) GH_MUSTCHECK;
/* The same with one URI, as the service account; c is closed before. */
int dir_conn_open_server(struct dir_conn *c, size_t uri, struct gh_error *err) GH_MUSTCHECK;

/*
 * All return an LDAP result code and close the connection when is_broken says so. *res is NULL or
 * must be freed with ldap_msgfree, whatever the result: a size limit comes with the first entries.
 */
int dir_conn_search(struct dir_conn *c, const struct dir_query *q, LDAPMessage **res) GH_MUSTCHECK;
/* Change an entry, or add it (all mods are LDAP_MOD_ADD then). */
int dir_conn_write(struct dir_conn *c, const char *dn, LDAPMod **mods, bool is_new) GH_MUSTCHECK;
int dir_conn_bind(struct dir_conn *c, const char *dn, const char *password) GH_MUSTCHECK;

/* Worth a second try on a new connection? */
bool dir_conn_is_broken(int ldap_code);

/* May passwords be sent there? GH_E_CONF tells why not. */
int dir_conn_check_uri(const char *uri, bool starttls, struct gh_error *err) GH_MUSTCHECK;

#endif
