/* What a TLS client sent of certificates. See client_chain.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "buf.h"

#include "client_chain.h"

/* In a ticket instead of what is too long for one. No certificate is a single byte. */
static const unsigned char too_long[1];

static void
put_cert(struct gh_buf *b, const X509 *cert)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);

	if (n > 0)
		gh_buf_put(b, der, (size_t)n);
	OPENSSL_free(der);
}

/* Those behind the leaf, of a full handshake. */
static void
put_rest(struct gh_buf *b, SSL *ssl)
{
	STACK_OF(X509) *sent = SSL_get_peer_cert_chain(ssl);

	for (int i = 0; i < sk_X509_num(sent); i++)
		put_cert(b, sk_X509_value(sent, i));
}

/* ---- tickets ---- */

/* A resumed session has already what it needs. */
static int
on_make_ticket(SSL *ssl, void *arg)
{
	struct gh_buf b;
	const void *data;
	int ok;

	(void)arg;
	if (SSL_session_reused(ssl))
		return 1;
	gh_buf_init(&b, CLIENT_CHAIN_TICKET_MAX);
	put_rest(&b, ssl);
	data = b.failed ? too_long : b.data;
	ok = SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), data,
	    b.failed ? sizeof(too_long) : b.len);
	gh_buf_free(&b);
	return ok;
}

static SSL_TICKET_RETURN
on_read_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *key_name, size_t key_name_len,
    SSL_TICKET_STATUS status, void *arg)
{
	void *rest;
	size_t n;

	(void)ssl;
	(void)key_name;
	(void)key_name_len;
	(void)arg;
	if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	if (SSL_SESSION_get0_ticket_appdata(session, &rest, &n) == 1 && n == sizeof(too_long))
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

int
client_chain_keep(SSL_CTX *ctx, struct gh_error *err)
{
	return SSL_CTX_set_session_ticket_cb(ctx, on_make_ticket, on_read_ticket, NULL) == 1
	    ? 0
	    : gh_fail(err, GH_E_INTERNAL, "tickets of TLS sessions");
}

/* ---- as a value ---- */

unsigned char *
client_chain_read(SSL *ssl, size_t *len)
{
	X509 *leaf = ssl != NULL ? SSL_get0_peer_certificate(ssl) : NULL;
	unsigned char *out = NULL;
	struct gh_buf b;
	void *rest;
	size_t n;

	*len = 0;
	if (leaf == NULL)
		return NULL;
	gh_buf_init(&b, CLIENT_CHAIN_MAX);
	put_cert(&b, leaf);
	if (!SSL_session_reused(ssl))
		put_rest(&b, ssl);
	else if (SSL_SESSION_get0_ticket_appdata(SSL_get_session(ssl), &rest, &n) == 1 && n > 0)
		gh_buf_put(&b, rest, n);
	if (!b.failed && (out = malloc(b.len)) != NULL) {
		memcpy(out, b.data, b.len);
		*len = b.len;
	}
	gh_buf_free(&b);
	return out;
}
