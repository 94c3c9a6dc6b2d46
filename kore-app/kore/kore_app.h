/* What the files of gatehouse.so that know Kore share. Event loop thread only. */
#ifndef KORE_APP_H
#define KORE_APP_H

#include <kore/kore.h>

#include "exchange/app_state.h"

/* Name of the server without TLS in the Kore configuration that `gatehouse run` writes. */
#define APP_PLAIN_SERVER "plain"

/* ---- kore_tls.c ---- */
/* Make the context of this worker's TLS; call once, before it accepts. */
int app_tls_start(struct gh_error *err) GH_MUSTCHECK;
/* Take over a new certificate when there is one; called by a timer. */
void app_tls_refresh(void);
/* For new connections; stays with those that have it when a new one takes its place. */
SSL_CTX *app_tls_context(void);
/* The verified client certificate as DER: malloc'd, NULL when there is none. ssl may be NULL. */
unsigned char *app_tls_client_cert(SSL *ssl, size_t *len);

/* ---- kore_conn.c ---- */
/* Take Kore's listening sockets over; call once in the worker, before it accepts. */
int app_conn_start(struct gh_error *err) GH_MUSTCHECK;
/* Accept no more, and close each connection behind its next answer. */
void app_conn_drain(void);
/* Is any request being received, served or answered? */
bool app_conn_is_busy(void);

#endif
