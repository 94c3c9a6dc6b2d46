/* A session key that this client made, wrapped for the transport key of a KRA: what goes to the KRA
 * is sealed under it, and what comes back is opened with it. docs/kra.md */
#ifndef KEY_SESSION_H
#define KEY_SESSION_H

#include "buf.h"
#include "json.h"
#include "signer/wrap/key_wrap.h"

#include "key_transport.h"

#define KEY_SESSION_ALGORITHM "AES-256-GCM" /* of all that is under it */
#define KEY_SESSION_SIZE 32                 /* bytes */

struct key_session {
	unsigned char key[KEY_SESSION_SIZE];
	unsigned char transport_id[KRA_KEY_ID_SIZE];
	struct gh_buf parts; /* of the wrapped key, which points into it */
	struct wrapped_key wrapped;
	struct gh_buf iv, cipher; /* what was sealed last */
};

/* is_release: for what comes back from the KRA, not for what goes there. */
int key_session_make(const struct key_transport *t, bool is_release, struct key_session *out,
    struct gh_error *err) GH_MUSTCHECK;
void key_session_clear(struct key_session *s); /* wipes */

/* Members "transport_key" and "session_key" of a body. */
int key_session_put(const struct key_session *s, gh_json *body, struct gh_error *err) GH_MUSTCHECK;
/* Seal a secret, and say it as a member: {"algorithm", "iv", "value"}. GH_E_VALIDATION: too long.
 */
int key_session_seal(struct key_session *s, const struct gh_der *secret, gh_json *body,
    const char *member, struct gh_error *err) GH_MUSTCHECK;
/* All of it at once, for a secret that goes to the KRA: both of the above, with "secret". */
int key_session_wrap(const struct key_transport *t, const struct gh_der *secret, gh_json *body,
    struct gh_error *err) GH_MUSTCHECK;

/* SHA-256 of a release in this form, under this session, as agents approve it. Of a PKCS#12 with
 * the password that was sealed last, and the friendlyName, or NULL. */
int key_session_digest(const struct key_session *s, enum kra_form form, const char *name,
    unsigned char out[KRA_RELEASE_DIGEST_SIZE], struct gh_error *err) GH_MUSTCHECK;

/* Append what "iv" and "value" of an answer hold under the key. out: secret. GH_E_BAD_JSON: it was
 * not sealed under it. */
int key_session_open(const unsigned char key[KEY_SESSION_SIZE], const gh_json *answer,
    struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

/* Base64 of octets as a member. */
int key_session_put_octets(gh_json *o, const char *name, const void *p, size_t len,
    struct gh_error *err) GH_MUSTCHECK;

#endif
