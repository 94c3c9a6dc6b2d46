/* The answer to an enrollment: read it, and believe nothing of it that can be checked. Pure: no
 * I/O. */
#ifndef CLIENT_ANSWER_H
#define CLIENT_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "formats/enroll_request.h"
#include "error.h"

enum client_disposition { CLIENT_ISSUED, CLIENT_PENDING, CLIENT_DENIED, CLIENT_FAILED };

struct client_answer {
	enum client_disposition disposition;
	char message[512];                  /* of the gateway; "" when none */
	int64_t request_id, certificate_id; /* 0: none */
	char serial[64], thumbprint[64];    /* upper-case hex */
	struct cert_chain chain;            /* leaf first; empty unless issued */
};

/* Read the JSON of an HTTP answer; any status. GH_E_BAD_JSON: it is no answer of a gateway (message
 * says the status). An answer without RequestDisposition is CLIENT_FAILED with its Message. */
int client_answer_parse(long status, const char *text, size_t len, struct client_answer *out,
    struct gh_error *err) GH_MUSTCHECK;
void client_answer_clear(struct client_answer *a);
/* The message of an answer of any status, fit for a terminal; fallback when it has none. */
void client_answer_message(const char *text, size_t len, const char *fallback, char *out,
    size_t size);

enum client_trust {
	CLIENT_TRUST_NONE,  /* CERT_ONLY: no chain to check */
	CLIENT_TRUST_CHAIN, /* chain ends in a root that came with the answer */
	CLIENT_TRUST_ROOT,  /* chain ends in a root that was given */
};

/*
 * Is the certificate ours, and does its chain hold? key: public or private key that was certified.
 * roots: trusted certificates, or NULL to take the last of the chain. GH_E_FORBIDDEN says what is
 * wrong.
 */
int client_answer_check(const struct client_answer *a, const EVP_PKEY *key, STACK_OF(X509) * roots,
    enum client_trust *trust, struct gh_error *err) GH_MUSTCHECK;

/* Certificate i of the chain; NULL when it does not parse. Freed by the caller. */
X509 *client_answer_cert(const struct client_answer *a, size_t i);

#endif
