/*
 * How the TLS certificate and key reach the worker processes. `gatehouse run` reads the files (it
 * may be root), checks that they fit, and writes them into memory that Kore inherits as a read-only
 * descriptor. To reload, it writes again and counts up; the workers look at the count. So workers
 * never need to read the key file, and a pair that does not fit never reaches them.
 */
#ifndef TLS_PAIR_H
#define TLS_PAIR_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define TLS_PAIR_CHAIN_MAX (128 * 1024) /* bytes of PEM */
#define TLS_PAIR_KEY_MAX (32 * 1024)
#define TLS_PAIR_CLIENT_CA_MAX (1024 * 1024)
#define TLS_PAIR_TICKET_KEY_SIZE 80 /* SSL_CTX_set_tlsext_ticket_keys */
#define TLS_PAIR_FD_ENV "GATEHOUSE_TLS_FD"

/* One consistent reading. Texts are NUL-terminated and owned. */
struct tls_pair {
	uint64_t generation;
	char *chain;
	char *key;
	char *client_ca; /* "" = no client certificates */
	unsigned char ticket_key[TLS_PAIR_TICKET_KEY_SIZE];
};

/* Read and check: the key belongs to the first certificate, the client CAs are certificates.
 * client_ca "" = none. A fresh ticket key is drawn. GH_E_CONF: message names the file and what is
 * wrong with it. */
int tls_pair_read(const char *chain, const char *key, const char *client_ca, struct tls_pair *out,
    struct gh_error *err) GH_MUSTCHECK;
void tls_pair_clear(struct tls_pair *p); /* wipes */

/* ---- the writing side, one process ---- */
struct tls_region;
int tls_region_new(struct tls_region **out, struct gh_error *err) GH_MUSTCHECK;
void tls_region_free(struct tls_region *r);
/* Descriptor to inherit, read-only, close-on-exec; owned by r. */
int tls_region_fd(const struct tls_region *r);
/* Sets p->generation. */
void tls_region_publish(struct tls_region *r, struct tls_pair *p);

/* ---- the reading side ---- */
struct tls_view;
/* Closes fd. */
int tls_view_new(int fd, struct tls_view **out, struct gh_error *err) GH_MUSTCHECK;
uint64_t tls_view_generation(const struct tls_view *v);
/* GH_E_BUSY: being written; ask again. */
int tls_view_read(const struct tls_view *v, struct tls_pair *out,
    struct gh_error *err) GH_MUSTCHECK;
void tls_view_free(struct tls_view *v);

#endif
