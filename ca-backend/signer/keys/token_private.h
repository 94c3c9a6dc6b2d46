/* What token.c and token_login.c share: the state, and the engine behind it. */
#ifndef SIGNER_TOKEN_PRIVATE_H
#define SIGNER_TOKEN_PRIVATE_H

#include <pthread.h>
#include <stdint.h>

#include <openssl/engine.h>
#include <openssl/ui.h>

#include "token.h"

/* Lives until token_stop: an EVP_PKEY that is marked points to it. */
struct token_key {
	struct token_key *next;
	char uri[SIGNER_KEY_URI_SIZE];
	unsigned char *spki; /* SubjectPublicKeyInfo, DER */
	int spki_len;
	EVP_PKEY *live;            /* the engine's; NULL = to be looked up */
	char text[256];            /* why it is unreachable; "" = it is not */
	int64_t seen_at, retry_at; /* gh_now_us: last seen; when unreachable, next look */
};

/* All of it under the lock; module and PIN are only read after the start. */
struct token {
	pthread_mutex_t lock;
	const char *module;
	char pin[TOKEN_PIN_MAX + 1];
	bool has_pin, is_pin_refused;
	UI_METHOD *no_questions;
	ENGINE *engine; /* NULL = not logged in */
	struct token_key *keys;
	unsigned n_keys;
	char text[256]; /* the last failure */
};
extern struct token token;

/* All of these with the lock held. */

/* What the module or the engine said, into token.text; and whether it refused the PIN. */
void token_note_errors(const char *what);
void token_disconnect(void);
/* The key of a URI, the engine's own; NULL with token.text. */
EVP_PKEY *token_load_uri(const char *uri);

#endif
