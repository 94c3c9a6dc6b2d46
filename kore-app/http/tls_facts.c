/* Facts of a TLS connection. See tls_facts.h. */
#include <string.h>

#include "tls_facts.h"

#define EXPORTER "EXPORTER-Channel-Binding" /* RFC 9266, 2 */

/*
 * The first Finished of the handshake (RFC 5929, 3.1): the client's, or the server's when a session
 * was resumed. Without the extended master secret, somebody in between can have two connections
 * with the same one, each resumed from a session of his own (RFC 7627, 1): then it is none. It is
 * the one of the only handshake: there is no renegotiation.
 */
static size_t
tls_unique(SSL *ssl, unsigned char *out, size_t size)
{
	bool is_resumed = SSL_session_reused(ssl) == 1;
	/* the first one is the client's, or the server's of a resumed session */
	bool is_ours = (SSL_is_server(ssl) == 1) == is_resumed;
	size_t n;

	if (is_resumed && SSL_get_extms_support(ssl) != 1)
		return 0;
	n = is_ours ? SSL_get_finished(ssl, out, size) : SSL_get_peer_finished(ssl, out, size);
	return n <= size ? n : 0; /* cut: it is not the one */
}

/* Zero-length context. */
static size_t
tls_exporter(SSL *ssl, unsigned char *out, size_t size)
{
	static const unsigned char none[1];

	return SSL_export_keying_material(ssl, out, size, EXPORTER, strlen(EXPORTER), none, 0, 1) ==
		1
	    ? size
	    : 0;
}

void
tls_facts_read(SSL *ssl, struct gh_tls *out)
{
	memset(out, 0, sizeof(*out));
	out->protocol = SSL_get_version(ssl);
	out->is_resumed = SSL_session_reused(ssl) == 1;
	out->bits = SSL_get_cipher_bits(ssl, NULL);
	out->binding_len = SSL_version(ssl) == TLS1_2_VERSION
	    ? tls_unique(ssl, out->binding, sizeof(out->binding))
	    : tls_exporter(ssl, out->binding, sizeof(out->binding));
}
