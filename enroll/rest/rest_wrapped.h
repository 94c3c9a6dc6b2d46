/*
 * What a client wrapped for the KRA, as members of a body:
 *     "transport_key":  id (SHA-256 of the SubjectPublicKeyInfo, hex); absent: the current one
 *     "session_key":    {"algorithm", "ephemeral", "value"}: wrapped for the transport key
 *     "secret", "password": {"algorithm", "iv", "value"}: wrapped under the session key
 * Octets are base64. What they hold is looked at by the KRA alone.
 */
#ifndef ENROLL_REST_WRAPPED_H
#define ENROLL_REST_WRAPPED_H

#include "signer/protocol/protocol_kra.h"

#include "rest_members.h"

struct rest_wrapped {
	struct kra_wrapping wrapping; /* transport_id: zero when transport_key is absent */
	struct gh_der iv, cipher;
	struct rest_octets octets;
};

/* Texts are borrowed from body. payload: "secret" or "password"; NULL: nothing is wrapped yet, and
 * the algorithm is that of "algorithm". */
void rest_wrapped_read(struct rest_fields *f, const gh_json *body, const char *payload,
    struct rest_wrapped *out);
/* "transport_key" alone. */
void rest_wrapped_transport(struct rest_fields *f, const gh_json *body,
    unsigned char id[KRA_KEY_ID_SIZE]);
void rest_wrapped_clear(struct rest_wrapped *w);

#endif
