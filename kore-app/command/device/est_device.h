/*
 * A device gets and renews its certificate: the steps between the folder and the server, in the
 * order in which nothing is lost.
 */
#ifndef EST_DEVICE_H
#define EST_DEVICE_H

#include "est_certs.h"
#include "est_csr.h"
#include "est_decrypt.h"
#include "est_folder.h"
#include "est_pkcs12.h"

struct est_device {
	const char *who; /* for notes on stderr: argv[0] */
	struct est_folder folder;
	struct est_server server;
	STACK_OF(X509) * cas; /* of the server */
	int wait, poll;       /* seconds, as client_flow.h */
	/* Of est_device_request_key: the key of an answer must be encrypted for this one; NULL: TLS
	 * protects it. Borrowed. */
	const struct est_decrypt *decrypt;
	const struct est_pkcs12 *pkcs12; /* in place of it: the answer is asked for as this one */
};

enum est_outcome { EST_ISSUED, EST_PENDING };

/*
 * Learns the CA certificates of the server and keeps them in ca.pem. fingerprint: SHA-256 of its
 * root: only that root and what chains to it; NULL: all. Where no --cacert was given beside it, the
 * TLS of the first call cannot be verified, and from then on it is by these. Opens the server.
 */
int est_device_bootstrap(struct est_device *d, const char *fingerprint,
    struct gh_error *err) GH_MUSTCHECK;
/* Again over the connection that is open: roots may have been renewed. */
int est_device_learn_cas(struct est_device *d, struct gh_error *err) GH_MUSTCHECK;

/*
 * Sends the request to "simpleenroll" or "simplereenroll" until it is answered, or as long as wait
 * says, and puts the certificate into use that is for the key of the request. The key is in
 * DIR/next already. A refusal forgets that key. retry_after: EST_PENDING: when to ask again.
 */
int est_device_request(struct est_device *d, const char *operation, struct est_csr *csr,
    enum est_outcome *outcome, int *retry_after, struct gh_error *err) GH_MUSTCHECK;

/*
 * A key that the server makes, with its certificate, into use: "serverkeygen" (4.4). csr: its own
 * key is not used; it says which kind is wanted.
 */
int est_device_request_key(struct est_device *d, struct est_csr *csr, enum est_outcome *outcome,
    int *retry_after, struct gh_error *err) GH_MUSTCHECK;

void est_device_clear(struct est_device *d);

#endif
