/* The private key that the KRA made for a request, in the form in which its client gets it. */
#ifndef ENROLL_EST_MADE_KEY_H
#define ENROLL_EST_MADE_KEY_H

#include "formats/enroll_request.h"
#include "gateway_signer.h"

#include "est_recipient.h"

#define EST_PLAIN_KEY_TYPE "application/pkcs8"
/* RFC 8295, 8.1; RFC 7193, 2 */
#define EST_KEY_PACKAGE_TYPE \
	"application/cms; encapsulatingContent=\"encryptedKeyPkg, signedData\"; innerContent=aKeyPackage"
#define EST_PKCS12_TYPE "application/pkcs12"
#define EST_PROTECTED_KEY_TYPE "application/pkcs7-mime; smime-type=server-generated-key"

struct est_made_key {
	/* malloc'd; PrivateKeyInfo, PFX, or ContentInfo{EnvelopedData} or
	 * ContentInfo{EncryptedKeyPackage} */
	struct gh_der der;
	const char *type; /* static */
};
/* What names it, and its certificate. */
struct est_key_of {
	const unsigned char *mark; /* of the request: REPLAY_MARK_SIZE bytes */
	const struct cert_chain *chain;
};

/* As it is, for an answer that TLS protects. The errors of key_pkcs12. *out is empty after a
 * failure.
 */
int est_made_key_plain(const struct worker_env *env, const struct est_key_of *of,
    struct est_made_key *out, struct gh_error *err) GH_MUSTCHECK;
/* With its certificate, as PKCS#12 under the password of r, by the KRA. The same errors. */
int est_made_key_pkcs12(const struct worker_env *env, const struct est_key_of *of,
    const struct est_recipient *r, struct est_made_key *out, struct gh_error *err) GH_MUSTCHECK;
/* Signed by signer and encrypted for r, in the KRA: here it is never in the clear. wish: the one
 * that r was found for; it says in which of the two forms. The errors of key_envelope. */
int est_made_key_protected(const struct worker_env *env, const struct est_key_of *of,
    const struct decrypt_wish *wish, const struct est_recipient *r,
    const struct gateway_signer *signer, struct est_made_key *out,
    struct gh_error *err) GH_MUSTCHECK;
void est_made_key_clear(struct est_made_key *k); /* accepts an empty one; wipes */

#endif
