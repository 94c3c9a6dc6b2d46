/* What a device answers to symmetric keys that it has fetched (RFC 7191, 4 and 5; RFC 8295, 5.2).
 */
#ifndef EST_RECEIPT_H
#define EST_RECEIPT_H

#include <openssl/x509.h>

#include "package/package_form.h"

#include "est_call.h"

struct est_receipt {
	const char *who; /* for notes on stderr: argv[0] */
	X509 *cert;      /* of the log-in; NULL: there is none, and nothing is answered */
	EVP_PKEY *key;
	const char *password; /* of its file; borrowed */
	struct package_form form;
};

/*
 * Looks at keys that have come: their form, and their signature where the certificate of the signer
 * is with them. GH_E_BAD_REQUEST: they cannot be taken, and the server was told so if there is a
 * certificate. GH_E_CONF: the certificate of client_login_options cannot be read. Release with
 * est_receipt_clear, in any case.
 */
int est_receipt_open(struct est_receipt *r, struct est_server *s, const char *who,
    const struct gh_der *package, struct gh_error *err) GH_MUSTCHECK;
/* Sends the receipt, if the package asks for one; *is_sent: it is on record. To be called when the
 * keys are on disk. */
int est_receipt_send(struct est_receipt *r, struct est_server *s, bool *is_sent,
    struct gh_error *err) GH_MUSTCHECK;
void est_receipt_clear(struct est_receipt *r);

#endif
