/* What is told of a TLS connection, at either end of it. */
#ifndef TLS_FACTS_H
#define TLS_FACTS_H

#include <openssl/ssl.h>

#include "http.h"

/* ssl: its handshake is done. *out has the TLS facts, without binding where it cannot
 * be had or proves nothing. */
void tls_facts_read(SSL *ssl, struct gh_tls *out);

#endif
