/* What the application is told of a TLS connection. */
#ifndef TLS_FACTS_H
#define TLS_FACTS_H

#include <openssl/ssl.h>

#include "http.h"

/* ssl: a server's, its handshake just done. *out has the TLS facts, without binding where it cannot
 * be had or proves nothing. */
void tls_facts_read(SSL *ssl, struct gh_tls *out);

#endif
