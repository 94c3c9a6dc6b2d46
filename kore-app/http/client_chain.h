/* The certificates that a TLS client sent, also with a session that is resumed. */
#ifndef CLIENT_CHAIN_H
#define CLIENT_CHAIN_H

#include <openssl/ssl.h>

#include "error.h"

#define CLIENT_CHAIN_MAX 65536       /* bytes; of a longer one there is nothing */
#define CLIENT_CHAIN_TICKET_MAX 8192 /* bytes behind the leaf that a ticket takes along */

/*
 * Tickets of ctx, a server's, hold all that the client sent: OpenSSL puts in the leaf, and this the
 * rest (SSL_SESSION_set1_ticket_appdata). Where that is longer than CLIENT_CHAIN_TICKET_MAX, the
 * ticket is not taken, and its client does a full handshake. GH_E_INTERNAL.
 */
int client_chain_keep(SSL_CTX *ctx, struct gh_error *err) GH_MUSTCHECK;

/* DER after DER, the leaf first, then as the client sent them: it has the key of the leaf, and
 * nothing else was verified. malloc'd; NULL: none, no memory, or more than CLIENT_CHAIN_MAX. */
unsigned char *client_chain_read(SSL *ssl, size_t *len);

#endif
