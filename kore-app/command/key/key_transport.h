/* The transport key of a KRA: what session keys are wrapped for. */
#ifndef KEY_TRANSPORT_H
#define KEY_TRANSPORT_H

#include <openssl/evp.h>

#include "signer/protocol/protocol_kra.h"

#include "client/client_rest.h"

struct key_transport {
	EVP_PKEY *key; /* public, RSA or EC */
	unsigned char id[KRA_KEY_ID_SIZE];
};

/*
 * file: its certificate, PEM or DER, as it was handed out; NULL: the gateway is asked for the
 * current one. Whoever does not trust the gateway keeps the certificate in a file: a gateway that
 * was taken over could name a key of its own. GH_E_CONF: no certificate, or it has ended;
 * GH_E_BAD_JSON.
 */
int key_transport_get(const char *file, struct client_rest *r, struct key_transport *out,
    struct gh_error *err) GH_MUSTCHECK;
void key_transport_clear(struct key_transport *t);

#endif
