/*
 * The caller's end of the signer's socket: one connection, used by one thread at a time, reconnecting by
 * itself. Each call has a deadline; a late or broken answer closes the connection and is GH_E_SIGNER_DOWN.
 */
#ifndef SIGNER_CLIENT_H
#define SIGNER_CLIENT_H

#include "error.h"
#include "signer/protocol.h"

struct signer_client;

/* Does not connect yet. timeout_ms bounds each call. *out to be freed with signer_client_free. */
int signer_client_new(const char *socket_path, int timeout_ms, struct signer_client **out,
    struct gh_error *err) GH_MUSTCHECK;
/* Take over a connected socket (the admin socketpair of `gatehouse init`). Never reconnects. */
int signer_client_from_fd(int fd, int timeout_ms, struct signer_client **out, struct gh_error *err)
    GH_MUSTCHECK;
void signer_client_free(struct signer_client *c);

/* Called with the duration of each question that was answered or failed; for metrics. Set once, before any thread
 * works. May be NULL. */
void signer_client_on_call(void (*fn)(int64_t us));

int signer_client_ping(struct signer_client *c, struct gh_error *err) GH_MUSTCHECK;
/* ca_id receives SHA-256 of the CA certificate. GH_E_SIGNER: wrong system key or damaged record. */
int signer_client_load_ca(struct signer_client *c, const unsigned char *sealed, size_t len,
    unsigned char ca_id[SIGNER_CA_ID_SIZE], struct gh_error *err) GH_MUSTCHECK;
/* *cert malloc'd DER. GH_E_NOT_FOUND: CA not loaded (load it and ask again; a restarted signer says
 * this); GH_E_SIGNER: beyond the CA's limits; GH_E_SIGNER_DOWN. */
int signer_client_sign_cert(struct signer_client *c, const struct signer_cert_fields *f,
    unsigned char **cert, size_t *cert_len, struct gh_error *err) GH_MUSTCHECK;
/* Only on an admin socket. *cert and *sealed malloc'd. */
int signer_client_create_ca(struct signer_client *c, const struct signer_create_ca *f,
    unsigned char **cert, size_t *cert_len, unsigned char **sealed, size_t *sealed_len,
    struct gh_error *err) GH_MUSTCHECK;

#endif
