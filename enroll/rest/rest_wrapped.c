/* Wrapped keys and secrets in bodies. See rest_wrapped.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"

#include "rest_wrapped.h"

#define ALGORITHM_MAX 32     /* characters */
#define EPHEMERAL_MAX 1024   /* octets of a SubjectPublicKeyInfo */
#define WRAPPED_KEY_MAX 2048 /* octets: RSA-16384 */
#define IV_MAX 16            /* octets */
#define OVERHEAD 32          /* octets that wrapping adds to a secret */
#define ID_DIGITS (2 * KRA_KEY_ID_SIZE)

void
rest_wrapped_transport(struct rest_fields *f, const gh_json *body,
    unsigned char out[KRA_KEY_ID_SIZE])
{
	const char *text = rest_text(f, body, "transport_key", 0, ID_DIGITS, false);
	unsigned char *id = NULL;
	size_t n = 0;

	if (text == NULL)
		return;
	if (strlen(text) == ID_DIGITS && gh_hex_decode(text, ID_DIGITS, &id, &n, NULL) == 0)
		memcpy(out, id, KRA_KEY_ID_SIZE);
	else
		rest_field_wrong(f, "transport_key",
		    "The field transport_key must be the id of a transport key: %d hex digits.",
		    ID_DIGITS);
	free(id);
}

/* Which algorithms there are is the KRA's to know. */
static struct gh_der
read_algorithm(struct rest_fields *f, const gh_json *body, const char *name)
{
	const char *text = rest_text(f, body, name, 1, ALGORITHM_MAX, true);

	return (struct gh_der){(const unsigned char *)text, text != NULL ? strlen(text) : 0};
}

static void
read_session_key(struct rest_fields *f, const gh_json *body, struct rest_wrapped *out)
{
	static const char *const names[] = {"algorithm", "ephemeral", "value", NULL};

	rest_only(f, body, "session_key", names);
	out->wrapping.key_alg = read_algorithm(f, body, "session_key.algorithm");
	rest_base64(f, body, "session_key.ephemeral", 1, EPHEMERAL_MAX, false, &out->octets,
	    &out->wrapping.ephemeral);
	rest_base64(f, body, "session_key.value", 1, WRAPPED_KEY_MAX, true, &out->octets,
	    &out->wrapping.wrapped_key);
}

static void
read_payload(struct rest_fields *f, const gh_json *body, const char *payload,
    struct rest_wrapped *out)
{
	static const char *const names[] = {"algorithm", "iv", "value", NULL};
	char name[40];

	rest_only(f, body, payload, names);
	snprintf(name, sizeof(name), "%s.algorithm", payload);
	out->wrapping.payload_alg = read_algorithm(f, body, name);
	snprintf(name, sizeof(name), "%s.iv", payload);
	rest_base64(f, body, name, 1, IV_MAX, false, &out->octets, &out->iv);
	snprintf(name, sizeof(name), "%s.value", payload);
	rest_base64(f, body, name, 1, KRA_SECRET_MAX + OVERHEAD, true, &out->octets, &out->cipher);
}

void
rest_wrapped_read(struct rest_fields *f, const gh_json *body, const char *payload,
    struct rest_wrapped *out)
{
	memset(out, 0, sizeof(*out));
	rest_wrapped_transport(f, body, out->wrapping.transport_id);
	read_session_key(f, body, out);
	if (payload != NULL)
		read_payload(f, body, payload, out);
	else
		out->wrapping.payload_alg = read_algorithm(f, body, "algorithm");
}

void
rest_wrapped_clear(struct rest_wrapped *w)
{
	rest_octets_clear(&w->octets);
}
