/*
 * The key of a client that the private key made for it is encrypted for (RFC 7030, 4.4.1.1 and
 * 4.4.1.2): one that was registered for this client (`gatehouse est key`), that of the
 * certificate that it shows, or of one that it got from us. docs/est.md
 */
#ifndef ENROLL_EST_RECIPIENT_H
#define ENROLL_EST_RECIPIENT_H

#include "call.h"
#include "formats/decrypt_wish.h"

#define EST_KEY_ID_SIZE 20 /* SHA-1 of a public key (RFC 5280, 4.2.1.2, method 1) */

/* Of a kek or a password, or of a certificate; owned, and wiped. */
struct est_recipient {
	unsigned char *kek, *cert;
	size_t kek_len, cert_len;
	struct smime_choice choice;
};

/*
 * label: whose certificates of the caller count. No key of another client counts, whatever its
 * identifier. GH_E_BAD_REQUEST (public): there is none of this identifier, its time is over, its
 * KeyUsage forbids it, or nothing that the client can decrypt fits it; GH_E_NOT_ACCEPTABLE
 * (public): there is no password. *out is empty after a failure, and where the wish is none.
 */
int est_recipient_find(const struct worker_env *env, const struct call *call, const char *label,
    const struct decrypt_wish *wish, struct est_recipient *out, struct gh_error *err) GH_MUSTCHECK;
void est_recipient_clear(struct est_recipient *r); /* accepts an empty one */

/* May the key of a certificate encrypt or agree on keys, now? It is RSA or EC. The KeyUsage, where
 * there is one, must allow it. GH_E_BAD_REQUEST (public). */
int est_recipient_check(X509 *cert, struct gh_error *err) GH_MUSTCHECK;
/* What a certificate is called by: its SubjectKeyIdentifier, else what it would be by method 1 of
 * RFC 5280, 4.2.1.2, in own. *id points into cert or own; len 0: it has no key. */
void est_recipient_id(X509 *cert, unsigned char own[EST_KEY_ID_SIZE], struct gh_der *id);

#endif
