/* Requests that a client finds again by what it asks, not by a number. */
#ifndef STORE_REQUEST_POLL_H
#define STORE_REQUEST_POLL_H

#include "store/store.h"

#define STORE_POLL_KEY_SIZE 65 /* SHA-256 in hex, and NUL */

/* The newest request with a key. */
struct store_polled {
	int64_t id; /* 0: there is none */
	enum db_disposition disposition;
	bool is_decided; /* it had waited, and somebody decided */
	bool is_good;    /* its certificate is neither revoked nor over */
	int64_t age;     /* seconds since it was answered; 0: it waits */
};

/* Was the certificate with this SHA-256 (hex) of its TBSCertificate renewed at a label that renews
 * each once, or does such a renewal wait? */
int store_is_renewed(struct store *s, const char *sha256, bool *is_renewed,
    struct gh_error *err) GH_MUSTCHECK;
#define STORE_RENEWED_ALREADY \
	"This certificate was renewed already, and each is renewed once: use the new one."

int store_find_polled(struct store *s, const char *key, struct store_polled *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
